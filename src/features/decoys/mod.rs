//! Made-up answers for users who are not there, so that a begin tells nobody who is (WebAuthn 14.6.2).
//!
//! The upstream is asked in either case, and a made-up answer goes the way of a real one: a ceremony is kept
//! for it, and its finish is sent and refused. Only what the upstream itself takes longer for shows.

mod list;
mod response_shape;

use std::sync::Arc;

use crate::base::hash_key::{HashKey, HashSecret};
use crate::caller_auth::Relation;
use crate::ceremony::{Ceremony, Subject};
use crate::features::decoys::response_shape::ResponseShape;
use crate::gateway::context::RequestContext;
use crate::gateway::pipeline::Gateway;
use crate::gateway::steps::call_upstream::Worker;
use crate::model::assertion::{CredentialAssertion, Descriptor};
use crate::model::fault::{Fault, Refusal};
use crate::model::member::Member;
use crate::model::message::{Request, Response};
use crate::model::operation::Operation;
use crate::model::record::Record;
use crate::model::user_verification::UserVerification;
use crate::model::value::Value;
use crate::routes::Route;

/// What the key for decoys is derived under.
const PURPOSE: &str = "decoy credentials";

/// How one way of a route answers for users who are not there.
#[derive(Debug)]
pub struct Decoys {
    key: HashKey,
    mould: ResponseShape,
    /// Whether real answers list credentials.
    pub(crate) lists: bool,
    /// Whether an answer without credentials lets nobody sign in, and so says that nobody is there.
    pub(crate) empty_is_nobody: bool,
    /// Members beside the user that the upstream is told, and by which it may know users apart.
    pub(crate) scope: Vec<Member>,
}

/// A begin or a finish that a private route was asked for.
pub(crate) struct DecoyContext<'o> {
    pub(crate) request: &'o Request<'o>,
    /// Whom the caller named.
    pub(crate) named: &'o Subject,
    /// Of a finish.
    pub(crate) begun: Option<&'o Ceremony>,
    pub(crate) relation: Relation,
    pub(crate) worker: &'o Worker,
    /// The least user verification.
    pub(crate) least: Option<UserVerification>,
}

/// An answer, and whether it was made up.
pub(crate) struct DecoyOutcome<'a> {
    pub(crate) response: Response<'a>,
    pub(crate) is_decoy: bool,
}

impl Gateway {
    /// What becomes of an upstream's answer, where callers shall not learn who is there.
    ///
    /// # Errors
    /// See [`Decoys::settle`].
    pub(crate) fn settle<'r>(
        &self,
        asked: &RequestContext<'_>,
        way: &Route,
        named: impl FnOnce() -> Subject,
        begun: Option<&Ceremony>,
        answer: Result<Response<'r>, Refusal>,
    ) -> Result<DecoyOutcome<'r>, Refusal> {
        let decoys = way.decoys.as_deref().filter(|_| asked.stands_in || begun.is_some());
        let Some(decoys) = decoys else { return answer.map(|response| DecoyOutcome { response, is_decoy: false }) };
        let request = &asked.request;
        let (relation, worker, least) = (way.relation, &self.workers[way.upstream], way.verification);
        decoys.settle(&DecoyContext { request, named: &named(), begun, relation, worker, least }, answer)
    }
}

impl Decoys {
    /// Decoys keyed with the gateway's secret.
    pub fn new(secret: &HashSecret, lists: bool, empty_is_nobody: bool, scope: Vec<Member>) -> Arc<Self> {
        Arc::new(Self { key: secret.derive(PURPOSE), mould: ResponseShape::default(), lists, empty_is_nobody, scope })
    }

    /// What is made of the upstream's answer: as it is, or one made up in its place.
    ///
    /// # Errors
    /// A refusal that tells nobody who is there.
    pub(crate) fn settle<'a>(
        &self,
        occasion: &DecoyContext<'_>,
        answer: Result<Response<'a>, Refusal>,
    ) -> Result<DecoyOutcome<'a>, Refusal> {
        let real = |response| DecoyOutcome { response, is_decoy: false };
        match occasion.request.operation() {
            Operation::LoginBegin if !occasion.named.is_nobody() => {
                // Made in either case, so that it takes as long.
                let list = self.list(occasion);
                match answer {
                    Err(refusal) if refusal.fault == Fault::UnknownUser => self.made_up(occasion, list),
                    Ok(response) if self.is_for_nobody(&response) => self.made_up(occasion, list),
                    Ok(response) => {
                        if let Response::LoginBegin(options) = &response {
                            self.mould.learn(options);
                        }
                        Ok(real(response))
                    }
                    Err(refusal) => Err(refusal),
                }
            }
            Operation::LoginFinish => match (occasion.begun.is_some_and(|begun| begun.is_decoy), answer) {
                (false, Ok(response)) => Ok(real(response)),
                (true, Ok(_)) => Err(Refusal::new(Fault::AssertionRejected, "nobody began this ceremony")),
                (_, Err(refusal)) => Err(alike(refusal, occasion.relation)),
            },
            _ => answer.map(real),
        }
    }

    /// Whether an answer says by an empty list that nobody is there.
    fn is_for_nobody(&self, response: &Response<'_>) -> bool {
        self.empty_is_nobody && response.record().count(Member::AllowCredentials) == 0
    }

    fn made_up(
        &self,
        occasion: &DecoyContext<'_>,
        list: Vec<Descriptor<'static>>,
    ) -> Result<DecoyOutcome<'static>, Refusal> {
        tracing::debug!("a user who is not there was answered with decoys");
        let options = match occasion.worker {
            Worker::Embedded(party, _) => {
                let strict = occasion.least.map(|least| party.at_least(least));
                strict.as_ref().unwrap_or(party).begin_for_unknown_user()?
            }
            Worker::Http(_) => self.mould.cast()?,
        };
        let response = CredentialAssertion { allow_credentials: list, ..options };
        Ok(DecoyOutcome { response: Response::LoginBegin(Box::new(response)), is_decoy: true })
    }

    fn list(&self, occasion: &DecoyContext<'_>) -> Vec<Descriptor<'static>> {
        if !self.lists {
            return Vec::new();
        }
        let user = user(occasion.named, occasion.request.record(), &self.scope);
        let parts: Vec<&[u8]> = user.iter().map(String::as_bytes).collect();
        list::list(&self.key, &parts, self.mould.has_transports())
    }
}

/// What a user is known by: e-mail addresses are the same user's in any case, as they are everywhere here.
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

/// Whatever is wrong with a passkey, the caller is told the same, whether there is a user or not.
fn alike(refusal: Refusal, relation: Relation) -> Refusal {
    match refusal.fault {
        Fault::AssertionRejected | Fault::ChallengeExpired | Fault::UnknownUser | Fault::NotFound => {
            Refusal::new(Fault::AssertionRejected, refusal.reason)
        }
        // The embedded relying party says so before it looks who is there.
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
