//! Whom a route takes, in words, and what it would know of them.

use crate::caller_auth::clients::Clients;
use crate::caller_auth::keys::Keys;
use crate::caller_auth::users::Users;
use crate::caller_auth::{Callers, Judge};
use crate::model::member::Member;
use crate::provider::template::message::Caller;

impl Callers {
    /// Whom it takes as callers of a kind, in words.
    pub fn taken(&self, kind: Caller) -> String {
        let counted = |count: usize, noun: &str| match count {
            1 => format!("the {noun} of the config"),
            count => format!("one of the {count} {noun}s of the config"),
        };
        match kind {
            Caller::Open if self.is_open => Some("anyone".to_owned()),
            Caller::Open => None,
            Caller::Key => self.keys.as_ref().map(|keys| match keys {
                Keys::Anyone => "anyone with an API key".to_owned(),
                Keys::These(known) => counted(known.len(), "API key"),
            }),
            Caller::Client => self.clients.as_ref().map(|clients| match clients {
                Clients::Anyone => "any client".to_owned(),
                Clients::These(known) => counted(known.len(), "client"),
            }),
            Caller::User => self.users.as_ref().map(|users| match users {
                Users::Upstream => "a user whose bearer token the upstream judges".to_owned(),
                Users::Jwt(_) => "a user whose bearer token the gateway verifies".to_owned(),
            }),
        }
        .unwrap_or_else(|| "nobody".to_owned())
    }

    /// The members that the token of a user gives.
    pub fn claimed(&self) -> Vec<Member> {
        match &self.users {
            Some(Users::Jwt(jwt)) => jwt.members().collect(),
            Some(Users::Upstream) | None => Vec::new(),
        }
    }

    /// Who judges the token of a user.
    pub fn judge(&self) -> Judge {
        match &self.users {
            Some(Users::Upstream) => Judge::Upstream,
            Some(Users::Jwt(_)) | None => Judge::Gateway,
        }
    }
}
