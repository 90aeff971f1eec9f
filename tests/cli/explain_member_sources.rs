//! Where each member of the upstream's request comes from if the caller's request does not have it.

use crate::explain_without_upstream::{assert_shows, explain, of};
use kit::provider::Provider::{Apifox, Auth0, Flashback, Quiva};

/// Before Auth0, the account is set as organization and connection. Before Quiva, it is forwarded unchanged.
const MORE: &str = r#"
[upstreams.quiva]
provider = "quiva"
base_url = "https://quiva.example"

[routes.organized]
dialect  = "quiva"
upstream = "auth0"
hosts    = ["organized.example"]
callers  = { open = "anyone" }
exclude_operations = ["registration.begin", "registration.finish", "credentials.delete"]
relax    = ["subject"]
set      = { organization = "{account}", connection = "{account}" }

[routes.kept]
dialect  = "quiva"
upstream = "quiva"
hosts    = ["kept.example"]
callers  = { open = "anyone", user = "upstream" }

[routes.moved]
dialect  = "auth0"
upstream = "auth0"
hosts    = ["moved.example"]
callers  = { client = { fakeClientId0000 = "env:CALLER_SECRET" }, user = "upstream" }
set      = { organization = "{connection}" }

[upstreams.handles]
provider = "streambird"
base_url = "https://api.streambird.example"
handles  = "handles.db"
set.client.key = "env:OUR_KEY"

[routes.claimed]
dialect  = "flashback"
upstream = "handles"
hosts    = ["claimed.example"]
callers  = { user = { jwt = { key = "env:CALLER_JWT_KEY", algorithms = ["HS256"], issuer = "https://issuer.example/", audience = "https://api.example/", claims = { "user.id" = "sub" } } } }
set      = { rp_id = "example.com" }
"#;

#[test]
fn finish_restores_members_of_the_begin() {
    let finish = |host: &str, account: &str| {
        let documented = of(Quiva, "login.finish", host);
        let (head, content) = documented.split_once("\n\n").unwrap();
        let mut content: serde_json::Value = serde_json::from_str(content).unwrap();
        content["account"] = account.into();
        if account.is_empty() {
            content.as_object_mut().unwrap().remove("account");
        }
        explain(MORE, &format!("{head}\n\n{content}"))
    };
    let organized = finish("organized.example", "");
    assert_shows(&organized, 0, &["  organization the begin request -> /organization\n"]);
    assert_shows(&organized, 0, &["  connection the begin request -> /realm\n"]);
    assert_shows(&finish("kept.example", ""), 0, &["  account the begin request -> /account\n"]);
    assert_shows(&finish("kept.example", "acme"), 0, &["  account /account -> /account\n"]);
}

#[test]
fn finish_repeats_members_sent_at_begin() {
    // The finish has an organization too, but the begin was sent the one that the config sets.
    let moved = explain(MORE, &of(Auth0, "login.finish", "moved.example"));
    assert_shows(&moved, 0, &["  organization the begin request -> /organization\n"]);
    let by_claim = explain(MORE, &of(Flashback, "registration.finish", "claimed.example"));
    assert_shows(&by_claim, 0, &["  user.id the begin request -> /user_id\n"]);
    let set_by_claim = explain(MORE, &of(Quiva, "registration.finish", "other.quiva.example"));
    assert_shows(&set_by_claim, 0, &["  user.id the begin request -> /user_id\n"]);
}

#[test]
fn absent_required_member_gets_the_standard_default() {
    let finish = of(Quiva, "login.finish", "other.quiva.example");
    let member = ",\\\"clientExtensionResults\\\":{}";
    assert!(finish.contains(member), "{finish}");
    let silent = explain("", &finish.replace(member, ""));
    assert_shows(&silent, 0, &["  credential.extension_results WebAuthn default -> "]);
}

#[test]
fn issuer_refresh_makes_no_upstream_request() {
    let ran = explain("", &of(Apifox, "session.refresh", "other.apifox.example"));
    assert_shows(&ran, 0, &["the route's issuer refreshes the tokens"]);
    assert!(!ran.stdout.contains("members of the request"), "{}", ran.stdout);
}
