//! Requests explained without an upstream call: answered locally, refused, passed through, or known only in part.

use std::fs;

use crate::explain::{CONFIG, fixture, to_host};
use crate::program::{Folder, Ran, run};
use kit::config::ENVIRONMENT;
use kit::provider::Provider::{self, Apifox, Quiva};

/// Passthrough targets at the old provider, and a route that a web page may call.
const MORE: &str = r#"
"seen.example"        = "https://old.provider.example"
"other.quiva.example" = "https://old.provider.example"

[routes.seen]
dialect  = "quiva"
upstream = "own"
hosts    = ["seen.example"]
callers  = { open = "anyone", user = "upstream" }
unknown_ceremonies = "pass"
cors     = { origins = ["https://app.example"] }
user_verification = "required"

[routes.claimed]
dialect  = "quiva"
upstream = "own"
hosts    = ["claimed.example"]
callers  = { open = "anyone", user = { jwt = { key = "env:CALLER_JWT_KEY", algorithms = ["HS256"], issuer = "https://issuer.example/", audience = "https://api.example/", claims = { "user.id" = "sub" } } } }
"#;
const SECOND: &str = r#"
[routes.quiva_own.rules.beta]
upstream = "second"
when     = { account = ["acme"] }
[upstreams.second]
provider = "embedded"
rp_id    = "localhost"
origins  = ["http://localhost:8080"]
database = "second.db"
"#;

const MAPPED: &str = r#"
[identity.users]
file     = "users.csv"
caller   = { "user.email" = "email" }
upstream = { "user.id" = "new_id" }
[upstreams.mapped]
provider = "streambird"
base_url = "https://api.streambird.example"
identity = "users"
set.client.key = "env:OUR_KEY"
[routes.mapped]
dialect  = "quiva"
upstream = "mapped"
hosts    = ["mapped.example"]
callers  = { open = "anyone", user = { jwt = { key = "env:CALLER_JWT_KEY", algorithms = ["HS256"], issuer = "https://issuer.example/", audience = "https://api.example/", claims = { "user.id" = "sub", "user.email" = "email" } } } }
set.rp_id = "example.com"
"#;

pub(crate) fn explain(more: &str, request: &str) -> Ran {
    let folder = Folder::with_config(&format!("{CONFIG}{more}"));
    run(folder.path(), &["explain"], ENVIRONMENT, request)
}

#[track_caller]
pub(crate) fn assert_shows(ran: &Ran, code: i32, words: &[&str]) {
    assert_eq!((ran.code, ran.stderr.as_str()), (code, ""), "{ran:?}");
    for word in words {
        assert!(squeezed(&ran.stdout).contains(&squeezed(word)), "{word} is not in {}", ran.stdout);
    }
}

/// A text with single spaces, so that the width of a column does not matter.
pub(crate) fn squeezed(text: &str) -> String {
    text.split(' ').filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ")
}

pub(crate) fn of(provider: Provider, operation: &str, host: &str) -> String {
    to_host(&fixture(provider, operation), host, provider.prefix())
}

pub(crate) fn get(path: &str, host: &str) -> String {
    format!("GET {path} HTTP/1.1\nhost: {host}\n")
}

#[test]
fn issuer_documents_are_served_only_for_its_hosts() {
    let document = "a document of the gateway's own token issuer";
    for path in ["/.well-known/jwks.json", "/.well-known/openid-configuration"] {
        assert_shows(&explain("", &get(path, "own.quiva.example")), 3, &[document]);
        for (path, host) in [(path, "other.quiva.example"), ("/.well-known/x", "own.quiva.example")] {
            let ran = explain("", &get(path, host));
            assert_shows(&ran, 3, &["no route matches"]);
            assert!(!ran.stdout.contains(document), "{}", ran.stdout);
        }
    }
}

#[test]
fn preflight_is_answered_for_allowed_origins() {
    let asks = |host: &str| {
        format!(
            "OPTIONS /accounts/begin-auth-with-passkey HTTP/1.1\nhost: {host}\norigin: https://app.example\n\
             access-control-request-method: POST\n"
        )
    };
    let words = "a CORS preflight, answered from the route's `cors`";
    assert_shows(&explain(MORE, &asks("seen.example")), 3, &[words]);
    let ran = explain(MORE, &asks("own.quiva.example"));
    assert_shows(&ran, 3, &["expects method POST, the request has OPTIONS"]);
    assert!(!ran.stdout.contains(words), "{}", ran.stdout);
}

#[test]
fn oversized_or_malformed_request_does_not_pass_through() {
    let large = format!("{{\"email\":\"{}\"}}", "a".repeat(70_000));
    for (content, fault) in [(large.as_str(), "too_large as 413"), ("{\"email\":7}", "invalid_request as 400")] {
        let request = format!("POST /accounts/begin-auth-with-passkey HTTP/1.1\nhost: seen.example\n\n{content}");
        assert_shows(&explain(MORE, &request), 1, &["the gateway refuses the request", fault]);
    }
    let broken = of(Quiva, "login.finish", "own.quiva.example").replace("eyJ", "AAA");
    assert_shows(&explain(MORE, &broken), 1, &["the gateway refuses the request", "invalid_request as 400"]);
}

#[test]
fn unmatched_request_is_shown_without_its_query() {
    let ran = explain("", &get("/accounts?key=hunter2", "nowhere.example"));
    assert_shows(&ran, 3, &["GET /accounts?..."]);
    assert!(!ran.stdout.contains("hunter2"), "{}", ran.stdout);
}

#[test]
fn refresh_goes_to_the_tokens_issuer() {
    let (there, passes) =
        (|host| of(Quiva, "session.refresh", host), "the request passes through unchanged to https://old");
    assert_shows(&explain(MORE, &there("seen.example")), 3, &[passes]);
    assert_shows(&explain(MORE, &there("other.quiva.example")), 3, &[passes]);
    let ours = "{\"auth_token\":\"x\",\"refresh_token\":\"pbr_x\"}";
    let head = there("own.quiva.example");
    let ours = format!("{}\n\n{ours}", head.split_once("\n\n").unwrap().0);
    let kept = "a secret of the service that issued it";
    assert_shows(&explain(MORE, &ours), 0, &["session.refresh: dialect quiva", "the upstream is called", kept]);
    let several = "the upstream that issued the refresh token is called, `own` or `second`; shown for `own`";
    assert_shows(&explain(SECOND, &ours), 0, &[several]);
    let by_issuer = "the route's issuer refreshes the tokens, and the upstream is not called";
    assert_shows(&explain(MORE, &of(Apifox, "session.refresh", "other.apifox.example")), 0, &[by_issuer]);
}

#[test]
fn mapped_user_is_shown_as_a_placeholder() {
    let folder = Folder::with_config(&format!("{CONFIG}{MAPPED}"));
    fs::write(folder.path().join("users.csv"), "email,new_id\nuser@example.com,user_7\n").unwrap();
    let ran = run(folder.path(), &["explain"], ENVIRONMENT, &of(Quiva, "login.begin", "mapped.example"));
    assert_shows(&ran, 0, &["<user from the identity map>"]);
    assert!(!ran.stdout.contains("user_7"), "the map is not queried: {}", ran.stdout);
}

#[test]
fn runtime_only_state_is_reported_as_unknown() {
    let finish = |host| of(Quiva, "login.finish", host);
    let (passes, unverified) =
        ("a finish whose begin the gateway did not see passes through", "which is missing: the caller gets `assertion");
    // The flags have user presence only, without user verification.
    let bare = finish("seen.example").replace("TclQFAAAA", "TclQBAAAA");
    assert_shows(&explain(MORE, &bare), 0, &[passes, unverified, "the ceremony is not known offline"]);
    assert!(!explain(MORE, &finish("seen.example")).stdout.contains(unverified));
    let ran = explain(MORE, &finish("own.quiva.example"));
    assert_shows(&ran, 0, &["the ceremony is not known offline"]);
    assert!(!ran.stdout.contains(passes) && !ran.stdout.contains(unverified), "{}", ran.stdout);
    let claimed = of(Quiva, "registration.begin", "claimed.example");
    assert_shows(&explain(MORE, &claimed), 0, &["<user.id of the token>", "the caller's token"]);
    let registration = of(Quiva, "registration.begin", "own.quiva.example");
    assert_shows(
        &explain(SECOND, &registration),
        0,
        &["the upstream that issued the bearer token is called, `own` or `second`"],
    );
}
