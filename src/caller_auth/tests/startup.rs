//! The findings of `callers` tables, with their texts.

use super::*;
use crate::base::diagnostic::Severity;
use crate::caller_auth::testing::{Signer, key_set};

/// The valid rest of a `jwt` table.
const REST: &str = r#"issuer = "i", audience = "a", claims = { "user.id" = "sub" }"#;

/// Each finding as one text: key, message and remedy.
fn findings(answers: &str, base: &Path) -> Vec<String> {
    let kind = match answers.split([' ', '.']).next().unwrap() {
        "key" => Caller::Key,
        "client" => Caller::Client,
        "user" => Caller::User,
        other => panic!("{other}"),
    };
    let (_, findings) = compile(answers, &[kind], base, Relation::AnotherProvider);
    findings.into_iter().map(|(key, finding)| shown(&key, &finding)).collect()
}

fn shown(key: &str, finding: &Diagnostic) -> String {
    assert!(finding.location.is_none() && !finding.label.is_empty() && !finding.message.ends_with('.'));
    let severity = match finding.severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Note => "note",
    };
    format!("{key}: {severity}: {}\n  {}", finding.message, finding.remedy)
}

fn jwt(parts: &str) -> String {
    format!("user = {{ jwt = {{ {parts}, {REST} }} }}")
}

#[test]
fn keys() {
    let folder = folder(&[("one", "secret-1"), ("two", "secret-1"), ("empty", "")]);
    let cases = [
        (
            "key = []",
            "callers.key: error: the list of API keys is empty, so every caller would be refused\n  \
             add a key as `env:NAME` or `file:PATH`, or write `\"anyone\"`",
        ),
        (
            r#"key = ["env:PASSBRIDGE_NO_SUCH"]"#,
            "callers.key: error: an API key cannot be read: the environment variable PASSBRIDGE_NO_SUCH is not set\n  \
             set PASSBRIDGE_NO_SUCH in the environment of the gateway",
        ),
        (
            r#"key = ["file:empty"]"#,
            "callers.key: error: an API key cannot be read: the file empty is empty\n  \
             write the secret to empty, and make the file readable by the gateway",
        ),
        (
            r#"key = ["file:one", "file:two"]"#,
            "callers.key: warning: the file two has the same API key as another entry of the list\n  \
             remove one of them, or use a different key",
        ),
    ];
    for (answers, text) in cases {
        assert_eq!(findings(answers, folder.path()), [text]);
    }
}

#[test]
fn clients() {
    let folder = folder(&[("one", "secret-1"), ("two", "secret-1"), ("three", "secret-3")]);
    let cases = [
        (
            "client = {}",
            "callers.client: error: the table of clients is empty, so every caller would be refused\n  \
             write `\"CLIENT_ID\" = \"env:NAME\"` for each client, or `client = \"anyone\"`",
        ),
        (
            r#"client = { a = "env:PASSBRIDGE_NO_SUCH" }"#,
            "callers.client.a: error: the secret of the client `a` cannot be read: \
             the environment variable PASSBRIDGE_NO_SUCH is not set\n  \
             set PASSBRIDGE_NO_SUCH in the environment of the gateway",
        ),
        (r#"client = { "" = "public" }"#, "callers.client: error: a client id is empty\n  write the client's id"),
        (
            r#"client = { a = "file:one", b = "file:three", c = "file:two", d = "public", e = "public" }"#,
            "callers.client.c: warning: the clients `a` and `c` have the same secret\n  \
             give each client its own secret; otherwise one can impersonate the other",
        ),
    ];
    for (answers, text) in cases {
        assert_eq!(findings(answers, folder.path()), [text]);
    }
}

#[test]
fn upstream_of_another_provider_cannot_verify_tokens() {
    assert_eq!(
        findings(r#"user = "upstream""#, Path::new(".")),
        [
            "callers.user: error: an upstream of another provider cannot verify tokens of `acme`\n  let the gateway verify them: \
          `user = { jwt = { jwks = \"https://issuer.example/jwks.json\", algorithms = [\"RS256\"], \
          issuer = \"https://issuer.example/\", audience = \"https://api.example\", \
          claims = { \"user.id\" = \"sub\" } } }`"
        ]
    );
}

#[test]
fn token_keys() {
    let keys = key_set(&[&Signer::es256("e")]);
    let pem = "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n";
    let folder = folder(&[("keys", &keys), ("html", "<html>hunter2"), ("pem", pem), ("short", "hunter2")]);
    let not_an_address = "callers.user.jwt.jwks: error: `jwks` must be an `https` URL, an `http` URL of the local machine, or a file\n  \
         write `https://...` or `file:PATH`; keys that are not protected in transit could be replaced";
    let cases = [
        (
            r#"algorithms = ["ES256"]"#,
            "callers.user.jwt: error: `jwt` has neither `jwks` nor `key`\n  \
             write `jwks = \"https://...\"` or `jwks = \"file:PATH\"` for public keys, or `key = \"env:NAME\"` \
             for a shared one",
        ),
        (
            r#"algorithms = ["ES256"], jwks = "file:keys", key = "file:short""#,
            "callers.user.jwt: error: `jwt` has both `jwks` and `key`\n  \
             remove one of them",
        ),
        (r#"algorithms = ["ES256"], jwks = "http://issuer.example/keys?key=hunter2""#, not_an_address),
        (r#"algorithms = ["ES256"], jwks = "keys.json""#, not_an_address),
        (r#"algorithms = ["ES256"], jwks = "env:HUNTER""#, not_an_address),
        (
            r#"algorithms = ["ES256"], jwks = "https://a:hunter2@issuer.example/""#,
            "callers.user.jwt.jwks: error: the URL in `jwks` has a user name or a password\n  \
             remove them; key sets are public",
        ),
        (
            r#"algorithms = ["ES256"], jwks = "file:html""#,
            "callers.user.jwt.jwks: error: the file html is not valid: it is not a JSON Web Key Set\n  \
             store the JSON Web Key Set (RFC 7517) of the issuer in it",
        ),
        (
            r#"algorithms = ["RS256", "EdDSA"], jwks = "file:keys""#,
            "callers.user.jwt.jwks: error: the file keys has no key for RS256 or EdDSA\n  \
             list the algorithms of its keys, or use another file",
        ),
        (
            r#"algorithms = ["HS256"], key = "env:PASSBRIDGE_NO_SUCH""#,
            "callers.user.jwt.key: error: the shared key cannot be read: \
             the environment variable PASSBRIDGE_NO_SUCH is not set\n  \
             set PASSBRIDGE_NO_SUCH in the environment of the gateway",
        ),
        (
            r#"algorithms = ["HS256"], key = "file:pem""#,
            "callers.user.jwt.key: error: the file pem has a PEM block, but `key` is a shared secret\n  \
             put the public key into a key set and set `jwks`; as a shared secret it would let anyone sign tokens",
        ),
        (
            r#"algorithms = ["HS256", "HS384"], key = "file:short""#,
            "callers.user.jwt.key: warning: the shared key in the file short is shorter than 48 bytes \
             and can be guessed from one token\n  \
             use a random key at least as long as the hash (RFC 7518 section 3.2), if the issuer supports it",
        ),
    ];
    for (parts, text) in cases {
        let found = findings(&jwt(parts), folder.path());
        assert_eq!(found, [text]);
        assert!(!found[0].contains("hunter2"));
    }
    let missing = findings(&jwt(r#"algorithms = ["ES256"], jwks = "file:no such""#), folder.path()).remove(0);
    assert!(missing.starts_with("callers.user.jwt.jwks: error: the key set cannot be read: the file "), "{missing}");
}

#[test]
fn algorithms() {
    let folder = folder(&[("keys", &key_set(&[&Signer::es256("e")])), ("key", &"k".repeat(64))]);
    let at = "callers.user.jwt.algorithms: error:";
    let (public, shared) = (r#"jwks = "file:keys""#, r#"key = "file:key""#);
    let cases = [
        (
            public,
            "",
            "`algorithms` is empty, so every token would be refused\n  \
             write the algorithm that the issuer uses, such as `algorithms = [\"RS256\"]`",
        ),
        (public, r#""ES256", "none""#, "`none` would accept tokens without a signature\n  remove `none`"),
        (public, r#""ES256", "es384""#, "unknown algorithm `es384`\n  did you mean `ES384`?"),
        (public, r#""ES256", "RS265""#, "unknown algorithm `RS265`\n  did you mean `RS256`?"),
        (
            public,
            r#""ES256", "Blowfish""#,
            "unknown algorithm `Blowfish`\n  the algorithms are: RS256, RS384, RS512, PS256, PS384, \
             PS512, ES256, ES384, EdDSA, HS256, HS384, HS512",
        ),
        (
            public,
            r#""ES256", "HS256""#,
            "`HS256` needs a shared key, but the keys of `jwks` are public\n  \
             remove `HS256`, or use `key` instead of `jwks`",
        ),
        (
            shared,
            r#""HS256", "RS256""#,
            "`RS256` needs a public key, but `key` is a shared key\n  \
             remove `RS256`, or use `jwks` instead of `key`",
        ),
        (
            shared,
            r#""EdDSA""#,
            "`EdDSA` needs a public key, but `key` is a shared key\n  \
             remove `EdDSA`, or use `jwks` instead of `key`",
        ),
    ];
    for (keys, names, text) in cases {
        let found = findings(&jwt(&format!("{keys}, algorithms = [{names}]")), folder.path());
        assert_eq!(found, [format!("{at} {text}")]);
    }
}

#[test]
fn issuer_and_audience() {
    let folder = folder(&[("key", &"k".repeat(32))]);
    let answers = r#"user = { jwt = { key = "file:key", algorithms = ["HS256"], issuer = "", audience = "", claims = { "user.id" = "sub" } } }"#;
    assert_eq!(
        findings(answers, folder.path()),
        [
            "callers.user.jwt.issuer: error: `issuer` is empty, so every token would be refused\n  \
             write the `iss` of the issuer's tokens",
            "callers.user.jwt.audience: error: `audience` is empty, so every token would be refused\n  \
             write the `aud` of the issuer's tokens",
        ]
    );
}

#[test]
fn all_errors_are_found_at_once() {
    let answers = r#"open = "anyone", key = [], user = { jwt = { algorithms = ["none"], issuer = "i", audience = "a", claims = { "usr.id" = "sub" } } }"#;
    let kinds = [Caller::Key, Caller::Client, Caller::User];
    let (_, findings) = compile(answers, &kinds, Path::new("."), Relation::AnotherProvider);
    let keys: Vec<_> = findings.iter().map(|(key, _)| key.as_str()).collect();
    assert_eq!(
        keys,
        [
            "callers",
            "callers.open",
            "callers.key",
            "callers.user.jwt.claims.usr.id",
            "callers.user.jwt",
            "callers.user.jwt.algorithms",
        ]
    );
}

#[test]
fn every_source_of_keys_is_accepted() {
    let folder = folder(&[("keys", &key_set(&[&Signer::es256("e")])), ("key", &"k".repeat(64))]);
    for parts in [
        r#"algorithms = ["ES256"], jwks = "file:keys""#,
        r#"algorithms = ["EdDSA"], jwks = "http://127.0.0.1:9/keys""#,
        r#"algorithms = ["HS512"], key = "file:key""#,
    ] {
        assert_eq!(findings(&jwt(parts), folder.path()), [""; 0], "{parts}");
    }
    // Without installed certificate authorities the finding reports that, without the address.
    let https = r#"algorithms = ["ES256", "RS256"], jwks = "https://issuer.example/keys?key=public""#;
    let found = findings(&jwt(https), folder.path());
    let no_tls = "callers.user.jwt.jwks: error: `jwks` cannot be fetched: TLS cannot be set up; \
                  are certificate authorities installed on this system?\n  \
                  install certificate authorities, or store the key set in a file";
    assert!(found.is_empty() || found == [no_tls], "{found:?}");
}
