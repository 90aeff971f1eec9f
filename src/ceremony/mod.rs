//! What ties a finish to its begin: the challenge.
//!
//! Every finish carries client data, and in it the challenge, whatever the dialect; so ceremonies are
//! kept under the challenge's own bytes. A ceremony is taken out once, and never found
//! after it expired.

pub mod memory;
mod shard;
mod stored_ceremony;

use std::hash::{Hash, Hasher};
use std::sync::Arc;

use aws_lc_rs::digest::{SHA256, digest};

use crate::model::member::Member;
use crate::model::operation::Operation;
use crate::model::record::{Record, text};

/// A ceremony that was begun and not finished.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ceremony {
    /// The config it was begun under: how often the config had been loaded.
    pub generation: u64,
    /// Whether the user must have been verified, whatever the upstream thinks of it.
    pub verify_user: bool,
    /// Whether nobody is there to finish it: its answer was made up.
    pub is_decoy: bool,
    /// The route it was begun on.
    pub route: Arc<str>,
    /// The upstream that issued the challenge.
    pub upstream: Arc<str>,
    /// The operation that began it.
    pub begun_by: Operation,
    /// The upstream's own handle of it.
    pub upstream_session: Option<Box<str>>,
    /// The handle the caller was given.
    pub caller_session: Option<Box<str>>,
    /// Whom the caller named.
    pub asked: Subject,
    /// Whom the upstream was told, and the other members it was told them with.
    pub told: Told,
    /// Who that is at the upstream, where an identity map says so, whether it could be told or not.
    pub expected: Subject,
    /// The user whose bearer began it; only that user may finish it.
    pub bearer_user: Option<Box<str>>,
    /// The user handles of the passkey that it makes, where the upstream's and the caller's may differ.
    pub handles: Option<Box<UserHandles>>,
}

/// The user handles of a passkey that is being made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UserHandles {
    /// The one that the upstream chose.
    pub upstream: Box<[u8]>,
    /// The one that the client was given; `None` where the dialect cannot tell it one.
    pub caller: Option<Box<[u8]>>,
    /// The relying party; empty where nobody says.
    pub rp_id: Box<str>,
}

/// A user, as one side names them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
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

    /// Whether it names nobody.
    pub fn is_nobody(&self) -> bool {
        self.id.is_none() && self.email.is_none()
    }

    /// Whether both name the same user: by one member that both have.
    pub fn agrees(&self, other: &Self) -> bool {
        let same_id = self.id.is_some() && self.id == other.id;
        let same_email = match (&self.email, &other.email) {
            (Some(one), Some(other)) => one.eq_ignore_ascii_case(other),
            _ => false,
        };
        same_id || same_email
    }

    /// Whether one member that both have differs.
    pub fn names_another(&self, other: &Self) -> bool {
        let id = matches!((&self.id, &other.id), (Some(one), Some(other)) if one != other);
        let email = matches!((&self.email, &other.email), (Some(one), Some(other)) if !one.eq_ignore_ascii_case(other));
        id || email
    }

    /// Whether both say something, and none of it agrees.
    pub fn contradicts(&self, other: &Self) -> bool {
        let both_id = self.id.is_some() && other.id.is_some();
        let both_email = self.email.is_some() && other.email.is_some();
        (both_id || both_email) && !self.agrees(other)
    }
}

/// What the upstream was told at the begin, and may want to hear again at the finish.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Told {
    /// The user.
    pub subject: Subject,
    /// The account.
    pub account: Option<Box<str>>,
    /// The organization.
    pub organization: Option<Box<str>>,
    /// The connection.
    pub connection: Option<Box<str>>,
}

/// The key of a ceremony: its challenge, or the SHA-256 of a longer one than most are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChallengeKey {
    /// Up to 32 bytes, filled up with zeros, and how many there are.
    Itself([u8; 32], u8),
    /// The SHA-256 of more.
    Digest([u8; 32]),
}

impl ChallengeKey {
    /// The key of a challenge.
    pub fn of(challenge: &[u8]) -> Self {
        let mut key = [0; 32];
        // Hashing would cost more than all the rest of keeping a ceremony.
        if let (Some(room), Ok(length)) = (key.get_mut(..challenge.len()), u8::try_from(challenge.len())) {
            room.copy_from_slice(challenge);
            return Self::Itself(key, length);
        }
        key.copy_from_slice(digest(&SHA256, challenge).as_ref());
        Self::Digest(key)
    }
}

impl Hash for ChallengeKey {
    fn hash<H: Hasher>(&self, state: &mut H) {
        let (Self::Itself(bytes, _) | Self::Digest(bytes)) = self;
        // In one piece, without a length and a variant before it: keys of the same bytes are hardly ever there.
        state.write(bytes);
    }
}

impl UserHandles {
    fn size(&self) -> usize {
        size_of::<Self>() + self.upstream.len() + self.caller.as_ref().map_or(0, |one| one.len()) + self.rp_id.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_challenges_have_one_key() {
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
