//! What an upstream's real answers have beside the challenge and the credentials, which are the same for all
//! its users: seen in the last real one, and cast again for users who are not there.
//!
//! Extensions are not taken over: they may name one user's credentials. Before the first real answer there is
//! nothing to see; what `fill` gives is in every answer anyway.

use std::sync::{PoisonError, RwLock};

use aws_lc_rs::rand;
use uuid::Uuid;

use crate::model::assertion::CredentialAssertion;
use crate::model::fault::{Fault, Refusal};

/// A challenge has so many bytes, where none was seen (WebAuthn 13.4.3 asks for 16 at least).
const CHALLENGE: usize = 32;
/// A challenge is cast no longer than this, in bytes.
const LONGEST: usize = 128;

/// What was seen last.
#[derive(Debug, Default)]
pub(super) struct ResponseShape(RwLock<Option<Seen>>);

#[derive(Clone, Debug, PartialEq)]
struct Seen {
    challenge: usize,
    timeout: Option<i64>,
    rp_id: Option<String>,
    user_verification: Option<String>,
    hints: Vec<String>,
    mediation: Option<String>,
    has_transports: bool,
}

impl ResponseShape {
    /// Takes the form of a real answer.
    pub(super) fn learn(&self, options: &CredentialAssertion<'_>) {
        let own = |text: &Option<std::borrow::Cow<'_, str>>| text.as_deref().map(str::to_owned);
        let seen = Seen {
            challenge: options.challenge.as_deref().map_or(CHALLENGE, <[u8]>::len).clamp(16, LONGEST),
            timeout: options.timeout,
            rp_id: own(&options.rp_id),
            user_verification: own(&options.user_verification),
            hints: options.hints.iter().map(|hint| hint.as_ref().to_owned()).collect(),
            mediation: own(&options.mediation),
            has_transports: options.allow_credentials.iter().any(|credential| !credential.transports.is_empty()),
        };
        if self.0.read().unwrap_or_else(PoisonError::into_inner).as_ref() != Some(&seen) {
            *self.0.write().unwrap_or_else(PoisonError::into_inner) = Some(seen);
        }
    }

    /// Whether real answers say how a credential is reached; before one was seen, they may.
    pub(super) fn has_transports(&self) -> bool {
        self.0.read().unwrap_or_else(PoisonError::into_inner).as_ref().is_none_or(|seen| seen.has_transports)
    }

    /// An answer of that form, with a challenge of its own and a handle that nobody gave out.
    ///
    /// # Errors
    /// `internal` where there is no randomness.
    pub(super) fn cast(&self) -> Result<CredentialAssertion<'static>, Refusal> {
        let seen = self.0.read().unwrap_or_else(PoisonError::into_inner).clone();
        let mut challenge = vec![0; seen.as_ref().map_or(CHALLENGE, |seen| seen.challenge)];
        rand::fill(&mut challenge).map_err(|_| Refusal::new(Fault::Internal, "there is no randomness"))?;
        let session = Some(Uuid::new_v4().to_string().into());
        let options = CredentialAssertion { challenge: Some(challenge.into()), session, ..Default::default() };
        let Some(seen) = seen else { return Ok(options) };
        Ok(CredentialAssertion {
            timeout: seen.timeout,
            rp_id: seen.rp_id.map(Into::into),
            user_verification: seen.user_verification.map(Into::into),
            hints: seen.hints.into_iter().map(Into::into).collect(),
            mediation: seen.mediation.map(Into::into),
            ..options
        })
    }
}

#[cfg(test)]
mod tests {
    use crate::model::assertion::Descriptor;

    use super::*;

    #[test]
    fn what_is_cast_has_the_form_of_the_last_real_answer_and_nothing_of_its_user() {
        let mould = ResponseShape::default();
        let before = mould.cast().unwrap();
        assert_eq!((before.challenge.unwrap().len(), before.timeout, mould.has_transports()), (32, None, true));
        let real = CredentialAssertion {
            challenge: Some(vec![1; 20].into()),
            timeout: Some(60_000),
            rp_id: Some("example.com".into()),
            session: Some("a handle".into()),
            user_id: Some("ada".into()),
            extensions: Some("{\"prf\":{}}".into()),
            hints: vec!["hybrid".into()],
            user_verification: Some("required".into()),
            mediation: Some("conditional".into()),
            allow_credentials: vec![Descriptor::default()],
        };
        mould.learn(&real);
        let (one, other) = (mould.cast().unwrap(), mould.cast().unwrap());
        assert_ne!(one.challenge, other.challenge);
        assert_ne!(one.session, other.session);
        assert_eq!(one.challenge.as_ref().map(|challenge| challenge.len()), Some(20));
        assert_eq!((one.timeout, one.rp_id.as_deref(), one.hints.len()), (Some(60_000), Some("example.com"), 1));
        assert_eq!(
            (one.user_verification.as_deref(), one.mediation.as_deref()),
            (Some("required"), Some("conditional"))
        );
        assert_eq!((&one.user_id, &one.extensions, one.allow_credentials.len()), (&None, &None, 0));
        assert!(!mould.has_transports());
    }

    #[test]
    fn a_challenge_is_cast_within_bounds_whatever_an_upstream_sends() {
        let mould = ResponseShape::default();
        for (seen, cast) in [(1, 16), (16, 16), (128, 128), (4096, 128)] {
            mould.learn(&CredentialAssertion { challenge: Some(vec![1; seen].into()), ..Default::default() });
            assert_eq!(mould.cast().unwrap().challenge.unwrap().len(), cast);
        }
    }
}
