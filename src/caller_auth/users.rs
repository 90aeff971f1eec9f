//! End users with a bearer token, judged by the gateway or left to the upstream.
//!
//! Only an upstream that can know the token may judge it: one of another provider would be handed a
//! stranger's token, and would refuse it.

use crate::base::diagnostic::Diagnostic;
use crate::caller_auth::answers::USER_BY_JWT;
use crate::caller_auth::finding::Findings;
use crate::caller_auth::jwt::{Jwt, Presented};
use crate::caller_auth::settings::{self, ByUpstream};
use crate::caller_auth::{CompileContext, Relation, unauthenticated};
use crate::model::fault::Refusal;
use crate::model::member::Member;
use crate::model::record::Record;
use crate::model::value::Value;

/// Who judges the token.
#[derive(Debug)]
pub(super) enum Users {
    Upstream,
    Jwt(Box<Jwt>),
}

impl Users {
    pub(super) fn compile(
        users: &settings::Users,
        context: &CompileContext<'_>,
        findings: &mut Findings,
    ) -> Option<Self> {
        match (users, context.relation) {
            (settings::Users::Jwt { jwt }, _) => {
                Jwt::compile(jwt, context, findings).map(|jwt| Self::Jwt(Box::new(jwt)))
            }
            (settings::Users::Upstream(ByUpstream::Upstream), Relation::Embedded | Relation::SameProvider) => {
                Some(Self::Upstream)
            }
            (settings::Users::Upstream(ByUpstream::Upstream), Relation::AnotherProvider) => {
                let dialect = context.dialect;
                let message = format!(
                    "the upstream is neither embedded nor one of `{dialect}`, so it cannot judge the tokens of `{dialect}`"
                );
                let remedy = format!("let the gateway verify them: `{USER_BY_JWT}`");
                findings.push("callers.user", Diagnostic::error(message).label("this answer").remedy(remedy));
                None
            }
        }
    }

    /// The token to verify, or `None` where the upstream will judge it.
    pub(super) fn admit(&self, request: &dyn Record<'_>) -> Result<Option<Presented<'_>>, Refusal> {
        let Some(Value::Text(token)) = request.value(Member::UserToken) else {
            return Err(unauthenticated("there is no bearer token"));
        };
        match self {
            Self::Upstream => Ok(None),
            Self::Jwt(jwt) => Ok(Some(jwt.present(&token, request))),
        }
    }
}
