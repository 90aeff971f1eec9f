//! The serialized form of a ceremony, as a store keeps it.
//!
//! After the key come a version, the generation and the ceremony in the postcard format. The form is self-contained, so
//! that a store shared by several processes can keep the same bytes.

use crate::ceremony::{Ceremony, ChallengeKey, Subject};

/// Changes with the members of [`Ceremony`] and their order.
const VERSION: u8 = 1;
const KEY_LENGTH: usize = 33;
/// Where the ceremony starts.
const CEREMONY: usize = KEY_LENGTH + 1 + size_of::<u64>();

/// A serialized ceremony, after its key.
#[derive(Debug)]
pub(super) struct StoredCeremony(Box<[u8]>);

impl StoredCeremony {
    pub(super) fn new(key: ChallengeKey, ceremony: &Ceremony) -> Self {
        // A subject that was sent as requested is kept once.
        let sent = Some(&ceremony.sent.subject).filter(|sent| **sent != ceremony.requested);
        let record = (ceremony, sent);
        let size = postcard::experimental::serialized_size(&record).unwrap_or_default();
        let mut bytes = Vec::with_capacity(CEREMONY + size);
        bytes.extend(key_bytes(key));
        bytes.push(VERSION);
        bytes.extend(ceremony.generation.to_le_bytes());
        let bytes = postcard::to_extend(&record, bytes).expect("texts and flags can be serialized");
        Self(bytes.into_boxed_slice())
    }

    /// Whether it is the ceremony of that key.
    pub(super) fn has_key(&self, key: ChallengeKey) -> bool {
        self.0.starts_with(&key_bytes(key))
    }

    /// The generation of the config that it was begun under.
    pub(super) fn generation(&self) -> Option<u64> {
        let generation = self.0.get(KEY_LENGTH + 1..)?.first_chunk()?;
        Some(u64::from_le_bytes(*generation))
    }

    /// The upstream that issued its challenge.
    pub(super) fn upstream(&self) -> Option<&str> {
        postcard::take_from_bytes(self.serialized()?).ok().map(|(upstream, _)| upstream)
    }

    /// The ceremony, or `None` if the bytes cannot be read.
    pub(super) fn ceremony(&self) -> Option<Ceremony> {
        let (mut ceremony, sent): (Ceremony, Option<Subject>) = postcard::from_bytes(self.serialized()?).ok()?;
        ceremony.sent.subject = sent.unwrap_or_else(|| ceremony.requested.clone());
        Some(ceremony)
    }

    /// How many bytes of memory it holds.
    pub(super) fn size(&self) -> usize {
        self.0.len()
    }

    fn serialized(&self) -> Option<&[u8]> {
        self.0.get(CEREMONY..).filter(|_| self.0[KEY_LENGTH] == VERSION)
    }
}

fn key_bytes(key: ChallengeKey) -> [u8; KEY_LENGTH] {
    let (kind, bytes) = match key {
        ChallengeKey::Itself(bytes, length) => (length, bytes),
        ChallengeKey::Digest(bytes) => (u8::MAX, bytes),
    };
    let mut key = [kind; KEY_LENGTH];
    key[1..].copy_from_slice(&bytes);
    key
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ceremony::{SentToUpstream, UserHandles};
    use crate::model::operation::Operation;

    fn full() -> Ceremony {
        let text = |text: &str| Some(Box::from(text));
        let handles = UserHandles { upstream: [1].into(), caller: Some([2].into()), rp_id: "rp".into() };
        Ceremony {
            generation: 3,
            verify_user: true,
            is_decoy: true,
            route: "r".into(),
            upstream: "u".into(),
            begun_by: Operation::SignupBegin,
            upstream_session: text("a session"),
            caller_session: text(""),
            requested: Subject { id: text("named"), email: text("named@\u{fc}.example") },
            sent: SentToUpstream {
                subject: Subject { id: text("sent"), email: text("sent@b.example") },
                account: text("account"),
                organization: text("organization"),
                connection: text("connection"),
            },
            expected: Subject { id: text("expected"), email: text("expected@c.example") },
            bearer_user: text("bearer"),
            handles: Some(Box::new(handles)),
        }
    }

    fn stored(ceremony: &Ceremony) -> StoredCeremony {
        StoredCeremony::new(ChallengeKey::of(b"c"), ceremony)
    }

    #[test]
    fn ceremony_survives_the_round_trip() {
        let full = full();
        let sent = SentToUpstream { subject: full.requested.clone(), ..full.sent.clone() };
        let empty =
            Ceremony { requested: Subject::default(), sent: SentToUpstream::default(), handles: None, ..full.clone() };
        for ceremony in [
            full.clone(),
            Ceremony { sent, ..full.clone() },
            Ceremony { upstream_session: None, bearer_user: None, expected: Subject::default(), ..full },
            Ceremony { caller_session: None, verify_user: false, is_decoy: false, ..empty },
        ] {
            let stored = stored(&ceremony);
            assert_eq!((stored.generation(), stored.upstream()), (Some(3), Some("u")));
            assert_eq!(stored.ceremony(), Some(ceremony));
        }
    }

    #[test]
    fn unreadable_bytes_are_rejected() {
        let StoredCeremony(bytes) = stored(&full());
        for length in 0..bytes.len() {
            assert_eq!(StoredCeremony(bytes[..length].into()).ceremony(), None, "{length} bytes");
        }
        let mut later = bytes;
        later[KEY_LENGTH] = VERSION + 1;
        assert_eq!(StoredCeremony(later).ceremony(), None);
    }

    #[test]
    fn key_is_found_by_its_challenge_alone() {
        let stored = stored(&full());
        assert!(stored.has_key(ChallengeKey::of(b"c")) && !stored.has_key(ChallengeKey::of(b"c\0")));
    }
}
