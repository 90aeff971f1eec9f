//! Each dialect before an upstream of another provider, and what is asked of the two.

use kit::config::{route, upstream};
use kit::contract::{check_fault, check_response};
use kit::gateway::Gateway;
use kit::message::{Request, Response};
use kit::passkey::begin;
use kit::provider::Provider::{self, Apifox, Auth0, Flashback, Quiva, Streambird};

/// The provider that does a dialect's work.
pub(crate) fn upstream_of(dialect: Provider) -> Provider {
    if dialect == Quiva { Apifox } else { Quiva }
}

/// A config with a dialect before its upstream; `limits` are the upstream's.
pub(crate) fn tables(dialect: Provider, base_url: &str, limits: &str) -> String {
    let settings = match dialect {
        Quiva | Flashback => "",
        Streambird => "relax = [\"allow_credentials\"]\nset.user.email = \"{user.id}@example.com\"",
        Auth0 => "set.user.email = \"team@example.com\"\nfill.tokens = { type = \"Bearer\", expires_in = 3600 }",
        Apifox => concat!(
            "set.user.email = \"team@example.com\"\n",
            "fill.user = { id = \"{user.email}\", name = \"The team\", created_at = 1704067200 }\n",
            "fill.tokens = { expires_in = 3600, refresh_expires_in = 86400 }"
        ),
    };
    upstream("new", upstream_of(dialect), base_url, limits) + &route("main", dialect, "new", settings)
}

/// Options with a challenge of their own, as the upstream of a dialect writes them.
pub(crate) fn options(dialect: Provider) -> String {
    upstream_of(dialect).options_with(uuid::Uuid::new_v4().as_bytes()).text().to_owned()
}

/// Sends a request that must be refused like this, in the dialect's envelope.
pub(crate) async fn refuses(
    gateway: &Gateway,
    dialect: Provider,
    request: &Request,
    fault: &str,
    case: &str,
) -> Response {
    let answer = gateway.ask(request).await;
    assert_refused(gateway, dialect, &answer, fault, case).await;
    answer
}

/// Asserts that an answer is this refusal.
pub(crate) async fn assert_refused(gateway: &Gateway, dialect: Provider, answer: &Response, fault: &str, case: &str) {
    eprintln!("{}: {case}", dialect.id());
    check_fault(dialect, answer);
    let refused = gateway.refusal_of(answer).await;
    assert_eq!(refused.fault, fault, "{}: {case}: {refused:?}", dialect.id());
}

/// Asserts that the gateway goes on serving.
pub(crate) async fn serves(gateway: &Gateway, dialect: Provider) {
    check_response(dialect, "login.begin", &gateway.ask(&begin(dialect)).await);
}
