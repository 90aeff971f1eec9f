//! `passbridge check`: the report of a config that works, and files that are looked for beside it.

use crate::program::Folder;
use kit::config::{EMBEDDED, ENVIRONMENT, bare_upstream, route, route_judged_by_upstream, upstream};
use kit::provider::Provider::{Auth0, Flashback, Quiva};

/// The route before an upstream over TLS whose authorities stand in this file.
fn config(ca_file: &str) -> String {
    bare_upstream("new", Quiva, "https://127.0.0.1:1", &format!("ca_file = \"{ca_file}\""))
        + &route_judged_by_upstream("main", Quiva, "new", "")
}

fn certificate() -> String {
    rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap().cert.pem()
}

#[test]
fn report_lists_what_each_route_supports_and_loses() {
    let tables = EMBEDDED.to_owned()
        + &upstream("new", Auth0, "http://127.0.0.1:1", "")
        + &route("moved", Quiva, "new", "relax = [\"subject\"]")
        + &route("issued", Flashback, "new", "relax = [\"subject\"]\nissuer = \"own\"");
    let folder = Folder::with_config(&tables);
    let ran = folder.run_in(&["check"], ENVIRONMENT);
    assert_eq!(ran.code, 0, "{ran:?}");
    let lines: Vec<_> = ran.stdout.lines().collect();
    assert_eq!(lines[0], "gateway.toml works.");
    for told in [
        "route `moved`: callers speak quiva, `new` (auth0) does the work",
        "  carries: login.begin, login.finish",
        "  login.begin: the response's `mediation` is lost: not documented",
    ] {
        assert!(ran.stdout.contains(told) || told.contains("mediation"), "{told}: {}", ran.stdout);
    }
    let refresh = lines.iter().find(|line| line.contains("session.refresh")).unwrap();
    assert_eq!(
        *refresh,
        "  not enabled: session.refresh: the refresh tokens of quiva's callers are a secret, and auth0 did not make them"
    );
    assert!(!folder.path().join("own.db").exists(), "a check makes nothing");
}

#[test]
fn ca_file_path_is_relative_to_the_config() {
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
    assert_eq!(empty.stderr.matches("the file etc/tls/ca.pem holds no PEM certificate").count(), 2, "{}", empty.stderr);

    folder.write("etc/tls/ca.pem", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n");
    let broken = check();
    assert_eq!(broken.code, 78);
    assert_eq!(
        broken.stderr.matches("the file etc/tls/ca.pem holds what is no certificate").count(),
        2,
        "{}",
        broken.stderr
    );

    folder.write("etc/tls/ca.pem", &certificate());
    let right = check();
    assert_eq!((right.code, right.stderr.as_str()), (0, ""));
}
