//! The sixth provider's documented messages, and the requests of its callers.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Value, json};

use crate::expectations::PROVIDERS;
use crate::fixture::{self, Fixture};
use crate::schema;
use kit::config::CALLERS;
use kit::message::{Request, Response};
use kit::passkey::assertion;
use kit::provider::Begun;

/// The first line of every config: where the provider's file is.
pub(crate) fn providers() -> String {
    format!("providers = \"{PROVIDERS}\"\n")
}

/// `[routes.NAME]` for its callers; `user` is how users are authenticated.
pub(crate) fn route(name: &str, upstream: &str, user: &str, more: &str) -> String {
    format!(
        "[routes.{name}]\ndialect = \"kelpie\"\nupstream = \"{upstream}\"\n\
         callers = {{ key = [\"env:CALLER_KEY\"], user = {user} }}\n{more}\n"
    )
}

/// Users that the gateway verifies.
pub(crate) const BY_JWT: &str = concat!(
    r#"{ jwt = { key = "env:CALLER_JWT_KEY", algorithms = ["HS256"], issuer = "https://issuer.example/", "#,
    r#"audience = "https://api.example/", claims = { "user.id" = "sub", "user.email" = "email" } } }"#
);

/// Its documented example of a request.
pub(crate) fn request(operation: &str) -> Request {
    let fixture = fixture::one("kelpie", &format!("{operation}.request"));
    let (method, path, query) = fixture.request.clone().unwrap();
    let target = if query.is_empty() { path } else { format!("{path}?{query}") };
    Request { fields: fields(&fixture), ..Request::new(&method, &target) }.with_content(fixture.content)
}

/// Its documented example of a response or a fault.
pub(crate) fn response(name: &str) -> Response {
    let fixture = fixture::one("kelpie", name);
    Response { status: fixture.status.unwrap(), fields: fields(&fixture), content: fixture.content.into_bytes() }
}

fn fields(fixture: &Fixture) -> Vec<(String, String)> {
    let field =
        |(name, value): (&http::HeaderName, &http::HeaderValue)| (name.to_string(), value.to_str().unwrap().to_owned());
    fixture.fields.iter().map(field).collect()
}

/// Asserts that a request is what the provider documents.
pub(crate) fn violations_of(operation: &str, request: &Request) -> Vec<String> {
    schema::findings("kelpie", &format!("{operation}.request"), &request.as_object().unwrap())
}

/// Asserts that an answer is what the provider documents.
#[track_caller]
pub(crate) fn check(name: &str, response: &Response) {
    let findings = schema::findings("kelpie", name, &response.as_object().unwrap());
    assert!(findings.is_empty(), "{findings:#?}\n{response:?}");
}

/// A caller's begin.
pub(crate) fn begin() -> Request {
    request("login.begin").with_field("x-kelpie-key", CALLERS.key)
}

/// The values of a response to a begin that the finish needs.
pub(crate) fn begun(answer: &Response) -> Begun {
    let options: Value = serde_json::from_str(answer.content_json()["options"].as_str().unwrap()).unwrap();
    let challenge = BASE64_STANDARD.decode(options["challenge"].as_str().unwrap()).unwrap();
    Begun { challenge, session: answer.field("x-kelpie-ceremony").map(str::to_owned) }
}

/// A caller's finish, with the assertion that the other suites use.
pub(crate) fn finish(begun: &Begun) -> Request {
    finish_with(begun, &assertion(&begun.challenge))
}

/// The same with the credential of a browser.
pub(crate) fn finish_with(begun: &Begun, credential: &Value) -> Request {
    let content = json!({ "proof": proof(credential) });
    let request = request("login.finish").with_field("x-kelpie-key", CALLERS.key).with_json(&content);
    request.with_field("x-kelpie-ceremony", begun.session.as_deref().unwrap())
}

/// A browser's credential in the form of the provider's documents.
pub(crate) fn proof(credential: &Value) -> Value {
    let response = &credential["response"];
    json!({
        "kind": "public-key",
        "id": credential["id"],
        "attachment": credential["authenticatorAttachment"],
        "results": credential["clientExtensionResults"],
        "parts": {
            "client": response["clientDataJSON"],
            "authenticator": response["authenticatorData"],
            "signature": response["signature"],
            "user": response["userHandle"],
        },
    })
}
