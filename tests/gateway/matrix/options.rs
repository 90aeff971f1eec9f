//! How a route changes the options: user verification becomes stricter, never weaker, and `fill` adds missing members.

use serde_json::Value;

use kit::config::{route, upstream};
use kit::contract::check_response;
use kit::fake::Fake;
use kit::gateway::Gateway;
use kit::passkey::begin;
use kit::provider::Provider::{self, Apifox, Auth0, Flashback, Quiva, Streambird};

/// The options that a quiva caller gets with these settings before this upstream.
async fn options(upstream_of: Provider, settings: &str) -> Value {
    let fake = Fake::start(upstream_of).await;
    let relaxed = "relax = [\"subject\"]\n";
    let tables = upstream("new", upstream_of, &fake.base_url(), "")
        + &route("main", Quiva, "new", &(relaxed.to_owned() + settings));
    let gateway = Gateway::start(&tables).await;
    let answer = gateway.ask(&begin(Quiva)).await;
    check_response(Quiva, "login.begin", &answer);
    answer.content_json()["data"].clone()
}

#[tokio::test]
async fn stricter_user_verification_wins() {
    let named = "set = { rp_id = \"localhost\", user.id = \"{user.email}\" }\n";
    let cases = [
        // Streambird has discouraged, Cloudreve nothing (which means preferred), Flashback required.
        (Streambird, named, "discouraged", "discouraged"),
        (Streambird, named, "preferred", "preferred"),
        (Streambird, named, "required", "required"),
        (Apifox, "", "discouraged", "preferred"),
        (Apifox, "", "required", "required"),
        (Auth0, "", "required", "required"),
        (Flashback, "", "discouraged", "required"),
    ];
    for (upstream_of, settings, least, goes_out) in cases {
        let settings = format!("{settings}user_verification = \"{least}\"");
        let options = options(upstream_of, &settings).await;
        assert_eq!(options["userVerification"], goes_out, "{} with {least}", upstream_of.id());
    }
}

#[tokio::test]
async fn fill_replaces_only_missing_members() {
    let options = options(Apifox, "fill = { timeout = 1234, rp_id = \"other.example\" }").await;
    assert_eq!((&options["timeout"], &options["rpId"]), (&Value::from(300_000), &Value::from("127.0.0.1")));
    let fake = Fake::start(Apifox).await;
    let bare =
        Apifox.options_with(b"a challenge of its own").replacing(",\"timeout\":300000,\"rpId\":\"127.0.0.1\"", "");
    fake.answers("login.begin", bare);
    let settings = "fill = { timeout = 1234, rp_id = \"other.example\" }";
    let tables = upstream("new", Apifox, &fake.base_url(), "") + &route("main", Quiva, "new", settings);
    let answer = Gateway::start(&tables).await.ask(&begin(Quiva)).await;
    let filled = r#"{"data":{"challenge":"YSBjaGFsbGVuZ2Ugb2YgaXRzIG93bg==","timeout":1234,"rpId":"other.example"}}"#;
    assert_eq!(answer.text(), filled);
}
