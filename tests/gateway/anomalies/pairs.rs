//! Each dialect before an upstream of another provider, and assertions about them.

use crate::matrix::pairs::Pair;
use kit::contract::{check_fault, check_response};
use kit::gateway::Gateway;
use kit::message::{Request, Response};
use kit::passkey::begin;
use kit::provider::Provider::{self, Apifox, Quiva};

/// The provider that serves a dialect.
pub(crate) fn upstream_of(dialect: Provider) -> Provider {
    if dialect == Quiva { Apifox } else { Quiva }
}

/// A config with a dialect before its upstream; `limits` are the upstream's.
pub(crate) fn tables(dialect: Provider, base_url: &str, limits: &str) -> String {
    Pair { dialect, upstream: upstream_of(dialect) }.config(base_url, limits)
}

/// Options with a new challenge, as the upstream of a dialect writes them.
pub(crate) fn options(dialect: Provider) -> String {
    upstream_of(dialect).options_with(uuid::Uuid::new_v4().as_bytes()).text().to_owned()
}

/// Sends a request that must be refused with this fault, in the dialect's envelope.
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

/// Asserts that the gateway still serves.
pub(crate) async fn serves(gateway: &Gateway, dialect: Provider) {
    check_response(dialect, "login.begin", &gateway.ask(&begin(dialect)).await);
}
