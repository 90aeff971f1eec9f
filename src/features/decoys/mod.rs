//! Decoys: generated responses for unknown users, so that a begin does not reveal which users exist (WebAuthn 14.6.2).
//!
//! The upstream is called in either case, and a decoy takes the path of a real response: its ceremony is stored, its
//! finish is sent and refused. Only the upstream's own response time can tell the difference.

mod list;
mod response_shape;

pub(crate) use response_shape::ResponseShape;

use crate::base::hash_key::{HashKey, HashSecret};
use crate::caller_auth::Relation;
use crate::ceremony::{Ceremony, Subject};
use crate::model::assertion::{CredentialAssertion, Descriptor};
use crate::model::fault::{Fault, Refusal};
use crate::model::member::Member;
use crate::model::message::{Request, Response};
use crate::model::operation::Operation;
use crate::model::record::Record;
use crate::model::user_verification::UserVerification;
use crate::model::value::Value;
use crate::relying_party::RelyingParty;

/// The label of the key that decoys are derived with.
const KEY_LABEL: &str = "decoy credentials";

/// How a backend generates decoys.
#[derive(Debug)]
pub struct Decoys {
    key: HashKey,
    /// Whether real responses list credentials.
    lists: bool,
    /// Whether a response without credentials means that the user is unknown.
    empty_is_unknown: bool,
    /// Members other than the user that identify users at the upstream.
    scope: Vec<Member>,
}

/// A begin or a finish on a route that hides which users exist.
pub(crate) struct DecoyContext<'o> {
    pub(crate) request: &'o Request<'o>,
    /// The user that the caller named.
    pub(crate) named: &'o Subject,
    /// The ceremony of a finish.
    pub(crate) ceremony: Option<&'o Ceremony>,
    pub(crate) relation: Relation,
    /// The embedded relying party, where the upstream is one.
    pub(crate) embedded: Option<&'o RelyingParty>,
    /// The shape of the upstream's real responses.
    pub(crate) shape: &'o ResponseShape,
    pub(crate) min_user_verification: Option<UserVerification>,
}

/// A response, and whether it is a decoy.
pub(crate) struct DecoyOutcome<'a> {
    pub(crate) response: Response<'a>,
    pub(crate) is_decoy: bool,
}

impl<'a> DecoyOutcome<'a> {
    /// A response of the upstream.
    pub(crate) fn real(response: Response<'a>) -> Self {
        Self { response, is_decoy: false }
    }
}

impl Decoys {
    /// Decoys keyed with the gateway's secret.
    pub fn new(secret: &HashSecret, lists: bool, empty_is_unknown: bool, scope: Vec<Member>) -> Self {
        Self { key: secret.derive(KEY_LABEL), lists, empty_is_unknown, scope }
    }

    /// Replaces the upstream's answer by a decoy where it reveals that the user is unknown.
    ///
    /// # Errors
    /// A refusal that does not reveal whether the user exists.
    pub(crate) fn apply<'a>(
        &self,
        context: &DecoyContext<'_>,
        answer: Result<Response<'a>, Refusal>,
    ) -> Result<DecoyOutcome<'a>, Refusal> {
        match context.request.operation() {
            Operation::LoginBegin if !context.named.is_nobody() => {
                // Generated in either case, so that both take the same time.
                let list = self.list(context);
                match answer {
                    Err(refusal) if refusal.fault == Fault::UnknownUser => generate(context, list),
                    Ok(response) if self.means_unknown(&response) => generate(context, list),
                    Ok(response) => {
                        if let Response::LoginBegin(options) = &response {
                            context.shape.learn(options);
                        }
                        Ok(DecoyOutcome::real(response))
                    }
                    Err(refusal) => Err(refusal),
                }
            }
            Operation::LoginFinish => match (context.ceremony.is_some_and(|ceremony| ceremony.is_decoy), answer) {
                (false, Ok(response)) => Ok(DecoyOutcome::real(response)),
                (true, Ok(_)) => Err(Refusal::new(Fault::AssertionRejected, "the ceremony is a decoy")),
                (_, Err(refusal)) => Err(indistinguishable(refusal, context.relation)),
            },
            _ => answer.map(DecoyOutcome::real),
        }
    }

    /// Whether an empty list means that the user is unknown.
    fn means_unknown(&self, response: &Response<'_>) -> bool {
        self.empty_is_unknown && response.record().count(Member::AllowCredentials) == 0
    }

    fn list(&self, context: &DecoyContext<'_>) -> Vec<Descriptor<'static>> {
        if !self.lists {
            return Vec::new();
        }
        let user = user(context.named, context.request.record(), &self.scope);
        let parts: Vec<&[u8]> = user.iter().map(String::as_bytes).collect();
        list::list(&self.key, &parts, context.shape.has_transports())
    }
}

fn generate(context: &DecoyContext<'_>, list: Vec<Descriptor<'static>>) -> Result<DecoyOutcome<'static>, Refusal> {
    tracing::debug!("decoy generated for an unknown user");
    let options = match context.embedded {
        Some(party) => {
            let strict = context.min_user_verification.map(|min| party.at_least(min));
            strict.as_ref().unwrap_or(party).begin_for_unknown_user()?
        }
        None => context.shape.generate()?,
    };
    let response = CredentialAssertion { allow_credentials: list, ..options };
    Ok(DecoyOutcome { response: Response::LoginBegin(Box::new(response)), is_decoy: true })
}

/// The members that identify a user. E-mail addresses compare case-insensitively, as everywhere.
fn user(named: &Subject, record: &dyn Record<'_>, scope: &[Member]) -> Vec<String> {
    let mut user = match (&named.id, &named.email) {
        (Some(id), _) => vec!["id".to_owned(), id.to_string()],
        (None, Some(email)) => vec!["email".to_owned(), email.to_lowercase()],
        (None, None) => Vec::new(),
    };
    for member in scope {
        if let Some(Value::Text(text)) = record.value(*member) {
            user.extend([member.name().to_owned(), text.into_owned()]);
        }
    }
    user
}

/// A rejected passkey gets the same answer whether the user exists or not.
fn indistinguishable(refusal: Refusal, relation: Relation) -> Refusal {
    match refusal.fault {
        Fault::AssertionRejected | Fault::ChallengeExpired | Fault::UnknownUser | Fault::NotFound => {
            Refusal::new(Fault::AssertionRejected, refusal.reason)
        }
        // The embedded relying party refuses it before it looks up the user.
        Fault::InvalidRequest if relation != Relation::Embedded => {
            Refusal::new(Fault::AssertionRejected, refusal.reason)
        }
        Fault::InvalidRequest
        | Fault::Unauthenticated
        | Fault::Forbidden
        | Fault::NotEnabled
        | Fault::Conflict
        | Fault::TooLarge
        | Fault::UnsupportedMediaType
        | Fault::MethodNotAllowed
        | Fault::RateLimited
        | Fault::Overloaded
        | Fault::UpstreamRefusedUs
        | Fault::UpstreamInvalid
        | Fault::UpstreamFailed
        | Fault::UpstreamUnavailable
        | Fault::UpstreamTimeout
        | Fault::IdentityUnavailable
        | Fault::Internal => refusal,
    }
}

#[cfg(test)]
mod tests;
