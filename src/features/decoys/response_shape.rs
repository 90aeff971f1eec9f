//! The members of an upstream's responses that are the same for all its users, learned from the last real response.
//!
//! Extensions are not learned, because they can name a user's credentials. Before the first real response the shape
//! has only defaults; the values of `fill` are in every response anyway.

use std::sync::{PoisonError, RwLock};

use aws_lc_rs::rand;
use uuid::Uuid;

use crate::model::assertion::CredentialAssertion;
use crate::model::fault::{Fault, Refusal};

/// The length of a challenge before one was seen, in bytes. WebAuthn 13.4.3 requires at least 16.
const DEFAULT_CHALLENGE_BYTES: usize = 32;
/// The longest challenge that is generated, in bytes.
const MAX_CHALLENGE_BYTES: usize = 128;

/// The shape of the last real response.
#[derive(Debug, Default)]
pub(crate) struct ResponseShape(RwLock<Option<Shape>>);

#[derive(Clone, Debug, PartialEq)]
struct Shape {
    challenge: usize,
    timeout: Option<i64>,
    rp_id: Option<String>,
    user_verification: Option<String>,
    hints: Vec<String>,
    mediation: Option<String>,
    has_transports: bool,
}

impl ResponseShape {
    /// Learns the shape of a real response.
    pub(super) fn learn(&self, options: &CredentialAssertion<'_>) {
        let own = |text: &Option<std::borrow::Cow<'_, str>>| text.as_deref().map(str::to_owned);
        let seen = Shape {
            challenge: options
                .challenge
                .as_deref()
                .map_or(DEFAULT_CHALLENGE_BYTES, <[u8]>::len)
                .clamp(16, MAX_CHALLENGE_BYTES),
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

    /// Whether real responses list transports. True until one was seen.
    pub(super) fn has_transports(&self) -> bool {
        self.0.read().unwrap_or_else(PoisonError::into_inner).as_ref().is_none_or(|seen| seen.has_transports)
    }

    /// A response of that shape, with a new challenge and a random session.
    ///
    /// # Errors
    /// `internal` if the system gives no randomness.
    pub(super) fn generate(&self) -> Result<CredentialAssertion<'static>, Refusal> {
        let seen = self.0.read().unwrap_or_else(PoisonError::into_inner).clone();
        let mut challenge = vec![0; seen.as_ref().map_or(DEFAULT_CHALLENGE_BYTES, |seen| seen.challenge)];
        rand::fill(&mut challenge).map_err(|_| Refusal::new(Fault::Internal, "the system gives no randomness"))?;
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
    fn generated_response_has_the_last_shape_without_its_user() {
        let shape = ResponseShape::default();
        let before = shape.generate().unwrap();
        assert_eq!((before.challenge.unwrap().len(), before.timeout, shape.has_transports()), (32, None, true));
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
        shape.learn(&real);
        let (one, other) = (shape.generate().unwrap(), shape.generate().unwrap());
        assert_ne!(one.challenge, other.challenge);
        assert_ne!(one.session, other.session);
        assert_eq!(one.challenge.as_ref().map(|challenge| challenge.len()), Some(20));
        assert_eq!((one.timeout, one.rp_id.as_deref(), one.hints.len()), (Some(60_000), Some("example.com"), 1));
        assert_eq!(
            (one.user_verification.as_deref(), one.mediation.as_deref()),
            (Some("required"), Some("conditional"))
        );
        assert_eq!((&one.user_id, &one.extensions, one.allow_credentials.len()), (&None, &None, 0));
        assert!(!shape.has_transports());
    }

    #[test]
    fn generated_challenge_has_a_bounded_length() {
        let shape = ResponseShape::default();
        for (seen, cast) in [(1, 16), (16, 16), (128, 128), (4096, 128)] {
            shape.learn(&CredentialAssertion { challenge: Some(vec![1; seen].into()), ..Default::default() });
            assert_eq!(shape.generate().unwrap().challenge.unwrap().len(), cast);
        }
    }
}
