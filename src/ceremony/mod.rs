//! The ceremony store: the state between a begin and its finish.
//!
//! Every finish has client data with the challenge, whatever the dialect, so the challenge is the key. A ceremony is
//! taken at most once, and not after it expires. This module must not know routes or providers. Start at
//! [`memory::Ceremonies`].

mod holders;
pub mod memory;
mod shard;
mod stored_ceremony;

use std::hash::{Hash, Hasher};
use std::sync::Arc;

use aws_lc_rs::digest::{SHA256, digest};
use serde::{Deserialize, Serialize};

pub use crate::ceremony::holders::{Holder, NotStored};
use crate::model::member::Member;
use crate::model::operation::Operation;
use crate::model::record::{Record, text};

/// A ceremony that has begun.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ceremony {
    /// The upstream that issued the challenge. The first member, because the stored form reads it alone.
    pub upstream: Arc<str>,
    /// The generation of the config that it was begun under.
    pub generation: u64,
    /// Whether the gateway requires user verification, whatever the upstream requires.
    pub verify_user: bool,
    /// Whether the begin was answered with a decoy, so that no finish succeeds.
    pub is_decoy: bool,
    /// The route it was begun on.
    pub route: Arc<str>,
    /// The operation that began it.
    pub begun_by: Operation,
    /// The upstream's session value.
    pub upstream_session: Option<Box<str>>,
    /// The session value sent to the caller.
    pub caller_session: Option<Box<str>>,
    /// The user that the caller named.
    pub requested: Subject,
    /// The members of the begin that were sent to the upstream.
    pub sent: SentToUpstream,
    /// The upstream's user by the identity map, whether it was sent or not.
    pub expected: Subject,
    /// The user whose bearer began it. Only that user may finish it.
    pub bearer_user: Option<Box<str>>,
    /// The user handles of the new passkey, if the upstream's and the caller's may differ.
    pub handles: Option<Box<UserHandles>>,
}

/// The user handles of a new passkey.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UserHandles {
    /// The upstream's.
    pub upstream: Box<[u8]>,
    /// The one sent to the client; `None` if the dialect has no member for it.
    pub caller: Option<Box<[u8]>>,
    /// The relying party; empty if unknown.
    pub rp_id: Box<str>,
}

/// A user, as one side names them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Subject {
    /// By identifier.
    pub id: Option<Box<str>>,
    /// By e-mail address.
    pub email: Option<Box<str>>,
}

impl Subject {
    /// The user that a record names.
    pub(crate) fn named_in(record: &dyn Record<'_>) -> Self {
        Self { id: text(record, Member::UserId), email: text(record, Member::UserEmail) }
    }

    /// Whether it names no user.
    pub fn is_nobody(&self) -> bool {
        self.id.is_none() && self.email.is_none()
    }

    /// Whether both name the same user by a member that both have.
    pub fn agrees(&self, other: &Self) -> bool {
        let same_id = self.id.is_some() && self.id == other.id;
        let same_email = match (&self.email, &other.email) {
            (Some(one), Some(other)) => one.eq_ignore_ascii_case(other),
            _ => false,
        };
        same_id || same_email
    }

    /// Whether a member that both have differs.
    pub fn names_another(&self, other: &Self) -> bool {
        let id = matches!((&self.id, &other.id), (Some(one), Some(other)) if one != other);
        let email = matches!((&self.email, &other.email), (Some(one), Some(other)) if !one.eq_ignore_ascii_case(other));
        id || email
    }

    /// Whether they share a member, and no shared member is equal.
    pub fn contradicts(&self, other: &Self) -> bool {
        let both_id = self.id.is_some() && other.id.is_some();
        let both_email = self.email.is_some() && other.email.is_some();
        (both_id || both_email) && !self.agrees(other)
    }
}

/// Members of the begin that were sent to the upstream, which a finish may need again.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SentToUpstream {
    /// The user. The stored form has it outside, because it often equals the requested one.
    #[serde(skip)]
    pub subject: Subject,
    /// The account.
    pub account: Option<Box<str>>,
    /// The organization.
    pub organization: Option<Box<str>>,
    /// The connection.
    pub connection: Option<Box<str>>,
}

/// The key of a ceremony: its challenge, or the SHA-256 of a challenge longer than 32 bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChallengeKey {
    /// A challenge of up to 32 bytes, padded with zeros, and its length.
    Itself([u8; 32], u8),
    /// The SHA-256 of a longer challenge.
    Digest([u8; 32]),
}

impl ChallengeKey {
    /// The key of a challenge.
    pub fn of(challenge: &[u8]) -> Self {
        let mut key = [0; 32];
        // Hashing costs more than storing the ceremony.
        if let (Some(start), Ok(length)) = (key.get_mut(..challenge.len()), u8::try_from(challenge.len())) {
            start.copy_from_slice(challenge);
            return Self::Itself(key, length);
        }
        key.copy_from_slice(digest(&SHA256, challenge).as_ref());
        Self::Digest(key)
    }
}

impl Hash for ChallengeKey {
    fn hash<H: Hasher>(&self, state: &mut H) {
        let (Self::Itself(bytes, _) | Self::Digest(bytes)) = self;
        // Without length and variant: keys that differ only in those are rare.
        state.write(bytes);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn different_challenges_have_different_keys() {
        let long = [7; 33];
        let digest = digest(&SHA256, &long);
        let all: [&[u8]; 6] = [&[], &[0], &[0, 0], &[7; 32], &long, digest.as_ref()];
        for (at, one) in all.iter().enumerate() {
            for other in &all[at + 1..] {
                assert_ne!(ChallengeKey::of(one), ChallengeKey::of(other));
            }
            assert_eq!(ChallengeKey::of(one), ChallengeKey::of(one));
        }
    }
}
