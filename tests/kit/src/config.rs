//! Configs of the suites: one table per upstream and per route, and the secrets that they refer to.
//!
//! A secret is only in the environment of the gateway's process, where `env:NAME` finds it.

use jsonwebtoken::{EncodingKey, Header};
use serde_json::json;

use super::message::Request;
use super::provider::Provider;

/// Credentials of every kind.
#[derive(Clone, Copy, Debug)]
pub struct Credentials {
    pub key: &'static str,
    pub client_id: &'static str,
    pub client_secret: &'static str,
    pub user_token: &'static str,
}

/// The gateway's own credentials at its upstreams.
pub const OURS: Credentials = Credentials {
    key: "sk_live_ours_3141592653",
    client_id: "clientOfTheGateway",
    client_secret: "our-client-secret-2718281828",
    user_token: "our-user-token-1618033988",
};

/// A caller's credentials, as in the documented requests.
pub const CALLERS: Credentials = Credentials {
    key: "sk_test_fake0000000000000000",
    client_id: "fakeClientId0000",
    client_secret: "fake-client-secret",
    user_token: "fake-access-token",
};

/// The key of the callers' tokens.
pub const JWT_KEY: &str = "a-key-that-signs-the-callers-tokens";
const ISSUER: &str = "https://issuer.example/";
const AUDIENCE: &str = "https://api.example/";
/// The hash key of every replica.
pub const HASH_KEY: &str = "a-key-that-deals-users-to-upstreams";
/// The user of a caller's token.
pub const CALLING_USER: &str = "user_who_calls";

/// The environment of every gateway.
pub const ENVIRONMENT: &[(&str, &str)] = &[
    ("OUR_KEY", OURS.key),
    ("OUR_CLIENT_SECRET", OURS.client_secret),
    ("OUR_USER_TOKEN", OURS.user_token),
    ("CALLER_KEY", CALLERS.key),
    ("CALLER_SECRET", CALLERS.client_secret),
    ("CALLER_JWT_KEY", JWT_KEY),
    ("HASH_KEY", HASH_KEY),
];

/// Callers of kind `user`, authenticated by the gateway.
const BY_JWT: &str = concat!(
    r#"user = { jwt = { key = "env:CALLER_JWT_KEY", algorithms = ["HS256"], issuer = "https://issuer.example/", "#,
    r#"audience = "https://api.example/", claims = { "user.id" = "sub", "user.email" = "email" } } }"#
);
const BY_UPSTREAM: &str = r#"user = "upstream""#;

/// Listeners on free ports and a short drain; `more` goes into `[server]`.
pub fn server(more: &str) -> String {
    let admin = "[admin]\nlisten = \"127.0.0.1:0\"\n";
    format!("[server]\nlisten = \"127.0.0.1:0\"\nworkers = 2\ndrain_timeout_ms = 5000\n{more}\n{admin}")
}

/// `[upstreams.NAME]` for a provider, with the gateway's own credentials there.
pub fn upstream(name: &str, provider: Provider, base_url: &str, more: &str) -> String {
    let set = match provider {
        Provider::Quiva | Provider::Apifox => "",
        Provider::Flashback => "user.token = \"env:OUR_USER_TOKEN\"",
        Provider::Streambird => "client.key = \"env:OUR_KEY\"",
        Provider::Auth0 => "client.id = \"clientOfTheGateway\"\nclient.secret = \"env:OUR_CLIENT_SECRET\"",
    };
    format!("{}[upstreams.{name}.set]\n{set}\n", bare_upstream(name, provider, base_url, more))
}

/// The same for callers of the same provider's dialect: their own credentials are forwarded.
pub fn bare_upstream(name: &str, provider: Provider, base_url: &str, more: &str) -> String {
    format!("[upstreams.{name}]\nprovider = \"{}\"\nbase_url = \"{base_url}\"\n{more}\n", provider.id())
}

/// `[upstreams.own]`: the embedded relying party with its demo user.
pub const EMBEDDED: &str = r#"
[upstreams.own]
provider = "embedded"
rp_id    = "localhost"
origins  = ["http://localhost:8080"]
database = "own.db"
demo     = true
"#;

/// `[routes.NAME]` with callers authenticated by the gateway.
pub fn route(name: &str, dialect: Provider, upstream: &str, more: &str) -> String {
    route_called_by(name, dialect, upstream, &callers(dialect, BY_JWT), more)
}

/// The same for an upstream that authenticates users itself: embedded, or of the dialect's provider.
pub fn route_verified_by_upstream(name: &str, dialect: Provider, upstream: &str, more: &str) -> String {
    route_called_by(name, dialect, upstream, &callers(dialect, BY_UPSTREAM), more)
}

pub fn route_called_by(name: &str, dialect: Provider, upstream: &str, callers: &str, more: &str) -> String {
    format!(
        "[routes.{name}]\ndialect = \"{}\"\nupstream = \"{upstream}\"\nprefix = \"{}\"\ncallers = {{ {callers} }}\n{more}\n",
        dialect.id(),
        dialect.prefix(),
    )
}

fn callers(dialect: Provider, user: &str) -> String {
    match dialect {
        Provider::Quiva | Provider::Apifox => format!("open = \"anyone\", {user}"),
        Provider::Flashback => user.to_owned(),
        Provider::Streambird => "key = [\"env:CALLER_KEY\"]".to_owned(),
        Provider::Auth0 => format!("client = {{ {} = \"env:CALLER_SECRET\" }}, {user}", CALLERS.client_id),
    }
}

/// A valid token of [`CALLING_USER`].
pub fn caller_token() -> String {
    signed_token(JWT_KEY, CALLING_USER, 4_102_444_800)
}

/// A token signed with another key, for another user or for another time.
pub fn signed_token(key: &str, user: &str, expires: u64) -> String {
    let claims = json!({ "iss": ISSUER, "aud": AUDIENCE, "sub": user, "email": "caller@example.com", "exp": expires });
    jsonwebtoken::encode(&Header::default(), &claims, &EncodingKey::from_secret(key.as_bytes())).unwrap()
}

/// An expired token.
pub fn expired_token() -> String {
    signed_token(JWT_KEY, CALLING_USER, 1_000_000_000)
}

// ===== impl Credentials =====

impl Credentials {
    /// Whether a request of an operation has these credentials.
    pub fn are_in(&self, provider: Provider, operation: &str, request: &Request) -> bool {
        let bearer = request.field("authorization").and_then(|value| value.strip_prefix("Bearer "));
        let is_login = ["login.", "signup.", "session."].iter().any(|kind| operation.starts_with(kind));
        match provider {
            Provider::Quiva | Provider::Apifox if is_login => bearer.is_none(),
            Provider::Auth0 if is_login => {
                let content = request.json();
                content["client_id"] == self.client_id && content["client_secret"] == self.client_secret
            }
            Provider::Streambird => bearer == Some(self.key),
            Provider::Quiva | Provider::Apifox | Provider::Auth0 | Provider::Flashback => {
                bearer == Some(self.user_token)
            }
        }
    }

    /// Secrets that must not leak.
    pub fn secrets(&self) -> [&'static str; 3] {
        [self.key, self.client_secret, self.user_token]
    }
}
