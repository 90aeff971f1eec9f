//! Errors of callers, reported in their dialect.

use super::refuses;
use crate::matrix::pairs::Pair;
use kit::config::{CALLERS, bare_upstream, caller_token, route_called_by};
use kit::fake::Fake;
use kit::gateway::Gateway;
use kit::message::{Request, Response};
use kit::passkey::{assertion, begin, finish_with};
use kit::provider::Provider::{self, Apifox, Auth0, Flashback, Quiva, Streambird};

/// A session handle in the form of Cloudreve and Auth0.
const SESSION: Option<&str> = Some("47c10dd3-7e10-4950-95d5-483dbc9508e6");

async fn start(dialect: Provider) -> (Fake, Gateway) {
    let pair = Pair { dialect, upstream: if dialect == Streambird { Quiva } else { Streambird } };
    let fake = Fake::start(pair.upstream).await;
    let gateway = Gateway::start(&pair.config(&fake.base_url(), "")).await;
    (fake, gateway)
}

fn some_finish(dialect: Provider) -> Request {
    finish_with(dialect, &assertion(b"a challenge"), SESSION)
}

#[tokio::test]
async fn undecodable_content_is_an_invalid_request() {
    for dialect in Provider::ALL {
        let (fake, gateway) = start(dialect).await;
        let good = String::from_utf8(some_finish(dialect).content).unwrap();
        let cases = [
            String::new(),
            "{".to_owned(),
            "null".to_owned(),
            "[]".to_owned(),
            good[..good.len() - 1].to_owned(),
            format!("{good}{good}"),
            format!("{good} x"),
            twice(&good),
            good.replace("8PHy8_T19vf4", "!!"),
            good.replace("signature", "signatur"),
        ];
        for content in cases {
            let request = some_finish(dialect).with_content(content);
            refuses(&gateway, dialect, "login.finish", &request, "invalid_request").await;
        }
        assert_eq!(fake.requests("login.finish").len(), 0);
    }
}

/// An object whose first member occurs twice.
fn twice(object: &str) -> String {
    let name = object.split('"').nth(1).unwrap();
    format!("{{\"{name}\":\"x\",{}", &object[1..])
}

#[tokio::test]
async fn credential_of_another_type_is_an_invalid_request() {
    for dialect in Provider::ALL {
        let (_fake, gateway) = start(dialect).await;
        let good = String::from_utf8(some_finish(dialect).content).unwrap();
        let request = some_finish(dialect).with_content(good.replace("public-key", "password"));
        refuses(&gateway, dialect, "login.finish", &request, "invalid_request").await;
    }
}

#[tokio::test]
async fn content_that_is_not_utf8_is_an_invalid_request() {
    for dialect in Provider::ALL {
        let (_fake, gateway) = start(dialect).await;
        let mut content = some_finish(dialect).content;
        let position = content.iter().position(|byte| *byte == b':').unwrap() + 2;
        content.insert(position, 0xff);
        let request = some_finish(dialect).with_content(content);
        refuses(&gateway, dialect, "login.finish", &request, "invalid_request").await;
    }
}

#[tokio::test]
async fn wrong_media_type_is_refused_where_documented() {
    for dialect in Provider::ALL {
        let (_fake, gateway) = start(dialect).await;
        for media_type in ["text/plain", "application/x-www-form-urlencoded", "application/xml", "json", ""] {
            let request = some_finish(dialect).with_field("content-type", media_type);
            // Cloudreve reads JSON under any media type.
            let fault = if dialect == Apifox { "challenge_expired" } else { "unsupported_media_type" };
            refuses(&gateway, dialect, "login.finish", &request, fault).await;
        }
        for media_type in ["application/json; charset=utf-8", "Application/JSON", "application/problem+json"] {
            let request = some_finish(dialect).with_field("content-type", media_type);
            refuses(&gateway, dialect, "login.finish", &request, "challenge_expired").await;
        }
        let request = some_finish(dialect).without_field("content-type");
        refuses(&gateway, dialect, "login.finish", &request, "challenge_expired").await;
    }
}

#[tokio::test]
async fn wrong_method_gets_405_with_allow() {
    for dialect in Provider::ALL {
        let (_fake, gateway) = start(dialect).await;
        let mut request = begin(dialect);
        request.method = "PATCH".to_owned();
        let (answer, _) = refuses(&gateway, dialect, "login.begin", &request, "method_not_allowed").await;
        let allowed = if dialect == Apifox { "POST, PUT" } else { "POST" };
        let mut allow: Vec<_> = answer.field("allow").unwrap().split(", ").collect();
        allow.sort_unstable();
        assert_eq!(allow.join(", "), allowed);
    }
}

#[tokio::test]
async fn content_above_the_limit_is_too_large() {
    for dialect in Provider::ALL {
        let (_fake, gateway) = start(dialect).await;
        let request = some_finish(dialect);
        let padding = " ".repeat(65_536 - request.content.len());
        let full = [request.content.as_slice(), padding.as_bytes()].concat();
        let fits = request.clone().with_content(full.clone());
        refuses(&gateway, dialect, "login.finish", &fits, "challenge_expired").await;
        let exceeds = request.with_content([full.as_slice(), b" "].concat());
        refuses(&gateway, dialect, "login.finish", &exceeds, "too_large").await;
    }
}

#[tokio::test]
async fn missing_credentials_are_unauthenticated() {
    for dialect in Provider::ALL {
        let (fake, gateway) = start(dialect).await;
        for (operation, request) in unproved(dialect) {
            let (answer, refused) = refuses(&gateway, dialect, operation, &request, "unauthenticated").await;
            assert_eq!(refused.level, "INFO");
            assert!(!answer.text().contains("secret"), "it does not say which part was wrong: {answer:?}");
        }
        assert_eq!(fake.requests("login.begin").len(), 0);
    }
}

/// Requests with missing or wrong credentials.
fn unproved(dialect: Provider) -> Vec<(&'static str, Request)> {
    match dialect {
        Streambird => vec![
            ("login.begin", begin(dialect).without_field("authorization")),
            ("login.begin", begin(dialect).with_field("authorization", "Bearer sk_test_wrong")),
            ("login.begin", begin(dialect).with_field("authorization", "Basic c2s6c2s=")),
            ("login.finish", some_finish(dialect).without_field("authorization")),
        ],
        Flashback => vec![
            ("login.begin", begin(dialect).without_field("authorization")),
            ("login.begin", begin(dialect).with_field("authorization", "Bearer not-a-token")),
            ("login.begin", begin(dialect).with_field("authorization", &caller_token())),
            ("login.finish", some_finish(dialect).with_field("authorization", "Bearer e30.e30.e30")),
        ],
        Auth0 => {
            let with = |secret: &str| {
                let content = String::from_utf8(begin(dialect).content).unwrap();
                ("login.begin", begin(dialect).with_content(content.replace(CALLERS.client_secret, secret)))
            };
            vec![with("a-wrong-one"), with(""), ("registration.begin", registration(dialect))]
        }
        Quiva | Apifox => vec![
            ("registration.begin", registration(dialect)),
            ("registration.begin", registration(dialect).without_field("authorization")),
        ],
    }
}

/// The documented begin of a registration, with an unknown bearer.
fn registration(dialect: Provider) -> Request {
    Request::fixture(dialect, "registration.begin").with_prefix(dialect.prefix())
}

#[tokio::test]
async fn unsupported_operation_is_not_enabled() {
    // Flashback returns no user handle, which every other dialect's registration requires.
    for dialect in [Quiva, Streambird, Auth0, Apifox] {
        let pair = Pair { dialect, upstream: Flashback };
        let fake = Fake::start(Flashback).await;
        let gateway = Gateway::start(&pair.config(&fake.base_url(), "")).await;
        let request = registration(dialect);
        let request = match dialect {
            Streambird => request,
            _ => request.with_field("authorization", &format!("Bearer {}", caller_token())),
        };
        refuses(&gateway, dialect, "registration.begin", &request, "not_enabled").await;
        let invalid = request.with_field("authorization", "Bearer invalid");
        refuses(&gateway, dialect, "registration.begin", &invalid, "unauthenticated").await;
    }
}

#[tokio::test]
async fn upstream_not_found_and_forbidden_are_translated() {
    for dialect in Provider::ALL {
        let pair = Pair { dialect, upstream: dialect };
        let fake = Fake::start_knowing(dialect, CALLERS).await;
        let gateway = Gateway::start(&pair.config(&fake.base_url(), "")).await;
        let request = Request::fixture(dialect, "credentials.delete").with_prefix(dialect.prefix());
        let request = match dialect {
            Streambird => request,
            _ => request.with_field("authorization", &format!("Bearer {}", CALLERS.user_token)),
        };
        fake.answers("credentials.delete", missing(dialect));
        refuses(&gateway, dialect, "credentials.delete", &request, "not_found").await;
        if dialect != Streambird {
            fake.answers("credentials.delete", forbidding(dialect));
            refuses(&gateway, dialect, "credentials.delete", &request, "forbidden").await;
        }
    }
}

fn missing(provider: Provider) -> Response {
    match provider {
        Quiva | Streambird => Response::fixture(provider, "404_not_found.fault"),
        Flashback => Response::json(404, r#"{"success":false,"error":"Not found"}"#),
        Auth0 => Response::json(404, r#"{"type":"about:blank","title":"Not Found","status":404,"detail":"none"}"#),
        Apifox => Response::fixture(provider, "404_passkey_not_found.fault"),
    }
}

fn forbidding(provider: Provider) -> Response {
    match provider {
        Quiva => Response::fixture(provider, "403_api_key.fault"),
        Flashback | Streambird => Response::json(403, r#"{"success":false,"error":"Forbidden"}"#),
        Auth0 => Response::fixture(provider, "403_me_problem.fault"),
        Apifox => Response::fixture(provider, "40089_scope.fault"),
    }
}

#[tokio::test]
async fn unreachable_jwks_is_an_internal_failure() {
    let users = concat!(
        r#"user = { jwt = { jwks = "https://127.0.0.1:1/keys", algorithms = ["RS256"], "#,
        r#"issuer = "https://issuer.example/", audience = "https://api.example/", claims = { "user.id" = "sub" } } }"#
    );
    // Streambird has no callers with tokens.
    for (dialect, others, settings) in [
        (Quiva, "open = \"anyone\", ", ""),
        (Flashback, "", "relax = [\"subject\"]"),
        (Auth0, "client = \"anyone\", ", "fill.tokens.type = \"Bearer\""),
        (Apifox, "open = \"anyone\", ", ""),
    ] {
        let fake = Fake::start_knowing(Apifox, CALLERS).await;
        let callers = format!("{others}{users}");
        let tables = bare_upstream("new", Apifox, &fake.base_url(), "")
            + &route_called_by("main", dialect, "new", &callers, settings);
        let gateway = Gateway::start(&tables).await;
        let operation = if dialect == Flashback { "login.begin" } else { "registration.begin" };
        let request = Request::fixture(dialect, operation).with_prefix(dialect.prefix());
        // {"alg":"RS256","kid":"k"}.{}.
        let token = "Bearer eyJhbGciOiJSUzI1NiIsImtpZCI6ImsifQ.e30.c2ln";
        let request = request.with_field("authorization", token);
        let (_, refused) = refuses(&gateway, dialect, operation, &request, "internal").await;
        assert_eq!(refused.level, "ERROR");
        assert_eq!(fake.requests(operation).len(), 0);
    }
}
