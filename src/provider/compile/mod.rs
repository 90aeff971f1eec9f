//! Compiles a provider file and reports all of its errors.
//!
//! In addition to the checks of the template compiler, every member must be in a message or in its `omits`, and
//! every fault must have a row with which it can be written.

mod faults;
mod keys;
mod message;
mod operation;

use http::HeaderValue;

use crate::base::diagnostic::Diagnostics;
use crate::base::document::{Document, Table};
use crate::model::operation::Operation;
use crate::provider::descriptor::{Accepts, Provider};
use crate::provider::faults::FaultTable;
use crate::provider::template::codec::Codec;
use crate::provider::template::compile::Compiler;

const KEYS: &[&str] = &[
    "title",
    "aliases",
    "bytes",
    "content_type",
    "accepts",
    "fields",
    "login",
    "registration",
    "signup",
    "session",
    "credentials",
    "faults",
];

/// Compiles a provider file.
pub fn provider(id: &str, document: &Document) -> (Provider, Diagnostics) {
    let root = &document.root;
    let mut compiler =
        Compiler { source: document.source.clone(), bytes: Codec::Base64Url, diagnostics: Diagnostics::default() };
    keys::known(&mut compiler, root, KEYS);
    compiler.bytes = bytes(&mut compiler, root);
    let title = keys::text(&mut compiler, root, "title").unwrap_or_else(|| id.to_owned());
    let is_another_name = !title.to_lowercase().starts_with(&id.to_lowercase());
    let mut provider = Provider {
        id: id.to_owned(),
        display_name: if is_another_name { format!("{title} ({id})") } else { id.to_owned() },
        title,
        aliases: keys::texts(&mut compiler, root, "aliases"),
        content_type: content_type(&mut compiler, root),
        accepts: accepts(&mut compiler, root),
        fields: keys::table(&mut compiler, root, "fields").map_or_else(Vec::new, |fields| compiler.fields(fields, &[])),
        operations: operation::all(&mut compiler, root),
        faults: FaultTable::default(),
        answer_fields: Vec::new(),
    };
    login(&mut compiler, &provider);
    let mistakes = compiler.diagnostics.len();
    provider.faults = faults::table(&mut compiler, root);
    provider.answer_fields = provider.fields_read();
    // A row with an error may be the one that would be reported as missing.
    if compiler.diagnostics.len() == mistakes {
        faults::complete(&mut compiler, root, &provider);
    }
    (provider, compiler.diagnostics)
}

fn bytes(compiler: &mut Compiler, root: &Table) -> Codec {
    let remedy = "write `bytes = \"base64url\"` (not padded) or `bytes = \"base64\"` (standard, padded)";
    match root.item("bytes") {
        None => compiler.error(&(0..0), "`bytes` is missing", "in this file", remedy),
        Some(item) => match item.as_text().and_then(Codec::named) {
            Some(codec @ (Codec::Base64 | Codec::Base64Url)) => return codec,
            _ => compiler.error(&item.span, "unknown byte encoding", "this value", remedy),
        },
    }
    Codec::Base64Url
}

fn content_type(compiler: &mut Compiler, root: &Table) -> HeaderValue {
    let json = HeaderValue::from_static("application/json");
    let Some(item) = root.item("content_type") else { return json };
    match keys::text(compiler, root, "content_type").map(|text| HeaderValue::from_str(&text)) {
        Some(Ok(content_type)) => content_type,
        Some(Err(_)) => {
            let remedy = "write a media type, such as \"application/json; charset=utf-8\"";
            compiler.error(&item.span, "`content_type` is not a valid header field value", "this value", remedy);
            json
        }
        None => json,
    }
}

fn accepts(compiler: &mut Compiler, root: &Table) -> Accepts {
    match root.item("accepts").map(|item| (item, item.as_text())) {
        None | Some((_, Some("json"))) => Accepts::Json,
        Some((_, Some("any"))) => Accepts::Any,
        Some((item, _)) => {
            let remedy = "write \"json\", or \"any\" if the provider accepts JSON with any Content-Type";
            compiler.error(&item.span, "`accepts` must be \"json\" or \"any\"", "this value", remedy);
            Accepts::Json
        }
    }
}

/// A provider must have a login. Not checked if the file has other errors, which may be the cause.
fn login(compiler: &mut Compiler, provider: &Provider) {
    let may_be_broken = compiler.diagnostics.has_errors();
    for needed in [Operation::LoginBegin, Operation::LoginFinish] {
        if !provider.operations.contains_key(&needed) && !may_be_broken {
            let message = format!("the provider has no `{}`", needed.name());
            let remedy = format!("write `[{0}.request]` and `[{0}.response]`", needed.name());
            compiler.error(&(0..0), message, "in this file", remedy);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A minimal provider.
    const WHOLE: &str = r#"
title = "Example"
bytes = "base64url"
[login.begin.request]
method = "POST"
path = "/begin/{user.id}"
caller = "key"
fields = { Authorization = "Bearer {client.key!}" }
omits = { "user.email" = "x", account = "x", organization = "x", connection = "x", rp_id = "x" }
[login.begin.response]
content = { c = "{challenge!}", list = [{ "$each" = "{allow_credentials}", id = "{id!}", type = "{type}" }] }
[login.begin.response.omits]
"user.*" = "x"
"allow_credentials.transports" = "x"
timeout = "x"
rp_id = "x"
user_verification = "x"
hints = "x"
extensions = "x"
mediation = "x"
[login.finish]
unknown = ["x"]
[login.finish.request]
method = "POST"
path = "/finish"
caller = "open"
content = { c = "{credential.client_data_json!}" }
omits = { "credential.*" = "x", "user.*" = "x", "tokens.*" = "x", account = "x", organization = "x", connection = "x", scope = "x", audience = "x", session_lifetime = "x" }
[login.finish.response]
omits = { "credential.*" = "x", "user.*" = "x", "tokens.*" = "x" }
[[faults]]
fault = ["invalid_request", "unauthenticated", "forbidden", "unknown_user", "not_enabled", "challenge_expired", "assertion_rejected", "conflict", "too_large", "unsupported_media_type", "method_not_allowed", "not_found", "rate_limited", "overloaded", "upstream_refused_us", "upstream_invalid", "upstream_failed", "upstream_unavailable", "upstream_timeout", "identity_unavailable"]
status = 400
[[faults]]
fault = "internal"
status = 500
"#;

    fn found(text: &str) -> Vec<String> {
        let (_, diagnostics) = provider("x", &Document::parse("x.toml", text).unwrap());
        diagnostics.iter().map(|diagnostic| diagnostic.message.clone()).collect()
    }

    #[test]
    fn minimal_provider_has_no_errors() {
        let (provider, diagnostics) = provider("x", &Document::parse("x.toml", WHOLE).unwrap());
        assert!(diagnostics.is_empty(), "{diagnostics}");
        assert_eq!(
            provider.operations.keys().copied().collect::<Vec<_>>(),
            [Operation::LoginBegin, Operation::LoginFinish]
        );
        let begin = &provider.operations[&Operation::LoginBegin];
        assert_eq!(begin.request.message.fields[0].name, "authorization");
        assert_eq!(begin.response.status, http::StatusCode::OK);
    }

    #[test]
    fn every_error_is_found() {
        for (from, to, message) in [
            ("title = \"Example\"", "titel = \"Example\"", "unknown key `titel`"),
            ("title = \"Example\"", "title = 1", "`title` must be a string"),
            ("bytes = \"base64url\"\n", "", "`bytes` is missing"),
            ("bytes = \"base64url\"", "bytes = \"hex\"", "unknown byte encoding"),
            ("bytes = ", "content_type = \"a\\nb\"\nbytes = ", "`content_type` is not a valid header field value"),
            ("bytes = ", "accepts = \"xml\"\nbytes = ", "`accepts` must be \"json\" or \"any\""),
            ("[login.finish]", "[login.end]\n[login.finish]", "unknown operation `login.end`"),
            ("[login.finish]", "[signup]\nbegin = 1\n[login.finish]", "an operation must be a table"),
            ("unknown = [\"x\"]", "unknown = \"x\"", "`unknown` must be an array of strings"),
            ("unknown = [\"x\"]", "unknown = [1]", "`unknown` must contain only strings"),
            ("method = \"POST\"\npath = \"/finish\"", "path = \"/finish\"", "`method` is missing or not valid"),
            ("path = \"/finish\"\n", "", "`path` is missing"),
            ("caller = \"open\"", "caller = \"anyone\"", "unknown kind of caller"),
            (
                "caller = \"open\"",
                "caller = \"user\"",
                "`caller = \"user\"` requires `user.token`, which the request does not have",
            ),
            (
                "[login.finish.response]",
                "[login.finish.response]\nstatus = 302",
                "`status` must be a number from 200 to 299",
            ),
            (
                "[login.finish.response]",
                "[login.finish.response]\nalso = 1",
                "`also` must be an array of content tables",
            ),
            ("c = \"{challenge!}\"", "c = 1", "`login.begin.response` does not mention `challenge`"),
            ("timeout = \"x\"", "", "`login.begin.response` does not mention `timeout`"),
            (
                "\"allow_credentials.transports\" = \"x\"",
                "",
                "`login.begin.response` does not mention `allow_credentials.transports`",
            ),
            ("rp_id = \"x\"\n", "rp_id = \"\"\n", "an omission needs a reason"),
            (
                "rp_id = \"x\"\n",
                "rp_id = \"x\"\nchallenge = \"x\"\n",
                "`challenge` is both in the message and in its `omits`",
            ),
            (
                "rp_id = \"x\"\n",
                "rp_id = \"x\"\n\"allow_credentials.id\" = \"x\"\n",
                "`allow_credentials.id` is both in the message and in its `omits`",
            ),
            ("rp_id = \"x\"\n", "rp_id = \"x\"\nnobody = \"x\"\n", "unknown member `nobody`"),
            ("fault = \"internal\"", "fault = \"internl\"", "unknown fault `internl`"),
            ("fault = \"internal\"", "", "`fault` is missing"),
            ("status = 500", "status = \"6xx\"", "`status` is missing or not valid"),
            ("status = 500", "status = \"5xx\"", "`login.begin`, `login.finish` have no row for: `internal`"),
            (
                "status = 500",
                "status = 500\noperations = [\"login.begin\"]",
                "`login.finish` has no row for: `internal`",
            ),
        ] {
            assert_eq!(WHOLE.matches(from).count(), 1, "{from}");
            let found = found(&WHOLE.replace(from, to));
            assert!(found.iter().any(|one| one == message), "{message}: {found:#?}");
        }
    }

    #[test]
    fn provider_without_login_is_rejected() {
        let start = WHOLE.find("[login.begin.request]").unwrap()..WHOLE.find("[[faults]]").unwrap();
        let mut text = WHOLE.to_owned();
        text.replace_range(start, "");
        assert_eq!(found(&text), ["the provider has no `login.begin`", "the provider has no `login.finish`"]);
    }
}
