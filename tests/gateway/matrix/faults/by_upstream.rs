//! Upstream faults in each dialect: the fault is translated, and its text is not forwarded.

use super::refuses;
use kit::config::{route, upstream};
use kit::fake::Fake;
use kit::gateway::Gateway;
use kit::message::Response;
use kit::passkey::{begin, finish};
use kit::provider::Provider::{self, Apifox, Auth0, Flashback, Quiva, Streambird};

/// A text of the upstream, which no caller may receive.
const UPSTREAM_TEXT: &str = "words of the upstream";

/// A dialect before Streambird, which has the most distinct statuses.
async fn before_streambird(dialect: Provider, fake: &Fake) -> Gateway {
    let named = match dialect {
        Streambird => "",
        Flashback => "set.rp_id = \"localhost\"",
        Quiva => "relax = [\"subject\"]\nset = { rp_id = \"localhost\", user.id = \"user_1\" }",
        Auth0 => concat!(
            "set = { rp_id = \"localhost\", user.id = \"user_1\" }\n",
            "fill.tokens = { type = \"Bearer\", expires_in = 3600 }"
        ),
        Apifox => concat!(
            "set = { rp_id = \"localhost\", user.id = \"user_1\" }\nfill.user = { name = \"A\", created_at = 1 }\n",
            "fill.tokens = { refresh = \"none\", expires_in = 3600, refresh_expires_in = 86400 }"
        ),
    };
    let limits = "breaker_failures = 0";
    let tables = upstream("new", Streambird, &fake.base_url(), limits) + &route("main", dialect, "new", named);
    Gateway::start(&tables).await
}

fn json(status: u16) -> Response {
    let content = format!(r#"{{"error_type":"e","error_message":"{UPSTREAM_TEXT}","status_code":{status}}}"#);
    Response::json(status, &content)
}

fn options(content: &str) -> Response {
    Response::json(200, content)
}

/// The documented options with one text replaced.
fn options_but(from: &str, to: &str) -> Response {
    Response::fixture(Streambird, "login.begin.response").replacing(from, to)
}

#[tokio::test]
async fn upstream_faults_are_translated_to_the_dialect() {
    let cases = [
        (json(400), "invalid_request", "INFO"),
        (json(401), "upstream_refused_us", "ERROR"),
        (json(403), "upstream_refused_us", "ERROR"),
        (json(402), "not_enabled", "INFO"),
        (json(404), "unknown_user", "INFO"),
        (json(409), "conflict", "INFO"),
        (json(429).with_field("retry-after", "30"), "rate_limited", "INFO"),
        (json(500), "upstream_failed", "WARN"),
        (json(503), "upstream_failed", "WARN"),
        (json(504), "upstream_failed", "WARN"),
        (options("<html>").with_field("content-type", "text/html"), "upstream_invalid", "WARN"),
        (Response::json(500, "<html>"), "upstream_failed", "WARN"),
        (Response::json(404, "<html>"), "upstream_invalid", "WARN"),
        (Response::json(302, "").with_field("location", "http://127.0.0.1:1/elsewhere"), "upstream_invalid", "WARN"),
        (Response::json(204, ""), "upstream_invalid", "WARN"),
        (Response::json(418, "{}"), "upstream_invalid", "WARN"),
    ];
    for dialect in Provider::ALL {
        let fake = Fake::start(Streambird).await;
        let gateway = before_streambird(dialect, &fake).await;
        for (answer, fault, level) in &cases {
            fake.answers("login.begin", answer.clone());
            let (response, refused) = refuses(&gateway, dialect, "login.begin", &begin(dialect), fault).await;
            assert!(!response.text().contains(UPSTREAM_TEXT), "{response:?}");
            assert_eq!(refused.level, *level, "{refused:?}");
            assert!(!refused.reason.contains(UPSTREAM_TEXT), "{refused:?}");
            assert_eq!(response.field("retry-after"), answer.field("retry-after"), "{response:?}");
        }
        assert_eq!(fake.requests("login.begin").len(), cases.len(), "nothing was sent twice");
    }
}

#[tokio::test]
async fn invalid_upstream_options_are_not_forwarded() {
    let challenge = "D9qznnlmk+o70AZ4IFF7zG1jUaRYzW1Z0dqZ2OEDGU4=";
    let whole = Response::fixture(Streambird, "login.begin.response").text().to_owned();
    let cases = [
        options(""),
        options("null"),
        options("[]"),
        options("\"text\""),
        options("{}"),
        options(&whole[..whole.len() / 2]),
        options(&format!("{whole}{whole}")),
        options(&format!("{whole}x")),
        options_but("\"timeout\":60000", "\"timeout\":60000,\"timeout\":60000"),
        options_but("\"challenge\":", "\"challenge\":\"AAAA\",\"challenge\":"),
        options_but(challenge, ""),
        options_but(challenge, "not base64!"),
        options_but(&format!("\"{challenge}\""), "null"),
        options_but(&format!("\"{challenge}\""), "7"),
        options_but(&format!("\"{challenge}\""), "[\"AAAA\"]"),
        options_but("\"timeout\":60000", "\"timeout\":\"soon\""),
        options_but("\"rpId\":\"localhost\"", "\"rpId\":{}"),
    ];
    for dialect in Provider::ALL {
        let fake = Fake::start(Streambird).await;
        let gateway = before_streambird(dialect, &fake).await;
        for answer in &cases {
            fake.answers("login.begin", answer.clone());
            let (_, refused) = refuses(&gateway, dialect, "login.begin", &begin(dialect), "upstream_invalid").await;
            assert_eq!(refused.level, "WARN", "{answer:?}");
            assert!(!refused.reason.contains("AAAA"), "{refused:?}");
        }
    }
}

#[tokio::test]
async fn passkey_refused_upstream_is_assertion_rejected() {
    let by_auth0 = ["403_invalid_grant"].map(|fault| (Auth0, fault, "assertion_rejected"));
    let by_others = [
        (Apifox, "40025_login_rejected", "assertion_rejected"),
        (Apifox, "404_session_not_found", "challenge_expired"),
        (Apifox, "40001_credential", "invalid_request"),
        (Apifox, "40017_banned", "forbidden"),
        (Apifox, "40018_not_activated", "forbidden"),
        (Apifox, "50005_initialize", "upstream_failed"),
        (Apifox, "minus1_unclassified", "upstream_failed"),
        (Auth0, "403_access_denied", "forbidden"),
        (Auth0, "403_mfa_required", "forbidden"),
        (Auth0, "500_global_limit", "rate_limited"),
        (Auth0, "401_invalid_client", "upstream_refused_us"),
    ];
    for (upstream_of, answer, fault) in by_auth0.into_iter().chain(by_others) {
        let fake = Fake::start(upstream_of).await;
        fake.refuses("login.finish", answer);
        let settings = "relax = [\"subject\", \"allow_credentials\"]";
        let tables = upstream("new", upstream_of, &fake.base_url(), "") + &route("main", Streambird, "new", settings);
        let gateway = Gateway::start(&tables).await;
        let begun = Streambird.begun(&gateway.ask(&begin(Streambird)).await);
        let request = finish(Streambird, &begun);
        let (response, _) = refuses(&gateway, Streambird, "login.finish", &request, fault).await;
        assert!(!response.text().contains("fake"), "{response:?}");
        refuses(&gateway, Streambird, "login.finish", &request, "challenge_expired").await;
        assert_eq!(fake.requests("login.finish").len(), 1, "a finish is tried once");
    }
}
