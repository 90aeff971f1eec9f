//! Descriptions of the allowed callers, for tools.

use crate::caller_auth::clients::Clients;
use crate::caller_auth::keys::ApiKeys;
use crate::caller_auth::users::UserTokens;
use crate::caller_auth::{Callers, VerifiedBy};
use crate::model::member::Member;
use crate::provider::template::message::Caller;

impl Callers {
    /// Describes the allowed callers of a kind.
    pub fn describe_kind(&self, kind: Caller) -> String {
        let counted = |count: usize, noun: &str| match count {
            1 => format!("the configured {noun}"),
            count => format!("one of {count} configured {noun}s"),
        };
        let described = match kind {
            Caller::Open => self.is_open.then(|| "anyone".to_owned()),
            Caller::Key => self.keys.as_ref().map(|keys| match keys {
                ApiKeys::Anyone => "any API key".to_owned(),
                ApiKeys::Listed(keys) => counted(keys.len(), "API key"),
            }),
            Caller::Client => self.clients.as_ref().map(|clients| match clients {
                Clients::Anyone => "any client".to_owned(),
                Clients::Listed(clients) => counted(clients.len(), "client"),
            }),
            Caller::User => self.users.as_ref().map(|users| match users {
                UserTokens::Upstream => "a user whose bearer token the upstream verifies".to_owned(),
                UserTokens::Jwt(_) => "a user whose bearer token the gateway verifies".to_owned(),
            }),
        };
        described.unwrap_or_else(|| "no caller".to_owned())
    }

    /// The members given by the claims of a user token.
    pub fn claim_members(&self) -> Vec<Member> {
        match &self.users {
            Some(UserTokens::Jwt(jwt)) => jwt.members().collect(),
            Some(UserTokens::Upstream) | None => Vec::new(),
        }
    }

    /// Which side verifies user tokens.
    pub fn user_verified_by(&self) -> VerifiedBy {
        if self.users_verified_by_upstream() { VerifiedBy::Upstream } else { VerifiedBy::Gateway }
    }
}
