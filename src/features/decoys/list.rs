//! The credentials of a user who is not there: how many, how long their ids, how they are reached.
//!
//! All of it comes out of a keyed hash of the user and of nothing else, so that it is the same after a
//! restart, on every replica and before every upstream, and tells no more than noise.

use crate::base::hash_key::HashKey;
use crate::model::assertion::Descriptor;

/// A kind of passkey that people have.
struct Sort {
    /// Of 256 passkeys so many.
    share: u16,
    /// The length of its ids, in bytes.
    length: usize,
    transports: &'static [&'static str],
}

/// The sorts there are, as the lengths of ids go that are seen in the wild: synced passkeys of the two large
/// platforms and of password managers, passkeys of one computer, security keys.
const SORTS: [Sort; 5] = [
    Sort { share: 96, length: 20, transports: &["internal", "hybrid"] },
    Sort { share: 48, length: 16, transports: &["internal", "hybrid"] },
    Sort { share: 64, length: 32, transports: &["internal"] },
    Sort { share: 32, length: 64, transports: &["usb", "nfc"] },
    Sort { share: 16, length: 48, transports: &["usb"] },
];
/// Of 256 users so many have one, two, three passkeys; the others have four.
const COUNTS: [u16; 3] = [160, 66, 22];

/// The credentials of a user.
pub(super) fn list(key: &HashKey, user: &[&[u8]], has_transports: bool) -> Vec<Descriptor<'static>> {
    let count = count(hashed(key, b"count", &[], user)[0]);
    (0..count).map(|index| credential(key, user, index, has_transports)).collect()
}

fn credential(key: &HashKey, user: &[&[u8]], index: u8, has_transports: bool) -> Descriptor<'static> {
    let sort = sort(hashed(key, b"sort", &[index], user)[0]);
    let blocks = (0..sort.length.div_ceil(32)).zip(0u8..);
    let mut id: Vec<u8> = blocks.flat_map(|(_, block)| hashed(key, b"id", &[index, block], user)).collect();
    id.truncate(sort.length);
    let transports = if has_transports { sort.transports } else { &[] };
    Descriptor {
        id: Some(id.into()),
        r#type: Some("public-key".into()),
        transports: transports.iter().map(|name| (*name).into()).collect(),
    }
}

fn hashed(key: &HashKey, what: &[u8], which: &[u8], user: &[&[u8]]) -> [u8; 32] {
    let parts: Vec<&[u8]> = [what, which].into_iter().chain(user.iter().copied()).collect();
    key.hash(&parts)
}

fn count(byte: u8) -> u8 {
    let mut below = 0;
    let found = COUNTS.iter().zip(1u8..).find(|(share, _)| {
        below += **share;
        u16::from(byte) < below
    });
    found.map_or(4, |(_, count)| count)
}

fn sort(byte: u8) -> &'static Sort {
    let mut below = 0;
    let found = SORTS.iter().find(|sort| {
        below += sort.share;
        u16::from(byte) < below
    });
    found.unwrap_or(&SORTS[0])
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, HashSet};

    use base64::Engine as _;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;

    use crate::base::hash_key::HashSecret;
    use crate::features::decoys::PURPOSE;

    use super::*;

    fn key(secret: &str) -> HashKey {
        HashSecret::new(secret.repeat(32).into()).unwrap().derive(PURPOSE)
    }

    fn base64url(bytes: &[u8]) -> String {
        URL_SAFE_NO_PAD.encode(bytes)
    }

    #[test]
    fn it_depends_on_user_and_key_and_on_nothing_else() {
        let one = list(&key("a"), &[b"email", b"a@b.c"], true);
        assert_eq!(one, list(&key("a"), &[b"email", b"a@b.c"], true));
        assert_ne!(one, list(&key("b"), &[b"email", b"a@b.c"], true));
        assert_ne!(one, list(&key("a"), &[b"email", b"b@b.c"], true));
        let bare = list(&key("a"), &[b"email", b"a@b.c"], false);
        assert!(bare.iter().zip(&one).all(|(bare, one)| bare.id == one.id && bare.transports.is_empty()));
    }

    /// Whoever saw a user's list change with the program would know that it was made up.
    #[test]
    fn what_was_answered_once_is_answered_by_every_version() {
        let listed = list(&key("a"), &[b"email", b"user35@example.com"], true);
        let told: Vec<_> =
            listed.iter().map(|one| (base64url(one.id.as_ref().unwrap()), one.transports.join(" "))).collect();
        let expected = [
            ("2zGtOLlIymm_JdBUsxnG7k8n8fwhlCkB-MNn9SM9YKTY7dulhPtyjimMwDXzQKLxAzbU5T_9gY8ooXizbI9VAQ", "usb nfc"),
            ("WE1sxa58StBpDyrLAlK7w528-yo", "internal hybrid"),
            ("poRXsEIfYQCS6jz4CSjpJN0nBZE", "internal hybrid"),
        ];
        assert_eq!(told, expected.map(|(id, transports)| (id.to_owned(), transports.to_owned())));
    }

    #[test]
    fn what_one_user_has_is_as_rare_as_it_should_be() {
        let (mut counts, mut lengths, mut ids) = (BTreeMap::new(), BTreeMap::new(), HashSet::new());
        let key = key("a");
        let users = 20_000;
        for number in 0..users {
            let credentials = list(&key, &[b"id", format!("user {number}").as_bytes()], true);
            *counts.entry(credentials.len()).or_insert(0) += 1;
            for credential in credentials {
                let id = credential.id.unwrap().into_owned();
                *lengths.entry(id.len()).or_insert(0) += 1;
                assert!(ids.insert(id), "no two ids are the same");
                assert_eq!(credential.r#type.as_deref(), Some("public-key"));
                assert!(!credential.transports.is_empty());
            }
        }
        let total: i32 = lengths.values().sum();
        let is_near = |found: i32, of: i32, share: i32| (found * 256 - of * share).abs() < of * 6;
        for (count, share) in [(1, 160), (2, 66), (3, 22), (4, 8)] {
            assert!(is_near(counts[&count], users, share), "{count}: {counts:?}");
        }
        for sort in &SORTS {
            assert!(is_near(lengths[&sort.length], total, sort.share.into()), "{}: {lengths:?}", sort.length);
        }
        assert_eq!((counts.len(), lengths.len()), (4, SORTS.len()));
        assert_eq!(SORTS.iter().map(|sort| sort.share).sum::<u16>(), 256);
    }
}
