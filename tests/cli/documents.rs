//! The issuer's metadata and keys, by which clients verify its tokens.

use jsonwebtoken::jwk::JwkSet;
use jsonwebtoken::{DecodingKey, Validation, decode, decode_header};
use serde_json::Value;

use kit::config::{EMBEDDED, bare_upstream, route_verified_by_upstream};
use kit::gateway::Gateway;
use kit::message::{Request, Response};
use kit::provider::Provider::{Flashback, Quiva};

const METADATA: &str = "/.well-known/openid-configuration";
const KEYS: &str = "/.well-known/jwks.json";

/// A route whose tokens are the gateway's own, and one whose tokens are its provider's.
async fn start() -> Gateway {
    let cors = "hosts = [\"own.example\"]\ncors = { origins = [\"https://app.example\"] }";
    let tables = EMBEDDED.to_owned()
        + &bare_upstream("new", Quiva, "http://127.0.0.1:1", "")
        + &route_verified_by_upstream("ours", Flashback, "own", cors)
        + &route_verified_by_upstream("theirs", Quiva, "new", "hosts = [\"theirs.example\"]");
    Gateway::start(&tables).await
}

async fn document(gateway: &Gateway, path: &str, host: &str) -> Response {
    gateway.ask(&Request::new("GET", path).with_field("host", host)).await
}

#[tokio::test]
async fn jwks_verifies_a_token_as_the_metadata_describes() {
    let gateway = start().await;
    let metadata = document(&gateway, METADATA, "own.example").await;
    assert_eq!((metadata.status, metadata.field("content-type")), (200, Some("application/json")));
    assert_eq!(metadata.field("cache-control"), Some("public, max-age=300"));
    let metadata = metadata.content_json();
    let issuer = metadata["issuer"].as_str().unwrap();
    assert_eq!(metadata["jwks_uri"], format!("{issuer}.well-known/jwks.json"));

    let keys = document(&gateway, KEYS, "OWN.example:8443").await;
    assert_eq!((keys.status, keys.field("content-type")), (200, Some("application/json")));
    let keys: JwkSet = serde_json::from_slice(&keys.content).unwrap();
    let command = gateway.banner.iter().find(|line| line.contains("Bearer ")).unwrap();
    let token = command.split("Bearer ").nth(1).unwrap().split('\'').next().unwrap();
    let header = decode_header(token).unwrap();
    let algorithms = metadata["id_token_signing_alg_values_supported"].as_array().unwrap();
    assert!(algorithms.contains(&Value::from(format!("{:?}", header.alg))), "{algorithms:?}");
    let key = DecodingKey::from_jwk(keys.find(header.kid.as_deref().unwrap()).unwrap()).unwrap();
    let mut validation = Validation::new(header.alg);
    validation.set_issuer(&[issuer]);
    validation.set_audience(&[issuer]);
    assert_eq!(decode::<Value>(token, &key, &validation).unwrap().claims["sub"], "user_demo");
}

#[tokio::test]
async fn host_without_an_issuer_serves_no_documents() {
    let gateway = start().await;
    for path in [METADATA, KEYS] {
        for host in ["theirs.example", "other.example"] {
            assert_eq!(document(&gateway, path, host).await.status, 404, "{path} of {host}");
        }
        let posted = Request::new("POST", path).with_field("host", "own.example");
        assert_eq!(gateway.ask(&posted).await.status, 404, "{path}");
    }
}

#[tokio::test]
async fn allowed_origin_may_read_the_documents() {
    let gateway = start().await;
    for (origin, permitted) in [("https://app.example", Some("https://app.example")), ("https://evil.example", None)] {
        let request = Request::new("GET", KEYS).with_field("host", "own.example").with_field("origin", origin);
        let answer = gateway.ask(&request).await;
        assert_eq!((answer.status, answer.field("access-control-allow-origin")), (200, permitted));
    }
}
