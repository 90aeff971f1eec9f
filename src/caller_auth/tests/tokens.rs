//! User tokens that the gateway verifies.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, EncodingKey};
use serde_json::{Value as Json, json};

use super::*;
use crate::caller_auth::testing::{AUDIENCE, ISSUER, Signer, claims, claims_with, key_set, now};

const SECRET: &str = "a shared key of more than thirty-two bytes";

fn route(keys: &str, algorithms: &str) -> String {
    format!(
        r#"user = {{ jwt = {{ {keys}, algorithms = [{algorithms}], issuer = "{ISSUER}", audience = "{AUDIENCE}", claims = {{ "user.id" = "sub" }} }} }}"#
    )
}

/// Accepts tokens of these signers, from a file.
fn taking(algorithms: &str, signers: &[&Signer]) -> Callers {
    let folder = folder(&[("keys.json", &key_set(signers))]);
    callers(&route(r#"jwks = "file:keys.json""#, algorithms), Caller::User, folder.path())
}

async fn admit(callers: &Callers, token: &str) -> Result<AuthenticatedCaller, Refusal> {
    callers.admit(Caller::User, &with_token(token)).await
}

async fn reason(callers: &Callers, token: &str) -> String {
    let (fault, reason) = refused(admit(callers, token).await);
    assert_eq!(fault, Fault::Unauthenticated);
    reason
}

fn is_u_1(outcome: &Result<AuthenticatedCaller, Refusal>) {
    let claims = vec![(Member::UserId, Value::Text("u_1".into()))];
    assert_eq!(*outcome, Ok(AuthenticatedCaller { claims, verified_by: VerifiedBy::Gateway, is_backend: false }));
}

/// A token of these parts, without a valid signature.
fn forged(header: &Json, claims: &Json, signature: &[u8]) -> String {
    let part = |json: &Json| URL_SAFE_NO_PAD.encode(json.to_string());
    format!("{}.{}.{}", part(header), part(claims), URL_SAFE_NO_PAD.encode(signature))
}

#[tokio::test]
async fn each_type_of_key_verifies_its_tokens() {
    let signers =
        [Signer::rsa(Algorithm::RS256, "r"), Signer::rsa(Algorithm::PS512, "p"), Signer::es256("e"), Signer::ed("d")];
    let all: Vec<_> = signers.iter().collect();
    let callers = taking(r#""EdDSA", "ES256", "RS256", "PS512""#, &all);
    for signer in all {
        is_u_1(&admit(&callers, &signer.token()).await);
    }
    let folder = folder(&[("key", SECRET)]);
    let callers = self::callers(&route(r#"key = "file:key""#, r#""HS256""#), Caller::User, folder.path());
    is_u_1(&admit(&callers, &Signer::hmac(Algorithm::HS256, SECRET.as_bytes()).token()).await);
    assert!(callers.ready().await);
}

#[tokio::test]
async fn shared_key_matches_any_key_id() {
    let folder = folder(&[("key", SECRET)]);
    let callers = callers(&route(r#"key = "file:key""#, r#""HS256""#), Caller::User, folder.path());
    let mut signer = Signer::hmac(Algorithm::HS256, SECRET.as_bytes());
    signer.header.kid = Some("whatever".into());
    is_u_1(&admit(&callers, &signer.token()).await);
    signer.key = EncodingKey::from_secret(b"another shared key of more than thirty bytes");
    assert_eq!(reason(&callers, &signer.token()).await, "the token's signature is wrong");
}

#[tokio::test]
async fn token_without_key_id_is_tried_with_each_key_of_its_algorithm() {
    let (mut one, mut two) = (Signer::es256("one"), Signer::es256("two"));
    let callers = taking(r#""ES256", "EdDSA""#, &[&one, &two, &Signer::ed("three")]);
    (one.header.kid, two.header.kid) = (None, None);
    is_u_1(&admit(&callers, &one.token()).await);
    is_u_1(&admit(&callers, &two.token()).await);
    let mut stranger = Signer::es256("");
    stranger.header.kid = None;
    assert_eq!(reason(&callers, &stranger.token()).await, "the token's signature is wrong");
}

#[tokio::test]
async fn key_id_selects_one_key() {
    let (mut one, two) = (Signer::es256("one"), Signer::es256("two"));
    let callers = taking(r#""ES256""#, &[&one, &two]);
    one.header.kid = Some("two".into());
    assert_eq!(reason(&callers, &one.token()).await, "the token's signature is wrong");
    one.header.kid = Some("three".into());
    assert_eq!(reason(&callers, &one.token()).await, "the token's key is not in the key set");
}

#[tokio::test]
async fn tampered_token_is_refused() {
    let signer = Signer::es256("e");
    let callers = taking(r#""ES256""#, &[&signer]);
    let token = signer.token();
    let parts: Vec<_> = token.split('.').collect();
    let other = signer.sign(&claims_with("sub", json!("u_2")));
    let other: Vec<_> = other.split('.').collect();
    let mut flipped = URL_SAFE_NO_PAD.decode(parts[2]).unwrap();
    flipped[10] ^= 1;
    let flipped = URL_SAFE_NO_PAD.encode(flipped);
    for signature in [other[2], "", "AAAA", &flipped] {
        let tampered = format!("{}.{}.{signature}", parts[0], parts[1]);
        assert_eq!(reason(&callers, &tampered).await, "the token's signature is wrong");
    }
    let swapped = format!("{}.{}.{}", parts[0], other[1], parts[2]);
    assert_eq!(reason(&callers, &swapped).await, "the token's signature is wrong");
}

#[tokio::test]
async fn none_algorithm_is_refused() {
    let callers = taking(r#""ES256""#, &[&Signer::es256("e")]);
    for alg in ["none", "None", "NONE", ""] {
        for signature in [&b""[..], b"anything"] {
            let token = forged(&json!({ "alg": alg, "typ": "JWT" }), &claims(), signature);
            let refusal = reason(&callers, &token).await;
            assert_eq!(refusal, "the bearer token is not a signed JSON Web Token of a known algorithm", "{alg}");
        }
    }
}

#[tokio::test]
async fn public_key_is_not_accepted_as_shared_key() {
    let rsa = Signer::rsa(Algorithm::RS256, "r");
    let callers = taking(r#""RS256""#, &[&rsa]);
    let jwk = rsa.jwk();
    let modulus = URL_SAFE_NO_PAD.decode(jwk["n"].as_str().unwrap()).unwrap();
    for secret in [jwk.to_string().into_bytes(), modulus, key_set(&[&rsa]).into_bytes()] {
        for id in [None, Some("r".to_owned())] {
            let mut confused = Signer::hmac(Algorithm::HS256, &secret);
            confused.header.kid = id;
            let refusal = reason(&callers, &confused.token()).await;
            assert_eq!(refusal, "the token is signed with an algorithm that is not configured");
        }
    }
}

#[tokio::test]
async fn unlisted_algorithm_is_refused_even_with_the_right_key() {
    let callers = taking(r#""RS256""#, &[&Signer::rsa(Algorithm::RS256, "r"), &Signer::es256("e")]);
    for other in [Signer::rsa(Algorithm::RS512, "r"), Signer::rsa(Algorithm::PS256, "r"), Signer::es256("e")] {
        let refusal = reason(&callers, &other.token()).await;
        assert_eq!(refusal, "the token is signed with an algorithm that is not configured");
    }
}

#[tokio::test]
async fn key_inside_the_token_is_ignored() {
    let (known, mut own) = (Signer::es256("e"), Signer::es256("e"));
    let callers = taking(r#""ES256""#, &[&known]);
    own.header.jwk = serde_json::from_value(own.jwk()).unwrap();
    own.header.jku = Some("http://127.0.0.1:1/keys".into());
    assert_eq!(reason(&callers, &own.token()).await, "the token's signature is wrong");
}

#[tokio::test]
async fn claims_are_checked() {
    let signer = Signer::es256("e");
    let callers = taking(r#""ES256""#, &[&signer]);
    let cases = [
        ("iss", json!("https://issuer.example"), "the token is from another issuer"),
        ("iss", json!([ISSUER, "https://other.example/"]), "the token's `iss` is not a string"),
        ("iss", json!(null), "the token's claim `iss` is missing or malformed"),
        ("iss", json!(1), "the token's claim `iss` is missing or malformed"),
        ("aud", json!("https://other.example"), "the token is for another audience"),
        ("aud", json!(["https://other.example"]), "the token is for another audience"),
        ("aud", json!([]), "the token is for another audience"),
        ("aud", json!(null), "the token's claim `aud` is missing or malformed"),
        ("exp", json!(now() - 3600), "the token has expired"),
        ("exp", json!(0), "the token has expired"),
        ("exp", json!(null), "the token's claim `exp` is missing or malformed"),
        ("exp", json!("9999999999"), "the token's claim `exp` is missing or malformed"),
        ("exp", json!(-1), "the token's claim `exp` is missing or malformed"),
        ("nbf", json!(now() + 3600), "the token is not valid yet"),
        ("nbf", json!("soon"), "the token's claim `nbf` is malformed"),
        ("sub", json!(null), "the claim `sub` is missing or not text"),
        ("sub", json!(""), "the claim `sub` is missing or not text"),
        ("sub", json!(["u_1"]), "the token cannot be parsed"),
        ("sub", json!(true), "the claim `sub` is missing or not text"),
    ];
    for (claim, value, why) in cases {
        assert_eq!(reason(&callers, &signer.sign(&claims_with(claim, value.clone()))).await, why, "{claim}: {value}");
    }
    for claim in ["iss", "aud", "exp", "sub"] {
        let mut claims = claims();
        claims.as_object_mut().unwrap().remove(claim);
        let refusal = reason(&callers, &signer.sign(&claims)).await;
        assert!(refusal.contains(&format!("`{claim}` is missing")), "{refusal}");
    }
}

#[tokio::test]
async fn clock_leeway_and_several_audiences_are_accepted() {
    let signer = Signer::es256("e");
    let callers = taking(r#""ES256""#, &[&signer]);
    for (claim, value) in [
        ("exp", json!(now() - 5)),
        ("nbf", json!(now() + 30)),
        ("nbf", json!(now() - 3600)),
        ("aud", json!(["https://other.example", AUDIENCE])),
    ] {
        is_u_1(&admit(&callers, &signer.sign(&claims_with(claim, value))).await);
    }
}

#[tokio::test]
async fn malformed_token_is_refused() {
    let signer = Signer::es256("e");
    let callers = taking(r#""ES256""#, &[&signer]);
    let token = signer.token();
    let two_forms = format!("{token}, Bearer {token}");
    let forms = ["x", "..", "a.b.c", "a.b.c.d.e", &format!("Bearer {token}"), &format!(" {token}"), &two_forms];
    for form in forms {
        let refusal = reason(&callers, form).await;
        let unread =
            ["the bearer token is not a signed JSON Web Token of a known algorithm", "the token cannot be parsed"];
        assert!(unread.contains(&&*refusal), "{form}: {refusal}");
    }
    let refusal = reason(&callers, &format!("{token} ")).await;
    assert_eq!(refusal, "the token cannot be parsed");
    let long = format!("{token}{}", "A".repeat(16 * 1024));
    assert_eq!(reason(&callers, &long).await, "the bearer token is too long");
}

#[tokio::test]
async fn token_sent_as_another_credential_is_ignored() {
    let signer = Signer::es256("e");
    let callers = taking(r#""ES256""#, &[&signer]);
    let token = signer.token();
    let elsewhere = AssertionRequest {
        client_key: Some((&*token).into()),
        client_secret: Some((&*token).into()),
        ..Default::default()
    };
    let refusal = refused(callers.admit(Caller::User, &elsewhere).await);
    assert_eq!(refusal, (Fault::Unauthenticated, "the bearer token is missing".to_owned()));
    // With both credentials, the one that the operation requires decides.
    let both = AssertionRequest { user_token: Some("x.y.z".into()), ..elsewhere };
    assert_eq!(refused(callers.admit(Caller::User, &both).await).0, Fault::Unauthenticated);
}

#[tokio::test]
async fn critical_extension_is_refused() {
    let mut signer = Signer::es256("e");
    let callers = taking(r#""ES256""#, &[&signer]);
    signer.header.crit = Some(vec!["b64".into()]);
    let refusal = reason(&callers, &signer.token()).await;
    assert_eq!(refusal, "the token's header has `crit`, and no extension is supported");
}

#[tokio::test]
async fn numeric_claim_becomes_text() {
    let signer = Signer::es256("e");
    let callers = taking(r#""ES256""#, &[&signer]);
    let admitted = admit(&callers, &signer.sign(&claims_with("sub", json!(42)))).await.unwrap();
    assert_eq!(admitted.claims, [(Member::UserId, Value::Text("42".into()))]);
}

#[tokio::test]
async fn request_that_names_another_user_than_its_token_is_refused() {
    let signer = Signer::es256("e");
    let callers = taking(r#""ES256""#, &[&signer]);
    let token = signer.token();
    let naming = |user| AssertionRequest { user_id: Some(user), ..with_token(&token) };
    is_u_1(&callers.admit(Caller::User, &naming("u_1".into())).await);
    let refusal = refused(callers.admit(Caller::User, &naming("u_2".into())).await);
    assert_eq!(refusal, (Fault::Forbidden, "`user.id` of the request differs from the claim `sub`".to_owned()));
    // Without a valid token, the difference of the names is not revealed.
    let expired = signer.sign(&claims_with("exp", json!(1)));
    let request = AssertionRequest { user_id: Some("u_2".into()), ..with_token(&expired) };
    assert_eq!(refused(callers.admit(Caller::User, &request).await).0, Fault::Unauthenticated);
}

#[test]
fn request_is_not_borrowed_while_its_token_is_verified() {
    fn is_send<T: Send>(value: T) -> T {
        value
    }
    async fn exchange(callers: &Callers, request: crate::model::message::Request<'_>) -> bool {
        callers.admit(Caller::User, request.record()).await.is_ok()
    }
    let callers = taking(r#""ES256""#, &[&Signer::es256("e")]);
    let request = crate::model::message::Request::LoginBegin(Box::new(with_token("x")));
    drop(is_send(exchange(&callers, request)));
    drop(is_send(callers.ready()));
}
