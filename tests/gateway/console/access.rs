//! Access to the console: only its own page, under a local host name.

use serde_json::json;

use super::rig::{Rig, from_page};
use kit::message::Request;

const FILES: [&str; 8] = [
    "/",
    "/console/style.css",
    "/console/icon.svg",
    "/console/page.js",
    "/console/gateway.js",
    "/console/ceremony.js",
    "/console/element.js",
    "/console/steps.js",
];

#[tokio::test]
async fn every_file_has_security_headers() {
    let rig = Rig::start().await;
    for path in FILES {
        let answer = rig.ask(&Request::new("GET", path)).await;
        assert_eq!(answer.status, 200, "{path}");
        let policy = answer.field("content-security-policy").unwrap();
        let rules: Vec<_> = policy.split("; ").collect();
        for rule in ["default-src 'none'", "script-src 'self'", "frame-ancestors 'none'", "base-uri 'none'"] {
            assert!(rules.contains(&rule), "{path}: {policy}");
        }
        assert!(!policy.contains("unsafe"), "{path}: {policy}");
        assert_eq!(answer.field("x-content-type-options"), Some("nosniff"), "{path}");
        assert_eq!(answer.field("cross-origin-resource-policy"), Some("same-origin"), "{path}");
    }
}

#[tokio::test]
async fn foreign_host_name_is_refused() {
    let rig = Rig::start().await;
    for path in FILES.into_iter().chain(["/try"]) {
        for host in ["rebound.example", "rebound.example:9090", "localhost.rebound.example"] {
            let answer = rig.ask(&Request::new("GET", path).with_field("host", host)).await;
            assert_eq!(answer.status, 403, "{path} {host}");
        }
    }
    let rebound = from_page(&begin()).with_field("host", "rebound.example");
    assert_eq!(rig.ask(&rebound.with_field("origin", "http://rebound.example")).await.status, 403);
    // A probe may use any host name.
    assert_eq!(rig.ask(&Request::new("GET", "/healthz").with_field("host", "pod.example")).await.status, 200);
}

#[tokio::test]
async fn cross_site_request_is_refused() {
    let rig = Rig::start().await;
    assert_eq!(rig.ask(&from_page(&begin())).await.status, 200);
    let foreign = [
        (from_page(&begin()).without_field("origin"), 403),
        (from_page(&begin()).with_field("origin", "http://localhost:8080"), 403),
        (from_page(&begin()).with_field("origin", "null"), 403),
        (from_page(&begin()).with_field("sec-fetch-site", "cross-site"), 403),
        (from_page(&begin()).with_field("content-type", "text/plain"), 415),
        (from_page(&begin()).without_field("content-type"), 415),
    ];
    for (request, status) in foreign {
        let answer = rig.ask(&request).await;
        assert_eq!(answer.status, status, "{request:?}");
        assert_eq!(answer.field("access-control-allow-origin"), None);
        assert!(answer.content_json()["steps"].is_null());
    }
}

#[tokio::test]
async fn try_request_is_validated() {
    let rig = Rig::start().await;
    let long = "x".repeat(64 << 10);
    let trials = [
        (json!({ "route": "auth0", "operation": "login.begin", "members": { "connection": long } }), 413),
        (json!({ "route": "auth0" }), 400),
        (json!({ "route": "auth0", "operation": "login.begin", "path": "/" }), 400),
        (json!({ "route": "nowhere", "operation": "login.begin" }), 404),
        (json!({ "route": "auth0", "operation": "login" }), 404),
        (json!({ "route": "auth0", "operation": "credentials.delete" }), 404),
        (json!({ "route": "auth0", "operation": "signup.begin" }), 404),
        (json!({ "route": "there", "operation": "login.finish" }), 404),
        (json!({ "route": "auth0", "operation": "login.begin", "members": { "nonsense": "x" } }), 422),
        (json!({ "route": "auth0", "operation": "login.begin", "members": { "connection": 7 } }), 422),
        (json!({ "route": "there", "operation": "login.begin" }), 422),
    ];
    for (trial, status) in trials {
        let answer = rig.ask(&from_page(&trial)).await;
        assert_eq!(answer.status, status, "{} {answer:?}", trial["operation"]);
        assert!(answer.content_json()["problem"].is_string());
    }
    let answer = rig.ask(&from_page(&json!([])).with_content("{")).await;
    assert_eq!(answer.status, 400);
    let answer = rig.ask(&Request::new("DELETE", "/try")).await;
    assert_eq!((answer.status, answer.field("allow")), (405, Some("GET, HEAD, POST")));
    let answer = rig.ask(&Request::new("POST", "/")).await;
    assert_eq!((answer.status, answer.field("allow")), (405, Some("GET, HEAD")));
}

fn begin() -> serde_json::Value {
    json!({ "route": "auth0", "operation": "login.begin" })
}
