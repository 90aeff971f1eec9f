//! Caller authentication: compiled at startup, checked for every request.
//!
//! The config of a route has a rule for each kind of caller that its dialect has. A refused caller gets only the
//! fault's default message; the reason is logged. Neither contains a credential, the value of a claim, or a key.
//! This module knows no routes. Start reading at [`Callers::admit`].

pub mod caller_settings;
mod claim_members;
mod claims;
mod clients;
mod compile_context;
mod digest;
pub(crate) mod fetched_keys;
mod finding;
mod jwt;
mod key_set;
mod keys;
mod kind_coverage;
mod token_keys;
mod users;

#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;

use std::fmt;
use std::future::Future;

use crate::base::diagnostic::Diagnostic;
use crate::caller_auth::caller_settings::CallerSettings;
use crate::caller_auth::clients::Clients;
pub use crate::caller_auth::compile_context::{CompileContext, Relation};
use crate::caller_auth::finding::Findings;
use crate::caller_auth::jwt::PendingToken;
use crate::caller_auth::keys::ApiKeys;
use crate::caller_auth::users::UserTokens;
use crate::model::fault::{Fault, Refusal};
use crate::model::member::Member;
use crate::model::record::Record;
use crate::model::value::Value;
use crate::provider::template::message::Caller;

/// The allowed callers of one route, shared by all workers.
#[derive(Debug)]
pub struct Callers {
    is_open: bool,
    keys: Option<ApiKeys>,
    clients: Option<Clients>,
    users: Option<UserTokens>,
}

/// A caller whose credentials were checked.
#[derive(Clone, PartialEq)]
pub struct AuthenticatedCaller {
    /// Members given by verified claims. Not every request has each of them.
    pub claims: Vec<(Member, Value<'static>)>,
    /// Which side verifies the credentials.
    pub verified_by: VerifiedBy,
    /// Whether it is a backend: it has sent a secret of its own. Its requests are those of many users, and it says who
    /// they are.
    pub is_backend: bool,
}

/// Which side verifies the caller's credentials.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum VerifiedBy {
    /// The gateway has verified them.
    Gateway,
    /// The upstream verifies the user's bearer token, so the token must be forwarded.
    Upstream,
}

/// The result of checking credentials without waiting.
enum CredentialCheck<'c> {
    Done { verified_by: VerifiedBy, is_backend: bool },
    Token(PendingToken<'c>),
}

impl Callers {
    /// Compiles the callers of a route. `needed` lists each kind of caller of the dialect with its operations.
    ///
    /// Each finding comes with its key below the route, such as `callers.key`, and has no position yet. After an
    /// error the route must not be served.
    pub fn compile(
        settings: &CallerSettings,
        needed: &[(Caller, Vec<&'static str>)],
        context: &CompileContext<'_>,
    ) -> (Self, Vec<(String, Diagnostic)>) {
        let mut findings = Findings::default();
        kind_coverage::check(settings, needed, context, &mut findings);
        let keys = settings.key.as_ref().map(|keys| ApiKeys::compile(keys, context.base, &mut findings));
        let clients = settings.client.as_ref().map(|clients| Clients::compile(clients, context.base, &mut findings));
        let users = settings.user.as_ref().and_then(|users| UserTokens::compile(users, context, &mut findings));
        (Self { is_open: settings.open.is_some(), keys, clients, users }, findings.into_vec())
    }

    /// Authenticates the caller of an operation that requires that kind of caller.
    ///
    /// The request is read before the returned future is polled, so the future does not borrow it.
    ///
    /// # Errors
    /// [`Fault::Unauthenticated`] if a credential is missing or wrong, [`Fault::Forbidden`] if the request names
    /// another user than the token, [`Fault::Internal`] if the keys that verify tokens cannot be fetched.
    pub fn admit<'c>(
        &'c self,
        kind: Caller,
        request: &dyn Record<'_>,
    ) -> impl Future<Output = Result<AuthenticatedCaller, Refusal>> + Send + use<'c> {
        let check = self.check_credentials(kind, request);
        async move {
            Ok(match check? {
                CredentialCheck::Done { verified_by, is_backend } => {
                    AuthenticatedCaller { claims: Vec::new(), verified_by, is_backend }
                }
                CredentialCheck::Token(token) => {
                    let claims = token.verify().await?;
                    AuthenticatedCaller { claims, verified_by: VerifiedBy::Gateway, is_backend: false }
                }
            })
        }
    }

    /// Whether the upstream verifies the tokens of its users, so that these name its own users.
    pub fn users_verified_by_upstream(&self) -> bool {
        matches!(self.users, Some(UserTokens::Upstream))
    }

    /// Whether every key set that verifies tokens is available; fetches one that never was.
    pub async fn ready(&self) -> bool {
        match &self.users {
            Some(UserTokens::Jwt(jwt)) => jwt.is_ready().await,
            Some(UserTokens::Upstream) | None => true,
        }
    }

    fn check_credentials(&self, kind: Caller, request: &dyn Record<'_>) -> Result<CredentialCheck<'_>, Refusal> {
        let not_configured = || Refusal::new(Fault::Forbidden, format!("`callers` has no `{}` entry", kind.name()));
        let is_backend = match kind {
            Caller::Open => self.is_open.then_some(false).ok_or_else(not_configured)?,
            Caller::Key => {
                self.keys.as_ref().ok_or_else(not_configured)?.admit(request)?;
                true
            }
            Caller::Client => self.clients.as_ref().ok_or_else(not_configured)?.admit(request)?,
            Caller::User => {
                let token = self.users.as_ref().ok_or_else(not_configured)?.admit(request)?;
                let by_upstream = CredentialCheck::Done { verified_by: VerifiedBy::Upstream, is_backend: false };
                return Ok(token.map_or(by_upstream, CredentialCheck::Token));
            }
        };
        Ok(CredentialCheck::Done { verified_by: VerifiedBy::Gateway, is_backend })
    }
}

// Not derived: the values of claims are personal data.
impl fmt::Debug for AuthenticatedCaller {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let members: Vec<_> = self.claims.iter().map(|(member, _)| member.name()).collect();
        formatter
            .debug_struct("AuthenticatedCaller")
            .field("claims", &members)
            .field("verified_by", &self.verified_by)
            .finish()
    }
}
