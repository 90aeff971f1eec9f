//! `passbridge explain`: output, exit codes and errors. It opens no socket and shows no secret.

use std::fs;

use crate::explain_without_upstream::squeezed;
use crate::golden;
use crate::program::{Folder, Ran, run};
use kit::config::{CALLERS, ENVIRONMENT, JWT_KEY, OURS};
use kit::provider::Provider;

/// Every dialect before another provider, and before the embedded relying party on a host of its own.
pub(crate) const CONFIG: &str = include_str!("golden/explain/gateway.toml");

pub(crate) fn fixture(provider: Provider, operation: &str) -> String {
    let root = env!("CARGO_MANIFEST_DIR");
    fs::read_to_string(format!("{root}/tests/fixtures/{}/{operation}.request.http", provider.id())).unwrap()
}

/// The same request for a host, below the prefix of its route.
pub(crate) fn to_host(request: &str, host: &str, prefix: &str) -> String {
    let (line, rest) = request.split_once('\n').unwrap();
    format!("{}\nhost: {host}\n{rest}", line.replacen(" /", &format!(" {prefix}/"), 1))
}

fn explain(arguments: &[&str], input: &str) -> Ran {
    let folder = Folder::with_config(CONFIG);
    let ran = run(folder.path(), &[&["explain"], arguments].concat(), ENVIRONMENT, input);
    assert!(!folder.path().join("own.db").exists(), "nothing is made");
    ran
}

fn is_secretless(ran: &Ran) {
    let secrets = [OURS.secrets(), CALLERS.secrets()].concat();
    for secret in secrets.into_iter().chain([JWT_KEY]) {
        assert!(!ran.stdout.contains(secret) && !ran.stderr.contains(secret), "{secret}: {ran:?}");
    }
}

#[test]
fn every_dialect_is_explained_for_provider_and_embedded_upstreams() {
    for dialect in Provider::ALL {
        let mut said = String::new();
        for operation in ["login.begin", "login.finish", "registration.begin"] {
            for kind in ["other", "own"] {
                let host = format!("{kind}.{}.example", dialect.id());
                let request = to_host(&fixture(dialect, operation), &host, dialect.prefix());
                let ran = explain(&[], &request);
                is_secretless(&ran);
                said.push_str(&golden::transcript(&format!("{operation} for {host}"), &ran));
            }
        }
        golden::compare(&format!("explain/{}.txt", dialect.id()), &said);
    }
}

#[test]
fn json_output_has_the_same_content() {
    let request = to_host(&fixture(Provider::Streambird, "login.begin"), "other.streambird.example", "");
    let ran = explain(&["--json", "-"], &request);
    assert_eq!((ran.code, ran.stderr.as_str()), (0, ""));
    is_secretless(&ran);
    golden::compare("explain/streambird.json", &ran.stdout);
    let explanation: serde_json::Value = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!(explanation["verdict"], "carried");
    assert_eq!(explanation["taken"]["faults"].as_array().unwrap().len(), 21);
}

#[test]
fn unmatched_request_exits_3_with_the_reason() {
    let quiva = fixture(Provider::Quiva, "login.begin");
    for (request, expected) in [
        (to_host(&quiva, "nowhere.example", ""), "no route matches, and `[passthrough]` has no target"),
        (to_host(&quiva, "other.quiva.example", "/x"), "has no operation at /x/accounts/begin-auth-with-passkey"),
        (
            to_host(&quiva.replacen("passkey ", "paskey ", 1), "other.quiva.example", ""),
            "did you mean /accounts/begin-auth-with-passkey?",
        ),
        (
            to_host(&quiva.replacen("POST", "PUT", 1), "other.quiva.example", ""),
            "expects method POST, the request has PUT",
        ),
        (to_host(&quiva, "old.example", ""), "the request passes through unchanged to https://old.provider.example"),
        (
            to_host("POST /oauth/token HTTP/1.1\n\n{\"grant_type\":\"password\"}", "old.auth0.example", ""),
            "the content's /grant_type is not \"urn:okta:params:oauth:grant-type:webauthn\"",
        ),
    ] {
        let ran = explain(&["-"], &request);
        assert_eq!((ran.code, ran.stderr.as_str()), (3, ""), "{request}: {ran:?}");
        assert!(ran.stdout.contains(expected), "{expected}: {}", ran.stdout);
    }
}

#[test]
fn refused_request_exits_1_with_the_dialects_envelope() {
    let request =
        to_host("POST /accounts/begin-auth-with-passkey HTTP/1.1\n\n{\"email\":7}", "other.quiva.example", "");
    let ran = explain(&[], &request);
    assert_eq!(ran.code, 1, "{ran:?}");
    for expected in ["the gateway refuses the request", "/email must be a string", "invalid_request as 400 {\"error\":"]
    {
        assert!(ran.stdout.contains(expected), "{expected}: {}", ran.stdout);
    }
}

#[test]
fn unreadable_request_is_reported_with_its_line() {
    for (input, expected) in [
        ("", "there is no message\n--> standard input:1"),
        ("{\"email\":\"a@b.c\"}", "the request line and the header fields are missing"),
        ("GET /a HTTP/1.1\nno field\n", "this line is not a header field\n--> standard input:2"),
    ] {
        let ran = explain(&[], input);
        assert_eq!((ran.code, ran.stdout.as_str()), (1, ""), "{input:?}");
        assert!(ran.stderr.contains(expected) && ran.stderr.contains("help: "), "{input:?}: {}", ran.stderr);
    }
    let ran = explain(&["missing.http"], "");
    assert_eq!(ran.code, 1);
    assert!(ran.stderr.contains("the message cannot be read") && ran.stderr.contains("missing.http"), "{ran:?}");
}

#[test]
fn invalid_config_exits_78() {
    let folder = Folder::with_config("[routes.app]\ndialect = \"quvia\"\n");
    let ran = run(folder.path(), &["explain"], &[], "GET / HTTP/1.1\n");
    assert_eq!((ran.code, ran.stdout.as_str()), (78, ""), "{ran:?}");
    assert!(ran.stderr.contains("gateway.toml is not valid"), "{ran:?}");
}

#[test]
fn curl_trace_is_accepted() {
    let log = "*   Trying 127.0.0.1:8080...\n> POST /accounts/begin-auth-with-passkey HTTP/1.1\r\n> Host: own.quiva.example\r\n\
               > Content-Type: application/json\r\n>\r\n{\"email\":\"user@example.com\"}\r\n< HTTP/1.1 401 Unauthorized\r\n";
    let ran = explain(&[], log);
    assert_eq!(ran.code, 0, "{ran:?}");
    assert!(squeezed(&ran.stdout).contains("user.email \"user@example.com\""), "{}", ran.stdout);
}

#[test]
fn curl_command_and_har_entry_are_read() {
    let command = "curl 'https://own.quiva.example/accounts/begin-auth-with-passkey' \\\n  -H 'content-type: application/json' \\\n  \
                   --data-raw $'{\"email\":\"user\\u0040example.com\"}' --compressed";
    let entry = |url: &str| {
        let headers = [serde_json::json!({ "name": "content-type", "value": "application/json" })];
        let content = serde_json::json!({ "text": "{\"email\":\"user@example.com\"}" });
        serde_json::json!({ "request": { "method": "POST", "url": url, "headers": headers, "postData": content } })
    };
    let urls = ["https://other.example/", "https://own.quiva.example/accounts/begin-auth-with-passkey"];
    let har = serde_json::json!({ "log": { "entries": urls.map(entry) } }).to_string();
    for (arguments, input) in [(&[][..], command), (&["--entry", "2"], &har)] {
        let ran = explain(arguments, input);
        assert_eq!(ran.code, 0, "{ran:?}");
        assert!(squeezed(&ran.stdout).contains("user.email \"user@example.com\""), "{}", ran.stdout);
    }
    let unselected = explain(&[], &har);
    assert_eq!((unselected.code, unselected.stdout.as_str()), (1, ""), "{unselected:?}");
    for part in ["the HAR file has 2 entries", "1  POST https://other.example/\n", "--entry N"] {
        assert!(unselected.stderr.contains(part), "{part}: {}", unselected.stderr);
    }
}

#[test]
fn policy_decision_is_explained() {
    let policies = "\n[routes.quiva_own.rules.beta]\nupstream = \"second\"\nwhen = { account = [\"acme\"] }\n[upstreams.second]\n\
                    provider = \"embedded\"\nrp_id = \"localhost\"\norigins = [\"http://localhost:8080\"]\ndatabase = \"second.db\"\n";
    let folder = Folder::with_config(&format!("{CONFIG}{policies}"));
    for (account, expected) in [("acme", "`second` by policy: choose:beta"), ("other", "`own` by policy: default")] {
        let json = format!("{{\"email\":\"user@example.com\",\"account\":\"{account}\"}}");
        let request = format!("POST /accounts/begin-auth-with-passkey HTTP/1.1\nhost: own.quiva.example\n\n{json}");
        let ran = run(folder.path(), &["explain"], ENVIRONMENT, &request);
        assert_eq!(ran.code, 0, "{ran:?}");
        assert!(ran.stdout.contains(expected), "{expected}: {}", ran.stdout);
    }
    let finish = to_host(&fixture(Provider::Quiva, "login.finish"), "own.quiva.example", "");
    let ran = run(folder.path(), &["explain"], ENVIRONMENT, &finish);
    assert!(
        ran.stdout.contains("the upstream that issued the challenge is called, `own` or `second`"),
        "{}",
        ran.stdout
    );
}
