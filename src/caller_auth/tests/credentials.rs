//! Open operations, API keys, clients, and tokens that the upstream verifies.

use super::*;
use crate::caller_auth::digest::tests::COMPARED;

fn with_key(key: &str) -> AssertionRequest<'_> {
    AssertionRequest { client_key: Some(key.into()), ..Default::default() }
}

fn with_client<'a>(id: &'a str, secret: Option<&'a str>) -> AssertionRequest<'a> {
    AssertionRequest { client_id: Some(id.into()), client_secret: secret.map(Into::into), ..Default::default() }
}

fn by(verified_by: VerifiedBy) -> Result<AuthenticatedCaller, Refusal> {
    Ok(AuthenticatedCaller { claims: Vec::new(), verified_by, is_backend: false })
}

fn backend() -> Result<AuthenticatedCaller, Refusal> {
    Ok(AuthenticatedCaller { claims: Vec::new(), verified_by: VerifiedBy::Gateway, is_backend: true })
}

#[tokio::test]
async fn open_operation_needs_no_credentials() {
    let callers = callers(r#"open = "anyone""#, Caller::Open, Path::new("."));
    assert_eq!(callers.admit(Caller::Open, &AssertionRequest::default()).await, by(VerifiedBy::Gateway));
    assert!(callers.ready().await);
}

#[tokio::test]
async fn only_configured_keys_are_accepted() {
    let folder = folder(&[("a", "key-a\n"), ("b", "key-b")]);
    let callers = callers(r#"key = ["file:a", "file:b"]"#, Caller::Key, folder.path());
    for key in ["key-a", "key-b"] {
        assert_eq!(callers.admit(Caller::Key, &with_key(key)).await, backend());
    }
    for key in ["key-", "key-aa", "key-c", "KEY-A", "key-a\n", "Bearer key-a"] {
        let refusal = refused(callers.admit(Caller::Key, &with_key(key)).await);
        assert_eq!(refusal, (Fault::Unauthenticated, "the API key is unknown".to_owned()), "{key:?}");
    }
    // A bearer token is not an API key, even if the text is the same.
    let refusal = refused(callers.admit(Caller::Key, &with_token("key-a")).await);
    assert_eq!(refusal, (Fault::Unauthenticated, "the API key is missing".to_owned()));
}

#[tokio::test]
async fn client_needs_its_own_id_and_secret() {
    let folder = folder(&[("one", "secret-1"), ("two", "secret-2")]);
    let known = r#"client = { one = "file:one", two = "file:two", open = "public" }"#;
    let callers = callers(known, Caller::Client, folder.path());
    let admit = async |id, secret| callers.admit(Caller::Client, &with_client(id, secret)).await;
    for (id, secret) in [("one", "secret-1"), ("two", "secret-2")] {
        assert_eq!(admit(id, Some(secret)).await, backend(), "{id}");
    }
    // A public client is no backend, whatever it sends.
    for secret in [None, Some("ignored")] {
        assert_eq!(admit("open", secret).await, by(VerifiedBy::Gateway));
    }

    for (id, secret) in [("one", Some("secret-2")), ("one", None), ("two", Some("")), ("one", Some("secret-1 "))] {
        let refusal = refused(admit(id, secret).await);
        assert_eq!(refusal, (Fault::Unauthenticated, "the client secret is missing or wrong".to_owned()));
    }
    for id in ["three", "ONE", "one "] {
        let refusal = refused(admit(id, Some("secret-1")).await);
        assert_eq!(refusal, (Fault::Unauthenticated, "the client id is unknown".to_owned()));
    }
    let refusal = refused(callers.admit(Caller::Client, &AssertionRequest::default()).await);
    assert_eq!(refusal, (Fault::Unauthenticated, "the client id is missing".to_owned()));
}

#[tokio::test]
async fn all_callers_take_the_same_number_of_comparisons() {
    let folder = folder(&[("a", "secret-a"), ("b", "secret-b"), ("c", "secret-c")]);
    let clients = callers(
        r#"client = { a = "file:a", b = "file:b", c = "file:c", d = "public" }"#,
        Caller::Client,
        folder.path(),
    );
    let keys = callers(r#"key = ["file:a", "file:b", "file:c"]"#, Caller::Key, folder.path());
    let work = async |callers: &Callers, kind, request: AssertionRequest<'_>| {
        COMPARED.set(0);
        let _ = callers.admit(kind, &request).await;
        COMPARED.get()
    };
    for (id, secret) in [
        ("a", Some("secret-a")),
        ("c", Some("secret-c")),
        ("a", Some("wrong")),
        ("d", None),
        ("x", Some("y")),
        ("x", None),
    ] {
        assert_eq!(work(&clients, Caller::Client, with_client(id, secret)).await, 8, "{id}");
    }
    for key in ["secret-a", "secret-c", "x"] {
        assert_eq!(work(&keys, Caller::Key, with_key(key)).await, 3, "{key}");
    }
}

#[tokio::test]
async fn anyone_must_still_present_a_credential() {
    let keys = callers(r#"key = "anyone""#, Caller::Key, Path::new("."));
    assert_eq!(keys.admit(Caller::Key, &with_key("made up")).await, backend());
    assert!(keys.admit(Caller::Key, &AssertionRequest::default()).await.is_err());
    let clients = callers(r#"client = "anyone""#, Caller::Client, Path::new("."));
    assert_eq!(clients.admit(Caller::Client, &with_client("made up", None)).await, by(VerifiedBy::Gateway));
    assert!(clients.admit(Caller::Client, &AssertionRequest::default()).await.is_err());
}

#[tokio::test]
async fn upstream_verifies_a_present_token() {
    for relation in [Relation::Embedded, Relation::SameProvider] {
        let (callers, findings) = compile(r#"user = "upstream""#, &[Caller::User], Path::new("."), relation);
        assert!(findings.is_empty());
        assert_eq!(callers.admit(Caller::User, &with_token("anything")).await, by(VerifiedBy::Upstream));
        let refusal = refused(callers.admit(Caller::User, &with_key("anything")).await);
        assert_eq!(refusal, (Fault::Unauthenticated, "the bearer token is missing".to_owned()));
        assert!(callers.ready().await);
    }
}

#[tokio::test]
async fn caller_of_an_unconfigured_kind_is_refused() {
    let callers = callers(r#"open = "anyone""#, Caller::Open, Path::new("."));
    let all = AssertionRequest {
        client_id: Some("a".into()),
        client_secret: Some("b".into()),
        client_key: Some("c".into()),
        user_token: Some("d".into()),
        ..Default::default()
    };
    for kind in [Caller::Key, Caller::Client, Caller::User] {
        assert_eq!(refused(callers.admit(kind, &all).await).0, Fault::Forbidden);
    }
    let (broken, findings) = compile(r#"key = ["file:no such"]"#, &[Caller::Key], Path::new("."), Relation::Embedded);
    assert_eq!(findings.len(), 1);
    assert_eq!(refused(broken.admit(Caller::Key, &all).await).0, Fault::Unauthenticated);
    assert_eq!(refused(broken.admit(Caller::Open, &all).await).0, Fault::Forbidden);
}

#[test]
fn no_secret_is_shown() {
    let folder =
        folder(&[("a", "hunter2-key"), ("b", "hunter2-secret"), ("c", "hunter2-hunter2-hunter2-hunter2-hmac")]);
    let answers = r#"key = ["file:a"], client = { id = "file:b" }, user = { jwt = { key = "file:c",
        algorithms = ["HS256"], issuer = "i", audience = "a", claims = { "user.id" = "sub" } } }"#
        .replace('\n', "");
    let kinds = [Caller::Key, Caller::Client, Caller::User];
    let (callers, findings) = compile(&answers, &kinds, folder.path(), Relation::Embedded);
    assert!(findings.is_empty(), "{findings:?}");
    let shown = format!("{callers:#?}");
    assert!(shown.contains("Digest(..)") && shown.contains("redacted"), "{shown}");
    assert!(!shown.contains("hunter2"), "{shown}");
    let authenticated = AuthenticatedCaller {
        claims: vec![(Member::UserId, Value::Text("u_1".into()))],
        verified_by: VerifiedBy::Gateway,
        is_backend: false,
    };
    assert_eq!(format!("{authenticated:?}"), r#"AuthenticatedCaller { claims: ["user.id"], verified_by: Gateway }"#);
}
