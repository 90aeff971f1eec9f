//! An assertion that no authenticator signed.
//!
//! Its client data has the begin's challenge and its bytes are known, so a test can assert what arrives. Its
//! signature is invalid: an imitated provider verifies nothing.

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use super::config::{CALLERS, caller_token};
use super::message::Request;
use super::provider::{Begun, Provider};

/// The credential's id, chosen to have `-` and `_` in base64url.
pub const ID: &str = "8PHy8_T19vf4-fr7_P3-_wABAgMEBQYHCAkKCwwNDg8";
const AUTHENTICATOR_DATA: &str = "SZYN5YgOjGh0NBcPZHZgW4_krrmihjLHmVzzuoMdl2MFAAAAAQ";
const SIGNATURE: &str =
    "MEQCIBERERERERERERERERERERERERERERERERERERERERERAiAiIiIiIiIiIiIiIiIiIiIiIiIiIiIiIiIiIiIiIiIiIg";
const USER_HANDLE: &str = "--__AAECAwQFBgcICQoLDA";

/// The client data of an assertion, in base64url.
pub fn client_data(challenge: &[u8]) -> String {
    let challenge = BASE64_URL_SAFE_NO_PAD.encode(challenge);
    let text = format!(
        r#"{{"type":"webauthn.get","challenge":"{challenge}","origin":"http://localhost:8080","crossOrigin":false}}"#
    );
    BASE64_URL_SAFE_NO_PAD.encode(text)
}

/// An assertion over a challenge, as browsers write it.
pub fn assertion(challenge: &[u8]) -> Value {
    json!({
        "id": ID,
        "rawId": ID,
        "type": "public-key",
        "authenticatorAttachment": "platform",
        "response": {
            "clientDataJSON": client_data(challenge),
            "authenticatorData": AUTHENTICATOR_DATA,
            "signature": SIGNATURE,
            "userHandle": USER_HANDLE,
        },
        "clientExtensionResults": {},
    })
}

/// The documented begin of a dialect, as its caller sends it.
pub fn begin(dialect: Provider) -> Request {
    let request = Request::fixture(dialect, "login.begin").with_prefix(dialect.prefix());
    match dialect {
        Provider::Flashback => request.with_field("authorization", &format!("Bearer {}", caller_token())),
        Provider::Quiva | Provider::Streambird | Provider::Auth0 | Provider::Apifox => request,
    }
}

/// A dialect's finish of a begun login.
pub fn finish(dialect: Provider, begun: &Begun) -> Request {
    finish_with(dialect, &assertion(&begun.challenge), begun.session.as_deref())
}

/// A dialect's finish with this credential and session handle.
pub fn finish_with(dialect: Provider, credential: &Value, session: Option<&str>) -> Request {
    let request = Request::fixture(dialect, "login.finish").with_prefix(dialect.prefix());
    let request = request.with_json(&finish_content(dialect, credential, session));
    match dialect {
        Provider::Flashback => request.with_field("authorization", &format!("Bearer {}", caller_token())),
        Provider::Quiva | Provider::Streambird | Provider::Auth0 | Provider::Apifox => request,
    }
}

/// The content of a finish, with only the members that the dialect's documents require.
pub fn finish_content(dialect: Provider, credential: &Value, session: Option<&str>) -> Value {
    match dialect {
        Provider::Quiva => json!({ "credential": credential.to_string() }),
        Provider::Flashback => {
            let mut documented = credential.clone();
            let members = documented.as_object_mut().unwrap();
            members.retain(|name, _| !matches!(name.as_str(), "authenticatorAttachment" | "clientExtensionResults"));
            json!({ "mfaType": "PASSKEY", "credential": documented })
        }
        Provider::Streambird => json!({ "public_key_credential": credential }),
        Provider::Auth0 => json!({
            "grant_type": "urn:okta:params:oauth:grant-type:webauthn",
            "client_id": CALLERS.client_id,
            "client_secret": CALLERS.client_secret,
            "auth_session": session,
            "authn_response": credential,
        }),
        Provider::Apifox => json!({ "response": credential.to_string(), "session_id": session }),
    }
}
