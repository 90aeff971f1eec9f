//! Verification of tokens.

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{RSA_PKCS1_SHA256, RsaKeyPair};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use super::{TestDirectory, config, settings};
use crate::model::fault::Fault;
use crate::relying_party::RelyingParty;
use crate::relying_party::clock::now;
use crate::relying_party::config::EmbeddedSettings;
use crate::relying_party::directory::user::tests::ada;
use crate::relying_party::tokens::authentication::Authentication;
use crate::relying_party::tokens::grant::Grant;
use crate::relying_party::tokens::issue::{IssueContext, Issued};
use crate::relying_party::tokens::keys::{self, SigningKeys};

fn part(token: &str, index: usize) -> Value {
    let part = token.split('.').nth(index).unwrap();
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap()
}

fn unsigned(header: &Value, claims: &Value) -> String {
    let [header, claims] = [header, claims].map(|part| URL_SAFE_NO_PAD.encode(part.to_string()));
    format!("{header}.{claims}")
}

async fn refused(own: &RelyingParty, token: &str) -> String {
    let refusal = own.verify(token).await.unwrap_err();
    assert_eq!(refusal.fault, Fault::Unauthenticated);
    refusal.reason.into_owned()
}

#[tokio::test]
async fn demo_token_belongs_to_the_demo_user() {
    let place = TestDirectory::new();
    let own = place.open();
    let token = own.demo_token().unwrap();
    assert_eq!(own.verify(&token).await.unwrap().as_str(), "user_demo");
    let claims = part(&token, 1);
    assert_eq!(claims["iss"], "http://localhost:8080/");
    assert_eq!(claims["aud"], "http://localhost:8080/");
    assert_eq!(claims["email"], "demo@example.com");
    assert_eq!(claims["exp"].as_i64().unwrap() - claims["iat"].as_i64().unwrap(), 3600);
    assert_ne!(own.demo_token().unwrap(), token);
}

#[tokio::test]
async fn changed_token_is_refused() {
    let own = TestDirectory::new();
    let own = own.open();
    let token = own.demo_token().unwrap();
    let (message, signature) = token.rsplit_once('.').unwrap();
    let mut claims = part(&token, 1);
    claims["sub"] = "user_ada".into();
    let other = unsigned(&part(&token, 0), &claims);
    assert!(refused(&own, &format!("{other}.{signature}")).await.contains("signature"));
    assert!(refused(&own, &format!("{message}.")).await.contains("signature"));
    for token in ["", ".", "..", "a.b.c", "Bearer x", message] {
        refused(&own, token).await;
    }
    refused(&own, &"a".repeat(10_000)).await;
}

#[tokio::test]
async fn algorithm_of_the_token_is_ignored() {
    let own = TestDirectory::new();
    let own = own.open();
    let token = own.demo_token().unwrap();
    let (header, claims) = (part(&token, 0), part(&token, 1));
    for alg in ["none", "HS256", "RS384", "PS256", "ES256"] {
        let mut header = header.clone();
        header["alg"] = alg.into();
        refused(&own, &format!("{}.{}", unsigned(&header, &claims), token.rsplit_once('.').unwrap().1)).await;
    }
    // The public key as a shared secret (algorithm confusion).
    let keys: Value = serde_json::from_str(&own.jwks().await.unwrap()).unwrap();
    let secret = URL_SAFE_NO_PAD.decode(keys["keys"][0]["n"].as_str().unwrap()).unwrap();
    let header = jsonwebtoken::Header {
        kid: Some(keys["keys"][0]["kid"].as_str().unwrap().to_owned()),
        typ: Some("at+jwt".into()),
        ..jsonwebtoken::Header::default()
    };
    let forged = jsonwebtoken::encode(&header, &claims, &jsonwebtoken::EncodingKey::from_secret(&secret)).unwrap();
    refused(&own, &forged).await;
}

#[tokio::test]
async fn foreign_key_with_a_known_identifier_is_refused() {
    let own = TestDirectory::new();
    let own = own.open();
    let token = own.demo_token().unwrap();
    let pair = RsaKeyPair::generate(KeySize::Rsa2048).unwrap();
    let sign = |header: &Value| {
        let message = unsigned(header, &part(&token, 1));
        let mut signature = vec![0; pair.public_modulus_len()];
        pair.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), message.as_bytes(), &mut signature).unwrap();
        format!("{message}.{}", URL_SAFE_NO_PAD.encode(signature))
    };
    let mut header = part(&token, 0);
    assert!(refused(&own, &sign(&header)).await.contains("signature"));
    header["kid"] = "mine".into();
    assert!(refused(&own, &sign(&header)).await.contains("key"));
    header.as_object_mut().unwrap().remove("kid");
    assert!(refused(&own, &sign(&header)).await.contains("key"));
}

#[tokio::test]
async fn issuer_audience_expiry_and_type_are_checked() {
    let place = TestDirectory::new();
    let own = place.open();
    let good = part(&own.demo_token().unwrap(), 1);
    let mut store = place.store();
    let keys = SigningKeys::open(&mut store, now()).unwrap().current();
    let sign = |typ: &str, change: Value| {
        let mut claims = good.clone();
        for (name, value) in change.as_object().unwrap() {
            claims[name] = value.clone();
        }
        let message = unsigned(&json!({"alg": "RS256", "typ": typ, "kid": keys.active().kid}), &claims);
        format!("{message}.{}", URL_SAFE_NO_PAD.encode(keys.active().sign(message.as_bytes()).unwrap()))
    };
    assert!(own.verify(&sign("at+jwt", json!({}))).await.is_ok());
    assert!(own.verify(&sign("at+jwt", json!({"aud": ["x", "http://localhost:8080/"]}))).await.is_ok());
    for (typ, change, what) in [
        ("at+jwt", json!({"iss": "http://localhost:8080"}), "issuer"),
        ("at+jwt", json!({"aud": "x"}), "audience"),
        ("at+jwt", json!({"aud": ["x"]}), "audience"),
        ("at+jwt", json!({"exp": now() - 1}), "expired"),
        ("at+jwt", json!({"exp": null}), "read"),
        ("JWT", json!({}), "not an access token"),
    ] {
        let reason = refused(&own, &sign(typ, change)).await;
        assert!(reason.contains(what), "{reason}");
    }
}

#[tokio::test]
async fn tokens_survive_a_restart_and_a_rotation_by_another_process() {
    let place = TestDirectory::new();
    let token = place.open().demo_token().unwrap();
    let own = place.open();
    assert!(own.verify(&token).await.is_ok());

    let kid = keys::rotate(&mut place.store(), now(), config().access_lifetime).unwrap();
    let other = place.open();
    let newer = other.demo_token().unwrap();
    assert_eq!(part(&newer, 0)["kid"], kid.as_str());
    for token in [&token, &newer] {
        assert!(own.verify(token).await.is_ok());
        assert!(other.verify(token).await.is_ok());
    }
    let keys: Value = serde_json::from_str(&own.jwks().await.unwrap()).unwrap();
    assert_eq!(keys["keys"].as_array().unwrap().len(), 2);
    assert_eq!(keys["keys"][0]["kid"], kid.as_str());
}

#[test]
fn refreshed_id_token_keeps_the_time_of_the_sign_in() {
    let place = TestDirectory::new();
    let mut store = place.store();
    let keys = SigningKeys::open(&mut store, 0).unwrap().current();
    let grant = Grant { client_id: Some("app".into()), ..Grant::default() };
    let authentication = Authentication { family: [0; 16], grant, at: 100, ends_at: Some(250) };
    let user = ada();
    let issue = IssueContext { user: &user, authentication: &authentication, grant: &authentication.grant, now: 200 };
    let signed_in = Issued::at_refresh(issue, &config(), &keys).unwrap().into_sign_in(ada(), None);
    let claims = part(&signed_in.tokens_id.unwrap(), 1);
    assert_eq!([&claims["auth_time"], &claims["iat"], &claims["exp"]], [100, 200, 250]);
    assert_eq!(part(&signed_in.tokens_access.unwrap(), 1)["exp"], 250);
    assert_eq!(signed_in.tokens_expires_in, Some(50));
}

#[tokio::test]
async fn key_set_verifies_a_token() {
    let own = TestDirectory::new();
    let own = own.open();
    let keys: jsonwebtoken::jwk::JwkSet = serde_json::from_str(&own.jwks().await.unwrap()).unwrap();
    let token = own.demo_token().unwrap();
    let key =
        jsonwebtoken::DecodingKey::from_jwk(keys.find(part(&token, 0)["kid"].as_str().unwrap()).unwrap()).unwrap();
    let mut validation = jsonwebtoken::Validation::new(jsonwebtoken::Algorithm::RS256);
    validation.set_audience(&["http://localhost:8080/"]);
    assert!(jsonwebtoken::decode::<Value>(&token, &key, &validation).is_ok());
    let private = ["\"d\"", "\"p\"", "\"q\""];
    let text = own.jwks().await.unwrap();
    assert!(!private.iter().any(|member| text.contains(member)));
}

#[test]
fn discovery_names_the_given_issuer() {
    let place = TestDirectory::new();
    let own = place.open_with(&EmbeddedSettings { issuer: Some("https://id.example.com".into()), ..settings() });
    assert_eq!(own.issuer(), "https://id.example.com");
    let document: Value = serde_json::from_str(&own.openid_configuration("https://id.example.com/")).unwrap();
    assert_eq!(document["issuer"], "https://id.example.com/");
    assert_eq!(document["jwks_uri"], "https://id.example.com/.well-known/jwks.json");
}
