//! Refresh tokens are exchanged only by the provider that issued them.

use serde_json::{Value, json};

use crate::matrix::embedded;
use crate::matrix::faults::refuses;
use crate::matrix::pairs::Pair;
use kit::config::{CALLERS, EMBEDDED, route, route_verified_by_upstream, upstream};
use kit::contract::check_response;
use kit::device::Device;
use kit::fake::Fake;
use kit::gateway::Gateway;
use kit::message::{Request, Response};
use kit::passkey::{begin, finish};
use kit::provider::Provider::{self, Apifox, Auth0, Flashback, Quiva, Streambird};
use kit::rogue::Rogue;
use kit::signup::signs_up;

const REFRESH: &str = "session.refresh";

/// The dialects that document a refresh.
const DIALECTS: [Provider; 3] = [Quiva, Auth0, Apifox];

/// The documented request.
fn refresh(dialect: Provider) -> Request {
    Request::fixture(dialect, REFRESH).with_prefix(dialect.prefix())
}

/// The same for the tokens of an earlier response.
fn refresh_of(dialect: Provider, answered: &Value) -> Request {
    let content = match dialect {
        Quiva => {
            let data = &answered["data"];
            json!({ "auth_token": data["auth_token"], "refresh_token": data["refresh_token"] })
        }
        Auth0 => json!({
            "grant_type": "refresh_token",
            "client_id": CALLERS.client_id,
            "client_secret": CALLERS.client_secret,
            "refresh_token": answered["refresh_token"],
        }),
        Apifox => {
            let data = answered.pointer("/data/token").unwrap_or(&answered["data"]);
            json!({ "refresh_token": data["refresh_token"] })
        }
        Flashback | Streambird => panic!("{} documents no refresh", dialect.id()),
    };
    refresh(dialect).with_json(&content)
}

/// Refreshes twice, with the newest token each time. Using the first token again revokes the sign-in.
async fn renews(gateway: &Gateway, dialect: Provider, signed_in: &Value) {
    let mut newest = signed_in.clone();
    for _ in 0..2 {
        let answer = gateway.ask(&refresh_of(dialect, &newest)).await;
        check_response(dialect, REFRESH, &answer);
        let renewed = answer.content_json();
        assert_ne!(refresh_of(dialect, &renewed).json(), refresh_of(dialect, &newest).json());
        newest = renewed;
    }
    for tokens in [signed_in, &newest] {
        let (answer, _) = refuses(gateway, dialect, REFRESH, &refresh_of(dialect, tokens), "assertion_rejected").await;
        assert!(answer.text().contains("The refresh token is not valid"), "{answer:?}");
    }
}

#[tokio::test]
async fn refresh_token_returns_to_its_own_provider() {
    for dialect in DIALECTS {
        let fake = Fake::start_knowing(dialect, CALLERS).await;
        let documented = Response::fixture(dialect, "session.refresh.response");
        let documented = match dialect {
            Apifox => documented.replacing("\"2025-01", "\"2099-01"),
            _ => documented,
        };
        fake.answers(REFRESH, documented.clone());
        let gateway = Gateway::start(&Pair { dialect, upstream: dialect }.config(&fake.base_url(), "")).await;
        let answer = gateway.ask(&refresh(dialect)).await;
        check_response(dialect, REFRESH, &answer);
        match dialect {
            Apifox => assert_eq!(tokens(&answer), tokens(&documented)),
            _ => assert_eq!(answer.text(), documented.text()),
        }
        assert_eq!(fake.only(REFRESH).json(), refresh(dialect).json(), "{}", dialect.id());
    }
}

/// Cloudreve's tokens without their expiry, which is new each time.
fn tokens(answer: &Response) -> Value {
    let data = &answer.content_json()["data"];
    json!([data["access_token"], data["refresh_token"]])
}

#[tokio::test]
async fn rejected_refresh_token_gets_the_dialects_fault() {
    let refusals = ["401_refresh_token", "403_refresh_token", "40020_refresh_token"];
    for (dialect, refusal) in DIALECTS.into_iter().zip(refusals) {
        let fake = Fake::start_knowing(dialect, CALLERS).await;
        fake.refuses(REFRESH, refusal);
        let gateway = Gateway::start(&Pair { dialect, upstream: dialect }.config(&fake.base_url(), "")).await;
        let (answer, refused) = refuses(&gateway, dialect, REFRESH, &refresh(dialect), "assertion_rejected").await;
        assert!(answer.text().contains("The refresh token is not valid"), "{answer:?}");
        assert_eq!(refused.level, "INFO", "it is not a failure of the gateway");
        fake.only(REFRESH);
    }
}

#[tokio::test]
async fn refresh_without_a_token_is_invalid() {
    for dialect in DIALECTS {
        let fake = Fake::start_knowing(dialect, CALLERS).await;
        let gateway = Gateway::start(&Pair { dialect, upstream: dialect }.config(&fake.base_url(), "")).await;
        let mut content = refresh(dialect).json();
        content["refresh_token"] = "".into();
        let request = refresh(dialect).with_json(&content);
        refuses(&gateway, dialect, REFRESH, &request, "invalid_request").await;
        assert_eq!(fake.requests(REFRESH).len(), 0);
    }
}

#[tokio::test]
async fn refresh_token_is_renewed_by_the_relying_party_that_issued_it() {
    let other = EMBEDDED.replace("upstreams.own", "upstreams.other").replace("own.db", "other.db");
    let config = |upstream: &str, policies: &str| {
        EMBEDDED.to_owned() + &other + &route_verified_by_upstream("main", Auth0, upstream, policies)
    };
    let gateway = Gateway::start(&config("other", "")).await;
    let made_by_other = signs_up(&gateway, &mut Device::default(), embedded::ADDRESS).await;
    let both = "rules.new = { upstream = \"other\", header = { name = \"x-cohort\", values = [\"new\"] } }";
    gateway.reload(&config("own", both)).await;
    let made_by_own = signs_up(&gateway, &mut Device::default(), embedded::ADDRESS).await;
    renews(&gateway, Auth0, &made_by_other).await;
    renews(&gateway, Auth0, &made_by_own).await;
}

#[tokio::test]
async fn embedded_relying_party_renews_its_tokens() {
    let gateway = embedded::start().await;
    let mut device = Device::default();
    let signed_up = signs_up(&gateway, &mut device, embedded::ADDRESS).await;
    assert!(signed_up["id_token"].is_string(), "the client requested it: {signed_up}");
    let stolen = json!({ "data": { "auth_token": "x", "refresh_token": signed_up["refresh_token"] } });
    refuses(&gateway, Quiva, REFRESH, &refresh_of(Quiva, &stolen), "assertion_rejected").await;
    renews(&gateway, Auth0, &signed_up).await;
    for dialect in [Quiva, Apifox] {
        let answer = gateway.ask(&embedded::begin(dialect, "", embedded::ADDRESS, "")).await;
        let begun = dialect.begun(&answer);
        let credential = device.get(&begun.challenge).await;
        let answer = gateway.ask(&embedded::finish(dialect, &credential, begun.session.as_deref(), "")).await;
        renews(&gateway, dialect, &answer.content_json()).await;
    }
}

#[tokio::test]
async fn issuer_renews_its_tokens_without_an_upstream_call() {
    let cases = [
        (Apifox, Auth0, "fill.user = { name = \"{user.id}\", created_at = 1704067200 }"),
        (Auth0, Quiva, "set.user.email = \"team@example.com\"\nfill.user.id = \"{user.email}\""),
    ];
    for (dialect, upstream_of, settings) in cases {
        let fake = Fake::start(upstream_of).await;
        let tables = EMBEDDED.to_owned()
            + &upstream("new", upstream_of, &fake.base_url(), "")
            + &route("main", dialect, "new", &format!("issuer = \"own\"\n{settings}"));
        let gateway = Gateway::start(&tables).await;
        let begun = dialect.begun(&gateway.ask(&begin(dialect)).await);
        let answer = gateway.ask(&finish(dialect, &begun)).await;
        check_response(dialect, "login.finish", &answer);
        renews(&gateway, dialect, &answer.content_json()).await;
        refuses(&gateway, dialect, REFRESH, &refresh(dialect), "assertion_rejected").await;
        assert_eq!(fake.requests(REFRESH).len(), 0, "{}", dialect.id());
    }
}

/// A dialect before another provider, which does not know the dialect's tokens.
async fn before_another(dialect: Provider, more: &str) -> (Fake, Gateway) {
    let upstream = if dialect == Quiva { Apifox } else { Quiva };
    let pair = Pair { dialect, upstream };
    let fake = Fake::start(upstream).await;
    let gateway = Gateway::start(&(pair.config(&fake.base_url(), "") + more)).await;
    (fake, gateway)
}

#[tokio::test]
async fn refresh_token_is_never_sent_to_another_provider() {
    for dialect in DIALECTS {
        let (fake, gateway) = before_another(dialect, "").await;
        refuses(&gateway, dialect, REFRESH, &refresh(dialect), "not_enabled").await;
        assert_eq!(fake.requests(REFRESH).len(), 0, "{}", dialect.id());
    }
}

#[tokio::test]
async fn foreign_refresh_token_passes_through_unchanged() {
    for dialect in DIALECTS {
        let old = Rogue::sending("HTTP/1.1 207 Whatever\r\ncontent-length: 2\r\n\r\nok").await;
        let passthrough = format!("[passthrough]\n\"*\" = \"{}\"\n", old.base_url());
        let (fake, gateway) = before_another(dialect, &passthrough).await;
        let answer = gateway.ask(&refresh(dialect)).await;
        assert_eq!((answer.status, answer.text()), (207, "ok"));
        let sent = String::from_utf8(refresh(dialect).content).unwrap();
        assert!(old.requests()[0].ends_with(&format!("\r\n\r\n{sent}")), "{:?}", old.requests());
        assert_eq!(fake.requests(REFRESH).len(), 0);
    }
}

#[tokio::test]
async fn unknown_refresh_token_passes_through_where_configured() {
    let old = Rogue::sending("HTTP/1.1 207 Whatever\r\ncontent-length: 2\r\n\r\nok").await;
    let passthrough = format!("[passthrough]\n\"*\" = \"{}\"\n", old.base_url());
    let passing = route_verified_by_upstream("passing", Quiva, "own", "unknown_ceremonies = \"pass\"");
    let refusing = route_verified_by_upstream("refusing", Apifox, "own", "");
    let gateway = Gateway::start(&(EMBEDDED.to_owned() + &passing + &refusing + &passthrough)).await;
    assert_eq!(gateway.ask(&refresh(Quiva)).await.status, 207);
    refuses(&gateway, Apifox, REFRESH, &refresh(Apifox), "assertion_rejected").await;
    let ours = json!({ "data": { "auth_token": "x", "refresh_token": "pbr_of_an_unknown_issuer" } });
    refuses(&gateway, Quiva, REFRESH, &refresh_of(Quiva, &ours), "assertion_rejected").await;
    assert_eq!(old.requests().len(), 1);
}
