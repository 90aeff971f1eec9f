//! Who may call a route: checked at startup, enforced on every request.
//!
//! A route answers for each kind of caller its dialect has. A caller that is refused reads the
//! fault's own message, whatever was wrong with its credentials; the log reads a reason, and neither
//! reads a credential, a claim's value or a key.

mod answers;
mod claim_members;
mod claims;
mod clients;
mod digest;
pub(crate) mod fetched_keys;
mod finding;
mod jwt;
mod key_set;
mod keys;
pub mod settings;
mod token_keys;
mod users;

#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::fmt;
use std::future::Future;
use std::path::Path;

use crate::base::diagnostic::Diagnostic;
use crate::caller_auth::clients::Clients;
use crate::caller_auth::fetched_keys::KeySets;
use crate::caller_auth::finding::Findings;
use crate::caller_auth::jwt::Presented;
use crate::caller_auth::keys::Keys;
use crate::caller_auth::settings::CallerSettings;
use crate::caller_auth::users::Users;
use crate::model::fault::{Fault, Refusal};
use crate::model::member::Member;
use crate::model::record::Record;
use crate::model::value::Value;
use crate::provider::template::message::Caller;

/// Who may call one route. One value serves all workers, also on runtimes of their own.
#[derive(Debug)]
pub struct Callers {
    is_open: bool,
    keys: Option<Keys>,
    clients: Option<Clients>,
    users: Option<Users>,
}

/// What a route's answers are checked against.
#[derive(Clone, Copy, Debug)]
pub struct CompileContext<'a> {
    /// Where a relative `file:` begins: the folder of the config.
    pub base: &'a Path,
    /// The name of the dialect, for diagnostics.
    pub dialect: &'a str,
    /// How the upstream stands to the dialect.
    pub relation: Relation,
    /// The key sets that routes share.
    pub(crate) key_sets: &'a KeySets,
}

/// How a route's upstream stands to the route's dialect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Relation {
    /// The upstream is our own relying party, whose tokens it knows.
    Embedded,
    /// The upstream is of the provider whose dialect is spoken.
    SameProvider,
    /// The upstream knows nothing of the dialect's tokens.
    AnotherProvider,
}

/// A caller that is let in.
#[derive(Clone, PartialEq)]
pub struct Admission {
    /// What verified claims say. Not every request has each of these members.
    pub claims: Vec<(Member, Value<'static>)>,
    /// Who has the last word.
    pub judge: Judge,
}

/// Who judges the caller's credentials.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Judge {
    /// The gateway has judged them.
    Gateway,
    /// The upstream must be given the user's bearer token, and judges it.
    Upstream,
}

// ===== impl Callers =====

impl Callers {
    /// Checks the answers of a route. `needed` has each kind of caller that the operations of the
    /// dialect have, and those operations.
    ///
    /// Each finding stands with its key below the route, such as `callers.key`, and has no place
    /// yet. After an error the route must not be served; it would refuse the callers concerned.
    pub fn compile(
        settings: &CallerSettings,
        needed: &[(Caller, Vec<&'static str>)],
        context: &CompileContext<'_>,
    ) -> (Self, Vec<(String, Diagnostic)>) {
        let mut findings = Findings::default();
        answers::check(settings, needed, context, &mut findings);
        let keys = settings.key.as_ref().map(|keys| Keys::compile(keys, context.base, &mut findings));
        let clients = settings.client.as_ref().map(|clients| Clients::compile(clients, context.base, &mut findings));
        let users = settings.user.as_ref().and_then(|users| Users::compile(users, context, &mut findings));
        (Self { is_open: settings.open.is_some(), keys, clients, users }, findings.into_vec())
    }

    /// Lets the caller of an operation of that kind in, or says why not.
    ///
    /// The request is read before the first wait, so it need not be shared between threads.
    ///
    /// # Errors
    /// [`Fault::Unauthenticated`] where a credential is missing or wrong, [`Fault::Forbidden`] where
    /// the request names another user than the token, [`Fault::Internal`] where the keys that verify
    /// tokens cannot be had.
    pub fn admit<'c>(
        &'c self,
        kind: Caller,
        request: &dyn Record<'_>,
    ) -> impl Future<Output = Result<Admission, Refusal>> + Send + use<'c> {
        let asked = self.ask(kind, request);
        async move {
            match asked? {
                Asked::Done(judge) => Ok(Admission { claims: Vec::new(), judge }),
                Asked::Token(token) => Ok(Admission { claims: token.verify().await?, judge: Judge::Gateway }),
            }
        }
    }

    /// Whether the upstream judges its users' tokens, so that these name its own users.
    pub fn are_judged_by_upstream(&self) -> bool {
        matches!(self.users, Some(Users::Upstream))
    }

    /// Whether every key set that verifies tokens is there; fetches one that never was.
    pub async fn ready(&self) -> bool {
        match &self.users {
            Some(Users::Jwt(jwt)) => jwt.is_ready().await,
            Some(Users::Upstream) | None => true,
        }
    }

    fn ask(&self, kind: Caller, request: &dyn Record<'_>) -> Result<Asked<'_>, Refusal> {
        let unanswered = || Refusal::new(Fault::Forbidden, format!("nothing says who may call as `{}`", kind.name()));
        match kind {
            Caller::Open => self.is_open.then_some(()).ok_or_else(unanswered)?,
            Caller::Key => self.keys.as_ref().ok_or_else(unanswered)?.admit(request)?,
            Caller::Client => self.clients.as_ref().ok_or_else(unanswered)?.admit(request)?,
            Caller::User => {
                let token = self.users.as_ref().ok_or_else(unanswered)?.admit(request)?;
                return Ok(token.map_or(Asked::Done(Judge::Upstream), Asked::Token));
            }
        }
        Ok(Asked::Done(Judge::Gateway))
    }
}

/// What can be said of a caller without waiting.
enum Asked<'c> {
    Done(Judge),
    Token(Presented<'c>),
}

// By hand: the values of claims are personal.
impl fmt::Debug for Admission {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let members: Vec<_> = self.claims.iter().map(|(member, _)| member.name()).collect();
        formatter.debug_struct("Admission").field("claims", &members).field("judge", &self.judge).finish()
    }
}

fn unauthenticated(reason: impl Into<Cow<'static, str>>) -> Refusal {
    Refusal::new(Fault::Unauthenticated, reason)
}
