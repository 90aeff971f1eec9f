//! The user of an id token (OpenID Connect Core 1.0 section 2).
//!
//! The token comes from the upstream over the gateway's own TLS connection, which stands in for its signature
//! (section 3.1.3.7, point 6).

use std::borrow::Cow;

use serde::Deserialize;

use crate::base::base64;
use crate::model::member::Member;
use crate::model::record::{Record, put_absent};
use crate::model::value::Value;

#[derive(Deserialize)]
struct Claims {
    sub: Option<String>,
    email: Option<String>,
    name: Option<String>,
}

/// Adds the user of a response's id token, where the response itself does not name one.
pub(crate) fn complete(record: &mut dyn Record<'_>) {
    let claims = match record.value(Member::TokensId) {
        Some(Value::Text(token)) => read(&token),
        _ => None,
    };
    let Some(claims) = claims else { return };
    let members = [(Member::UserId, claims.sub), (Member::UserEmail, claims.email), (Member::UserName, claims.name)];
    for (member, text) in members {
        put_absent(record, member, text.filter(|text| !text.is_empty()).map(|text| Value::Text(Cow::Owned(text))));
    }
}

fn read(token: &str) -> Option<Claims> {
    let payload = token.split('.').nth(1)?;
    serde_json::from_slice(&base64::read(payload).ok()?).ok()
}
