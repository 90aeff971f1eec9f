//! The credentials of an unknown user: their number, the lengths of their ids, their transports.
//!
//! All of it is derived from a keyed hash of the user, so that it is the same after a restart, on every replica and
//! for every upstream, and reveals nothing.

use crate::base::hash_key::HashKey;
use crate::model::assertion::Descriptor;

/// A common kind of authenticator.
struct Authenticator {
    /// How many of 256 passkeys are of this kind.
    share: u16,
    /// The length of its ids, in bytes.
    length: usize,
    transports: &'static [&'static str],
}

/// The kinds by the lengths of their ids: synced passkeys of the two large platforms and of password managers,
/// device-bound passkeys, security keys.
const AUTHENTICATORS: [Authenticator; 5] = [
    Authenticator { share: 96, length: 20, transports: &["internal", "hybrid"] },
    Authenticator { share: 48, length: 16, transports: &["internal", "hybrid"] },
    Authenticator { share: 64, length: 32, transports: &["internal"] },
    Authenticator { share: 32, length: 64, transports: &["usb", "nfc"] },
    Authenticator { share: 16, length: 48, transports: &["usb"] },
];
/// How many of 256 users have one, two and three passkeys. The others have four.
const COUNTS: [u16; 3] = [160, 66, 22];

/// The credentials of a user.
pub(super) fn list(key: &HashKey, user: &[&[u8]], has_transports: bool) -> Vec<Descriptor<'static>> {
    let count = count(hashed(key, b"count", &[], user)[0]);
    (0..count).map(|index| credential(key, user, index, has_transports)).collect()
}

fn credential(key: &HashKey, user: &[&[u8]], index: u8, has_transports: bool) -> Descriptor<'static> {
    let authenticator = authenticator(hashed(key, b"sort", &[index], user)[0]);
    let blocks = (0..authenticator.length.div_ceil(32)).zip(0u8..);
    let mut id: Vec<u8> = blocks.flat_map(|(_, block)| hashed(key, b"id", &[index, block], user)).collect();
    id.truncate(authenticator.length);
    let transports = if has_transports { authenticator.transports } else { &[] };
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

fn authenticator(byte: u8) -> &'static Authenticator {
    let mut below = 0;
    let found = AUTHENTICATORS.iter().find(|one| {
        below += one.share;
        u16::from(byte) < below
    });
    found.unwrap_or(&AUTHENTICATORS[0])
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, HashSet};

    use base64::Engine as _;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;

    use crate::base::hash_key::HashSecret;
    use crate::features::decoys::KEY_LABEL;

    use super::*;

    fn key(secret: &str) -> HashKey {
        HashSecret::new(secret.repeat(32).into()).unwrap().derive(KEY_LABEL)
    }

    fn base64url(bytes: &[u8]) -> String {
        URL_SAFE_NO_PAD.encode(bytes)
    }

    #[test]
    fn a_list_depends_only_on_user_and_key() {
        let one = list(&key("a"), &[b"email", b"a@b.c"], true);
        assert_eq!(one, list(&key("a"), &[b"email", b"a@b.c"], true));
        assert_ne!(one, list(&key("b"), &[b"email", b"a@b.c"], true));
        assert_ne!(one, list(&key("a"), &[b"email", b"b@b.c"], true));
        let bare = list(&key("a"), &[b"email", b"a@b.c"], false);
        assert!(bare.iter().zip(&one).all(|(bare, one)| bare.id == one.id && bare.transports.is_empty()));
    }

    /// A list that changed with the version would reveal that it is a decoy.
    #[test]
    fn a_list_never_changes_between_versions() {
        let listed = list(&key("a"), &[b"email", b"user35@example.com"], true);
        let shown: Vec<_> =
            listed.iter().map(|one| (base64url(one.id.as_ref().unwrap()), one.transports.join(" "))).collect();
        let expected = [
            ("2zGtOLlIymm_JdBUsxnG7k8n8fwhlCkB-MNn9SM9YKTY7dulhPtyjimMwDXzQKLxAzbU5T_9gY8ooXizbI9VAQ", "usb nfc"),
            ("WE1sxa58StBpDyrLAlK7w528-yo", "internal hybrid"),
            ("poRXsEIfYQCS6jz4CSjpJN0nBZE", "internal hybrid"),
        ];
        assert_eq!(shown, expected.map(|(id, transports)| (id.to_owned(), transports.to_owned())));
    }

    #[test]
    fn numbers_and_lengths_have_their_frequencies() {
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
        for one in &AUTHENTICATORS {
            assert!(is_near(lengths[&one.length], total, one.share.into()), "{}: {lengths:?}", one.length);
        }
        assert_eq!((counts.len(), lengths.len()), (4, AUTHENTICATORS.len()));
        assert_eq!(AUTHENTICATORS.iter().map(|one| one.share).sum::<u16>(), 256);
    }
}
