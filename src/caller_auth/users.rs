//! End users with a bearer token, which the gateway or the upstream verifies.
//!
//! Only an upstream of the same provider can verify a token: another provider would be sent a foreign token and
//! would refuse it.

use crate::base::diagnostic::Diagnostic;
use crate::caller_auth::caller_settings::{ByUpstream, UserSettings};
use crate::caller_auth::compile_context::{CompileContext, Relation};
use crate::caller_auth::finding::Findings;
use crate::caller_auth::jwt::{Jwt, PendingToken};
use crate::caller_auth::kind_coverage::USER_BY_JWT;
use crate::model::fault::Refusal;
use crate::model::member::Member;
use crate::model::record::Record;
use crate::model::value::Value;

/// How user tokens are verified.
#[derive(Debug)]
pub(super) enum UserTokens {
    Upstream,
    Jwt(Box<Jwt>),
}

impl UserTokens {
    pub(super) fn compile(users: &UserSettings, context: &CompileContext<'_>, findings: &mut Findings) -> Option<Self> {
        match (users, context.relation) {
            (UserSettings::Jwt { jwt }, _) => Jwt::compile(jwt, context, findings).map(|jwt| Self::Jwt(Box::new(jwt))),
            (UserSettings::Upstream(ByUpstream::Upstream), Relation::Embedded | Relation::SameProvider) => {
                Some(Self::Upstream)
            }
            (UserSettings::Upstream(ByUpstream::Upstream), Relation::AnotherProvider) => {
                let dialect = context.dialect;
                let message = format!("an upstream of another provider cannot verify tokens of `{dialect}`");
                let remedy = format!("let the gateway verify them: `{USER_BY_JWT}`");
                findings.push("callers.user", Diagnostic::error(message).label("this value").remedy(remedy));
                None
            }
        }
    }

    /// The token to verify, or `None` if the upstream verifies it.
    pub(super) fn admit(&self, request: &dyn Record<'_>) -> Result<Option<PendingToken<'_>>, Refusal> {
        let Some(Value::Text(token)) = request.value(Member::UserToken) else {
            return Err(Refusal::unauthenticated("the bearer token is missing"));
        };
        match self {
            Self::Upstream => Ok(None),
            Self::Jwt(jwt) => Ok(Some(jwt.present(&token, request))),
        }
    }
}
