//! Of any number of concurrent finishes, one reaches the upstream and one succeeds.

use std::sync::Arc;

use tokio::task::JoinSet;

use crate::matrix::pairs::Pair;
use kit::config::{EMBEDDED, route_verified_by_upstream};
use kit::device::Device;
use kit::fake::Fake;
use kit::gateway::Gateway;
use kit::message::{Request, Response};
use kit::passkey::{begin, finish, finish_content};
use kit::provider::Provider::{Apifox, Auth0, Flashback, Quiva};
use kit::signup::begins_to_sign_up;

const RACERS: usize = 50;

/// Sends one request that many times at once.
async fn race(gateway: &Arc<Gateway>, request: &Request) -> Vec<Response> {
    let mut racers = JoinSet::new();
    for _ in 0..RACERS {
        let (gateway, request) = (gateway.clone(), request.clone());
        racers.spawn(async move { gateway.ask(&request).await });
    }
    racers.join_all().await
}

/// The number of responses with a token under the dialect's name.
fn signed_in(answers: &[Response], name: &str) -> usize {
    answers.iter().filter(|answer| answer.status == 200 && answer.text().contains(name)).count()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_of_fifty_concurrent_finishes_reaches_the_upstream() {
    let pairs = [(Quiva, Apifox, "auth_token"), (Auth0, Quiva, "access_token"), (Flashback, Quiva, "fullAccessToken")];
    for (dialect, upstream, name) in pairs {
        let pair = Pair { dialect, upstream };
        let fake = Fake::start(upstream).await;
        let gateway = Arc::new(Gateway::start(&pair.config(&fake.base_url(), "")).await);
        for round in 1..=3 {
            let begun = dialect.begun(&gateway.ask(&begin(dialect)).await);
            let answers = race(&gateway, &finish(dialect, &begun)).await;
            assert_eq!(signed_in(&answers, name), 1, "{}", dialect.id());
            assert_eq!(fake.requests("login.finish").len(), round);
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_of_fifty_concurrent_finishes_signs_in() {
    let tables = EMBEDDED.to_owned() + &route_verified_by_upstream("main", Auth0, "own", "");
    let gateway = Arc::new(Gateway::start(&tables).await);
    let mut device = Device::default();
    let signup = begins_to_sign_up(&gateway, &mut device, "ada@example.com").await;
    let answers = race(&gateway, &signup).await;
    assert_eq!(signed_in(&answers, "access_token"), 1, "signups");

    let begun = Auth0.begun(&gateway.ask(&begin(Auth0)).await);
    let credential = device.get(&begun.challenge).await;
    let content = finish_content(Auth0, &credential, begun.session.as_deref());
    let answers = race(&gateway, &Request::fixture(Auth0, "login.finish").with_json(&content)).await;
    assert_eq!(signed_in(&answers, "access_token"), 1, "logins");
}
