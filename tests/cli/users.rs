//! `passbridge users`: import and export of users and passkeys.

use std::fs;

use crate::program::{Folder, Ran, run};
use kit::config::{EMBEDDED, ENVIRONMENT, route_verified_by_upstream};
use kit::device::Device;
use kit::gateway::Gateway;
use kit::provider::Provider::{Auth0, Quiva};
use kit::signup::{signs_in, signs_up};

/// A config with these embedded upstreams, each with a route of its own.
fn config(upstreams: &[&str]) -> String {
    let mut text = String::new();
    for name in upstreams {
        text += &EMBEDDED
            .replace("[upstreams.own]", &format!("[upstreams.{name}]"))
            .replace("own.db", &format!("{name}.db"));
        text += &route_verified_by_upstream(name, Quiva, name, &format!("hosts = [\"{name}.example\"]"));
    }
    text.replace("demo     = true", "demo     = false")
}

fn folder() -> Folder {
    Folder::with_config(&config(&["own"]))
}

const GOOD: &str = r#"{"id":"ada","email":"ada@example.com","name":"Ada"}"#;
const ALSO_GOOD: &str = r#"{"id":"bob"}"#;

#[test]
fn good_lines_are_imported_and_bad_ones_reported_by_number() {
    let folder = folder();
    let lines = [
        GOOD,
        "",
        "{\"id\":",
        r#"{"id":"eve","email":"eve@example.com","pasword":"hunter2"}"#,
        ALSO_GOOD,
        r#"{"id":"ada","email":"other@example.com"}"#,
        r#"{"id":"mallory","credentials":[{"id":"AQ","public_key":"AQ"}]}"#,
        r#"{"id":""}"#,
    ];
    folder.write("users.jsonl", &lines.join("\n"));
    let ran = folder.run(&["users", "import", "users.jsonl"]);
    assert_eq!((ran.code, ran.stdout.as_str()), (1, ""));
    let lines: Vec<_> = ran.stderr.lines().collect();
    let numbers: Vec<_> = lines.iter().filter_map(|line| line.split_once(": ")).map(|(line, _)| line).collect();
    assert_eq!(numbers, ["line 3", "line 4", "line 6", "line 7", "line 8"], "{lines:#?}");
    assert_eq!(*lines.last().unwrap(), "2 users with 0 passkeys imported, 5 lines refused");
    for value in ["hunter2", "eve@example.com", "other@example.com", "mallory"] {
        assert!(!ran.stderr.contains(value), "{value} is printed: {lines:#?}");
    }
    let exported = folder.run(&["users", "export", "-"]);
    let ids: Vec<serde_json::Value> = exported
        .stdout
        .lines()
        .map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap()["id"].clone())
        .collect();
    assert_eq!(ids, ["ada", "bob"]);
}

#[test]
fn clean_import_exits_0_also_from_stdin() {
    let folder = folder();
    let ran = run(folder.path(), &["users", "import", "-"], &[], &format!("{GOOD}\n{ALSO_GOOD}\n"));
    assert_eq!((ran.code, ran.stderr.as_str()), (0, "2 users with 0 passkeys imported, 0 lines refused\n"));
    let again = run(folder.path(), &["users", "import", "-"], &[], &format!("{GOOD}\n"));
    assert_eq!(again.code, 1, "{again:?}");
    assert!(again.stderr.contains("line 1: ") && again.stderr.contains(" is taken"), "{again:?}");
    let nothing = run(folder.path(), &["users", "import", "-"], &[], "");
    assert_eq!((nothing.code, nothing.stderr.as_str()), (0, "0 users with 0 passkeys imported, 0 lines refused\n"));
}

#[test]
fn export_round_trips_and_never_overwrites() {
    let (from, to) = (folder(), folder());
    run(from.path(), &["users", "import", "-"], &[], &format!("{GOOD}\n{ALSO_GOOD}\n"));
    let ran = from.run(&["users", "export", "users.jsonl"]);
    assert_eq!((ran.code, ran.stdout.as_str(), ran.stderr.as_str()), (0, "", "2 users exported\n"));
    let text = from.read("users.jsonl");
    to.write("users.jsonl", &text);
    assert_eq!(to.run(&["users", "import", "users.jsonl"]).code, 0);
    assert_eq!(to.run(&["users", "export", "-"]).stdout, text);

    let again = from.run(&["users", "export", "users.jsonl"]);
    assert_eq!((again.code, again.stdout.as_str()), (1, ""));
    assert!(again.stderr.starts_with("passbridge: users.jsonl cannot be created: "), "{again:?}");
    assert_eq!(from.read("users.jsonl"), text);
}

#[test]
fn unreadable_file_is_named() {
    let ran = folder().run(&["users", "import", "none.jsonl"]);
    assert_eq!(ran.code, 1);
    assert!(ran.stderr.starts_with("passbridge: none.jsonl cannot be read: "), "{ran:?}");
}

#[test]
fn directory_must_be_named_when_ambiguous() {
    let two = Folder::with_config(&config(&["one", "two"]));
    let import =
        |upstream: &[&str]| -> Ran { run(two.path(), &[&["users", "import", "-"], upstream].concat(), &[], GOOD) };
    let unsaid = import(&[]);
    assert_eq!(unsaid.code, 1);
    assert!(unsaid.stderr.contains("with --upstream: one, two"), "{unsaid:?}");
    let unknown = import(&["--upstream", "three"]);
    assert!(
        unknown.stderr.contains("`three` is not an upstream with `provider = \"embedded\"`; there is: one, two"),
        "{unknown:?}"
    );
    assert_eq!((unknown.code, import(&["--upstream", "two"]).code), (1, 0));
    assert!(two.path().join("two.db").exists() && !two.path().join("one.db").exists());

    let remote = "[upstreams.new]\nprovider = 'quiva'\nbase_url = 'http://127.0.0.1:1'\n".to_owned()
        + &route_verified_by_upstream("main", Quiva, "new", "");
    let none = Folder::with_config(&remote).run(&["users", "export", "-"]);
    assert_eq!(none.code, 1);
    assert!(none.stderr.contains("the config has no upstream with `provider = \"embedded\"`"), "{none:?}");
}

#[test]
fn invalid_config_exits_78() {
    let folder = Folder::with_config("[routes.main]\ndialect = 'quiva'");
    for arguments in
        [&["users", "export", "-"][..], &["users", "import", "-"], &["keys", "rotate"], &["check"], &["serve"], &[]]
    {
        let ran = folder.run(arguments);
        assert_eq!((ran.code, ran.stdout.as_str()), (78, ""), "{arguments:?}");
        assert!(ran.stderr.contains("`upstream` is missing"), "{arguments:?}: {ran:?}");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "{arguments:?} made a file");
    }
}

/// A gateway of its own before the embedded relying party.
pub(crate) async fn gateway() -> Gateway {
    Gateway::start(&(EMBEDDED.to_owned() + &route_verified_by_upstream("main", Auth0, "own", ""))).await
}

#[tokio::test]
async fn imported_passkey_signs_in() {
    let (from, to) = (gateway().await, gateway().await);
    let mut device = Device::default();
    signs_up(&from, &mut device, "grace@example.com").await;

    let exported = run(from.folder(), &["users", "export", "-"], ENVIRONMENT, "");
    assert_eq!((exported.code, exported.stderr.as_str()), (0, "2 users exported\n"));
    let grace = exported.stdout.lines().find(|line| line.contains("grace@example.com")).unwrap();
    let imported = run(to.folder(), &["users", "import", "-"], ENVIRONMENT, grace);
    assert_eq!((imported.code, imported.stderr.as_str()), (0, "1 user with 1 passkey imported, 0 lines refused\n"));

    let answer = signs_in(&to, &mut device).await;
    assert_eq!(answer.status, 200, "{answer:?}");
}
