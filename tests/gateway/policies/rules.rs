//! Rules: members of a request decide, in the order of the config.

use serde_json::json;

use crate::policies::rig::{TwoUpstreams, begin_of, decision};
use kit::message::Request;
use kit::passkey::begin;
use kit::provider::Provider::{Auth0, Quiva};

const RULES: &str = r#"
rules.b_accounts = { upstream = "new", when.account = ["acme", "globex"] }
rules.a_team     = { upstream = "old", when = { account = ["acme"], "user.email" = ["Ada@example.com"] } }
rules.canary     = { upstream = "new", header = { name = "X-Cohort", values = ["beta"] } }
rules.last       = { upstream = "old", order = 1, header = { name = "x-cohort", values = ["beta", "stable"] } }
"#;

fn of(email: &str, account: &str) -> Request {
    begin(Quiva).with_json(&json!({ "email": email, "account": account }))
}

#[tokio::test]
async fn first_matching_rule_decides() {
    let upstreams = TwoUpstreams::of(Quiva).await;
    let gateway = upstreams.gateway(RULES).await;
    for (request, upstream, reason) in [
        (of("bob@example.com", "globex"), "new", "choose:b_accounts"),
        (of("ada@example.com", "acme"), "old", "choose:a_team"),
        (of("bob@example.com", "acme"), "new", "choose:b_accounts"),
        (of("ada@example.com", "ACME"), "old", "default"),
        (begin_of("ada@example.com"), "old", "default"),
        (begin_of("bob@example.com").with_field("x-cohort", "beta"), "new", "choose:canary"),
        (begin_of("bob@example.com").with_field("x-cohort", "stable"), "old", "choose:last"),
        (begin_of("bob@example.com").with_field("x-cohort", "Beta"), "old", "default"),
    ] {
        let answer = gateway.ask(&request).await;
        assert_eq!(decision(&answer), (upstream.into(), reason.into()), "{:?}", request.fields);
    }
    assert_eq!(upstreams.seen("login.begin"), [5, 3]);
}

#[tokio::test]
async fn rule_matches_client_id_and_unknown_client_is_refused() {
    let upstreams = TwoUpstreams::of(Auth0).await;
    let gateway =
        upstreams.gateway("rules.app = { upstream = \"new\", when.client.id = [\"fakeClientId0000\"] }").await;
    assert_eq!(decision(&gateway.ask(&begin(Auth0)).await), ("new".into(), "choose:app".into()));
    let mut content = begin(Auth0).json();
    content["client_secret"] = json!("a stranger's");
    assert_eq!(gateway.refused(&begin(Auth0).with_json(&content)).await.1.fault, "unauthenticated");
    assert_eq!(upstreams.seen("login.begin"), [0, 1]);
}
