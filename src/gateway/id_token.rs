//! Who an id token says signed in (OpenID Connect Core 1.0 section 2).
//!
//! The token came over the gateway's own connection to the upstream that was asked, so that the
//! connection vouches for it (section 3.1.3.7, point 6); its signature is for whoever gets it next.

use std::borrow::Cow;

use serde::Deserialize;

use crate::base::base64;
use crate::gateway::steps::build_upstream_request::put_absent;
use crate::model::member::Member;
use crate::model::record::Record;
use crate::model::value::Value;

#[derive(Deserialize)]
struct Claims {
    sub: Option<String>,
    email: Option<String>,
    name: Option<String>,
}

/// Adds what the answer's id token says of the user, where the answer itself says nothing.
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
