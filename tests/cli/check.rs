//! `passbridge check`: its report, its severities, and files that a config names.

use serde_json::{Value, json};

use crate::program::Folder;
use kit::config::{EMBEDDED, ENVIRONMENT, bare_upstream, route, route_verified_by_upstream, upstream};
use kit::provider::Provider::{Auth0, Flashback, Quiva, Streambird};

/// A route before an upstream over TLS with these certificate authorities.
fn config(ca_file: &str) -> String {
    bare_upstream("new", Quiva, "https://127.0.0.1:1", &format!("ca_file = \"{ca_file}\""))
        + &route_verified_by_upstream("main", Quiva, "new", "")
}

fn certificate() -> String {
    rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap().cert.pem()
}

/// Streambird before the embedded relying party on an address that other machines reach.
const EXPOSED: &str = r#"
[server]
listen = "0.0.0.0:8080"
[upstreams.own]
provider = "embedded"
rp_id    = "localhost"
origins  = ["http://localhost:8080"]
database = "missing/users.db"
demo     = true
[routes.app]
dialect  = "streambird"
upstream = "own"
callers  = { key = "anyone" }
"#;

#[test]
fn the_report_has_one_line_for_each_route_and_the_number_of_notes() {
    let tables = EMBEDDED.to_owned()
        + &upstream("new", Auth0, "http://127.0.0.1:1", "")
        + &route("moved", Quiva, "new", "relax = [\"subject\"]")
        + &route("issued", Flashback, "new", "relax = [\"subject\"]\nissuer = \"own\"")
        + "[passthrough]\n\"old.example\" = \"https://127.0.0.1:1\"\n";
    let folder = Folder::with_config(&tables);
    let ran = folder.run_in(&["check"], ENVIRONMENT);
    assert_eq!(ran.code, 0, "{ran:?}");
    let mut lines: Vec<_> = ran.stdout.lines().collect();
    let note_count = lines.pop().unwrap();
    assert_eq!(
        lines,
        [
            "gateway.toml works.",
            "listen 127.0.0.1:8080, admin 127.0.0.1:9090",
            "passthrough old.example -> https://127.0.0.1:1",
            "route `issued`: dialect flashback, upstream `new` (auth0); serves login; tokens issued by `own`",
            "route `moved`: dialect quiva, upstream `new` (auth0); serves login; tokens issued by `new`",
        ]
    );
    assert!(note_count.ends_with(" notes (--verbose)"), "{ran:?}");
    let refresh = "warning: route `moved`: `session.refresh` is not supported: a caller's refresh token may have been issued by \
                   quiva and must not be sent to auth0";
    assert!(ran.stderr.contains(refresh), "{ran:?}");
    assert!(!folder.path().join("own.db").exists(), "a check creates no file");
}

#[test]
fn the_default_config_has_no_warning() {
    let ran = Folder::empty().run(&["check", "--strict"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    assert_eq!(ran.stderr, "");
}

#[test]
fn verbose_prints_notes_and_merges_equal_ones() {
    let ran = Folder::empty().run(&["check", "--verbose"]);
    for note in [
        "note: route `quiva`: request member `account` is lost in `login.begin` and `login.finish`: the embedded relying \
         party does not use it",
        "note: route `flashback`: `registration.begin` and `registration.finish` are not supported: flashback responses \
         cannot carry the user handle, so a new passkey could never sign in at the embedded relying party",
    ] {
        assert_eq!(ran.stdout.matches(note).count(), 1, "{note}: {ran:?}");
    }
}

#[test]
fn an_exposed_address_and_a_missing_folder_are_warnings_that_strict_rejects() {
    let folder = Folder::empty();
    folder.write("gateway.toml", EXPOSED);
    let ran = folder.run(&["check"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    for warning in [
        "warning: callers need no credentials on route `app` (key), and other machines reach 0.0.0.0:8080",
        "warning: the folder `missing` of the database does not exist",
        "warning: upstream `own` has the demo user, and other machines reach 0.0.0.0:8080",
    ] {
        assert!(ran.stderr.contains(warning), "{warning}: {ran:?}");
    }
    assert_eq!(folder.run(&["check", "--strict"]).code, 78);
}

#[test]
fn json_has_the_routes_and_the_findings_with_their_places() {
    let folder = Folder::empty();
    folder.write("gateway.toml", EXPOSED);
    let ran = folder.run(&["check", "--json"]);
    assert_eq!((ran.code, ran.stderr.as_str()), (0, ""));
    let report: Value = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!((&report["config"], &report["valid"]), (&json!("gateway.toml"), &json!(true)));
    assert_eq!(report["listen"], "0.0.0.0:8080");
    let route = &report["routes"][0];
    assert_eq!(
        (&route["name"], &route["dialect"], &route["token_issuer"]),
        (&json!("app"), &json!("streambird"), &json!("own"))
    );
    assert_eq!(route["upstreams"][0]["provider"], "embedded");
    assert_eq!(route["upstreams"][0]["supported"][0], "login.begin");
    let folder_finding = &report["findings"][1];
    assert_eq!(
        *folder_finding,
        json!({
            "severity": "warning",
            "message": "the folder `missing` of the database does not exist",
            "file": "gateway.toml", "line": 8, "column": 12,
            "key": "upstreams.own.database",
            "remedy": "create it before the gateway starts",
        })
    );

    folder.write("gateway.toml", "[routes.app]\n");
    let broken = folder.run(&["check", "--json"]);
    assert_eq!((broken.code, broken.stderr.as_str()), (78, ""));
    let report: Value = serde_json::from_str(&broken.stdout).unwrap();
    assert_eq!((&report["valid"], &report["routes"]), (&json!(false), &json!([])));
    assert_eq!(report["findings"][0]["severity"], "error");
}

#[test]
fn an_upstream_that_may_omit_the_user_is_a_warning() {
    let tables = upstream("new", Auth0, "http://127.0.0.1:1", "")
        + &route("app", Streambird, "new", "relax = [\"allow_credentials\"]");
    let ran = Folder::with_config(&tables).run_in(&["check"], ENVIRONMENT);
    let warning = "the response of auth0 to `login.finish` may not name the user who signed in, and nothing else";
    assert!(ran.code == 0 && ran.stderr.contains(warning), "{ran:?}");
}

#[test]
fn set_may_refer_to_the_member_that_it_sets() {
    let tables = upstream("new", Quiva, "http://127.0.0.1:1", "")
        + &route(
            "app",
            Streambird,
            "new",
            "relax = [\"subject\", \"allow_credentials\"]\nset.user.email = \"{user.email}\"",
        );
    let ran = Folder::with_config(&tables).run_in(&["check"], ENVIRONMENT);
    assert_eq!(ran.code, 78, "{ran:?}");
    assert!(ran.stderr.contains("quiva requires `user.email`, which streambird requests do not carry"), "{ran:?}");
}

#[test]
fn certificate_authorities_are_relative_to_the_config() {
    let folder = Folder::empty();
    folder.write(
        "etc/gateway.toml",
        &(config("tls/ca.pem")
            + "[passthrough]\n\"old.example\" = { url = \"https://127.0.0.1:1\", ca_file = \"tls/ca.pem\" }\n"),
    );
    let check = || folder.run(&["check", "--config", "etc/gateway.toml"]);
    let missing = check();
    assert_eq!((missing.code, missing.stdout.as_str()), (78, ""));
    for key in ["etc/gateway.toml:4:11", "etc/gateway.toml:12:"] {
        assert!(missing.stderr.contains(key), "{key}: {}", missing.stderr);
    }
    assert_eq!(missing.stderr.matches("the file etc/tls/ca.pem cannot be read: No such file").count(), 2);

    folder.write("etc/tls/ca.pem", "no certificate at all\n");
    let empty = check();
    assert_eq!(empty.code, 78);
    assert_eq!(
        empty.stderr.matches("the file etc/tls/ca.pem contains no PEM certificate").count(),
        2,
        "{}",
        empty.stderr
    );

    folder.write("etc/tls/ca.pem", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n");
    let broken = check();
    assert_eq!(broken.code, 78);
    assert_eq!(
        broken.stderr.matches("the file etc/tls/ca.pem contains an invalid certificate").count(),
        2,
        "{}",
        broken.stderr
    );

    folder.write("etc/tls/ca.pem", &certificate());
    let right = check();
    assert_eq!((right.code, right.stderr.as_str()), (0, ""));
}

#[test]
fn an_undeclared_client_address_is_a_note_and_trust_in_every_address_a_warning() {
    let config = |server: &str| {
        let exposed = EXPOSED.replace("listen = \"0.0.0.0:8080\"", &format!("listen = \"0.0.0.0:8080\"\n{server}"));
        exposed.replace("streambird", "flashback").replace("key = \"anyone\"", "user = \"upstream\"")
    };
    let check = |server: &str| {
        let ran = Folder::with_config(&config(server)).run_in(&["check", "--verbose"], ENVIRONMENT);
        ran.stdout + &ran.stderr
    };
    let (undeclared, everything) =
        ("limits by client address are only observed", "each client can choose its own address");
    assert!(check("").contains(&format!("note: {undeclared}")));
    let direct = check("trusted_proxies = []");
    assert!(!direct.contains(undeclared) && !direct.contains(everything), "{direct}");
    assert!(
        check("trusted_proxies = [\"::/0\"]")
            .contains(&format!("warning: `server.trusted_proxies` is every address, so {everything}"))
    );
}
