//! One client that sends too many requests, and clients that do not.

use crate::anomalies::pairs::{options, refuses, tables};
use kit::caller::Caller;
use kit::contract::check_response;
use kit::gateway::Gateway;
use kit::message::Request;
use kit::passkey::begin;
use kit::provider::Provider::{self, Apifox, Auth0, Flashback, Quiva, Streambird};
use kit::rogue::{Reaction, Rogue};

const TRUSTED: &str = "trusted_proxies = [\"127.0.0.0/8\"]";
const NOISY: &str = "203.0.113.7";
const POLITE: &str = "203.0.113.8";

/// A gateway behind a trusted proxy, and its upstream.
struct Neighbourhood {
    dialect: Provider,
    gateway: Gateway,
    rogue: Rogue,
}

impl Neighbourhood {
    async fn with(dialect: Provider, server: &str, rates: &str) -> Self {
        let rogue = Rogue::start(Reaction::answers(options(dialect))).await;
        let tables = tables(dialect, &rogue.base_url(), "") + "[limits.rates]\n" + rates;
        Self { dialect, gateway: Gateway::start_with(server, &tables).await, rogue }
    }

    fn begin_from(&self, address: &str) -> Request {
        begin(self.dialect).with_field("x-forwarded-for", address)
    }

    async fn serves(&self, address: &str) {
        self.rogue.does(Reaction::answers(options(self.dialect)));
        let answer = self.gateway.ask(&self.begin_from(address)).await;
        check_response(self.dialect, "login.begin", &answer);
    }

    async fn refuses(&self, address: &str, case: &str) {
        let answer = refuses(&self.gateway, self.dialect, &self.begin_from(address), "rate_limited", case).await;
        let seconds: u64 = answer.field("retry-after").expect("it says when to retry").parse().unwrap();
        assert!((1..=60).contains(&seconds), "{answer:?}");
    }
}

#[tokio::test]
async fn device_over_its_rate_is_refused_and_another_address_is_served() {
    for dialect in [Quiva, Apifox, Flashback] {
        let neighbourhood = Neighbourhood::with(dialect, TRUSTED, "address = 2\n").await;
        neighbourhood.serves(NOISY).await;
        neighbourhood.serves(NOISY).await;
        neighbourhood.refuses(NOISY, "third request").await;
        neighbourhood.refuses(&format!("{POLITE}, {NOISY}"), "another address in front").await;
        neighbourhood.serves(POLITE).await;
        assert_eq!(neighbourhood.rogue.requests().len(), 3);
    }
}

#[tokio::test]
async fn backend_is_limited_by_its_credential_at_any_address() {
    for dialect in [Streambird, Auth0] {
        let neighbourhood = Neighbourhood::with(dialect, TRUSTED, "address = 1\ncredential = 2\n").await;
        neighbourhood.serves(NOISY).await;
        neighbourhood.serves(POLITE).await;
        neighbourhood.refuses(POLITE, "third request").await;
    }
}

#[tokio::test]
async fn named_user_is_refused_only_at_the_address_that_sends_too_many() {
    let neighbourhood = Neighbourhood::with(Quiva, TRUSTED, "user_and_address = 1\n").await;
    neighbourhood.serves(NOISY).await;
    neighbourhood.refuses(NOISY, "same user").await;
    neighbourhood.serves(POLITE).await;
}

#[tokio::test]
async fn operation_has_a_rate_of_its_own() {
    let rates = "operations = { \"login.begin\" = 1 }\n";
    for dialect in [Quiva, Streambird] {
        let neighbourhood = Neighbourhood::with(dialect, TRUSTED, rates).await;
        neighbourhood.serves(NOISY).await;
        neighbourhood.refuses(NOISY, "same operation").await;
    }
}

#[tokio::test]
async fn undeclared_client_address_is_only_observed() {
    let neighbourhood = Neighbourhood::with(Quiva, "", "address = 1\n").await;
    for _ in 0..3 {
        neighbourhood.serves(NOISY).await;
    }
    let metrics = Caller::of(neighbourhood.gateway.admin).ask(&Request::new("GET", "/metrics")).await;
    let line = "passbridge_rate_limits_total{route=\"main\",limit=\"address\",outcome=\"observed\"} 2";
    assert!(metrics.text().contains(line), "{}", metrics.text());
}

#[tokio::test]
async fn trusted_proxy_itself_and_a_rate_of_0_are_not_limited() {
    for (dialect, rates, field) in [(Quiva, "address = 1\n", None), (Quiva, "address = 0\n", Some(NOISY))] {
        let neighbourhood = Neighbourhood::with(dialect, TRUSTED, rates).await;
        for _ in 0..3 {
            neighbourhood.serves(field.unwrap_or("127.0.0.1")).await;
        }
    }
}
