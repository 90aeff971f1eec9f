//! `passbridge handles`: importing and removing user handles.

use crate::program::{Folder, Ran, run};
use kit::config::{EMBEDDED, route_verified_by_upstream};
use kit::provider::Provider::Quiva;

fn folder(handles: &[(&str, &str)]) -> Folder {
    let mut text = String::new();
    for (name, line) in handles {
        text += &EMBEDDED.replace("[upstreams.own]", &format!("[upstreams.{name}]\n{line}"));
        text = text.replace("own.db", &format!("{name}.db"));
        text += &route_verified_by_upstream(name, Quiva, name, &format!("hosts = [\"{name}.example\"]"));
    }
    Folder::with_config(&text)
}

fn one() -> Folder {
    folder(&[("own", "handles = \"handles.sqlite\"")])
}

const CSV: &str = "credential_id,upstream_handle,caller_handle,rp_id\nAQID,YWRh,b2xk,localhost\nBAUG,Ym9i,,\n";

fn said(ran: &Ran) -> (i32, &str) {
    (ran.code, &ran.stderr)
}

#[test]
fn import_is_idempotent() {
    let folder = one();
    folder.write("handles.csv", CSV);
    let first = folder.run(&["handles", "import", "handles.csv"]);
    assert_eq!(said(&first), (0, "2 passkeys imported, 0 already known\n"));
    let line = r#"{"credential_id":"BwgJ","upstream_handle":"YWRh"}"#;
    let second = run(folder.path(), &["handles", "import", "-"], &[], line);
    assert_eq!(said(&second), (0, "1 passkey imported, 0 already known\n"));
    let again = folder.run(&["handles", "import", "handles.csv", "--upstream", "own"]);
    assert_eq!(said(&again), (0, "0 passkeys imported, 2 already known\n"));
    assert!(folder.path().join("handles.sqlite").is_file());
}

#[test]
fn bad_lines_are_reported_and_nothing_is_imported() {
    let folder = one();
    folder.write("handles.csv", "credential_id,upstream_handle\nAQID,YWRh\nBAUG,hunter2!\n,YWRh\n");
    let ran = folder.run(&["handles", "import", "handles.csv"]);
    let expected = "line 3 has a `upstream_handle` that is not base64\n  help: write the bytes in base64url\n\
                    line 4 has no `credential_id`\n  help: fill it in, or remove the line\n\
                    nothing imported: 2 lines not valid\n";
    assert_eq!(said(&ran), (1, expected));
    folder.write("handles.csv", CSV);
    let ran = folder.run(&["handles", "import", "handles.csv"]);
    assert_eq!(said(&ran), (0, "2 passkeys imported, 0 already known\n"), "the valid line was not imported before");
    folder.write("handles.txt", CSV);
    let ran = folder.run(&["handles", "import", "handles.txt"]);
    assert_eq!((ran.code, ran.stderr.contains("must be named `*.csv` or `*.jsonl`")), (1, true), "{ran:?}");
    let ran = folder.run(&["handles", "import", "none.csv"]);
    assert_eq!((ran.code, ran.stderr.contains("none.csv cannot be read")), (1, true), "{ran:?}");
}

#[test]
fn passkey_is_forgotten_by_id() {
    let folder = one();
    folder.write("handles.csv", CSV);
    folder.run(&["handles", "import", "handles.csv"]);
    let ran = folder.run(&["handles", "forget", "AQID"]);
    assert_eq!(said(&ran), (0, "1 passkey removed\n"));
    let ran = folder.run(&["handles", "forget", "AQID", "BAUG"]);
    assert_eq!(said(&ran), (1, "credential id 1 is not known\n1 passkey removed\n"));
    let ran = folder.run(&["handles", "forget", "?"]);
    assert_eq!(said(&ran), (1, "passbridge: credential id 1 is not base64\n"));
    let ran = folder.run(&["handles", "import", "handles.csv"]);
    assert_eq!(said(&ran), (0, "2 passkeys imported, 0 already known\n"));
}

#[test]
fn upstream_option_is_needed_only_when_ambiguous() {
    let none = folder(&[("own", "")]).run(&["handles", "forget", "AQID"]);
    assert_eq!((none.code, none.stderr.contains("the config has no upstream with `handles = ")), (1, true), "{none:?}");
    let two = folder(&[("one", "handles = \"one.h\""), ("two", "handles = \"two.h\""), ("three", "")]);
    let ran = two.run(&["handles", "forget", "AQID"]);
    assert_eq!(
        said(&ran),
        (1, "passbridge: select one of the upstreams with `handles = \"FILE\"` with --upstream: one, two\n")
    );
    let ran = two.run(&["handles", "forget", "AQID", "--upstream", "three"]);
    assert_eq!(
        said(&ran),
        (1, "passbridge: `three` is not an upstream with `handles = \"FILE\"`; there is: one, two\n")
    );
    let ran = two.run(&["handles", "forget", "AQID", "--upstream", "two"]);
    assert_eq!(said(&ran), (1, "credential id 1 is not known\n0 passkeys removed\n"));
    assert!(two.path().join("two.h").is_file() && !two.path().join("one.h").exists());
}

#[test]
fn foreign_file_is_left_unchanged() {
    let folder = one();
    folder.write("handles.sqlite", "not ours");
    let ran = folder.run(&["handles", "forget", "AQID"]);
    assert_eq!((ran.code, ran.stderr.contains("it is not a file of user handles")), (78, true), "{ran:?}");
    assert_eq!(folder.read("handles.sqlite"), "not ours");
}

#[test]
fn explain_reports_what_it_does_not_read() {
    let folder = one();
    let host = "own.example";
    let begin =
        format!("POST /accounts/begin-passkey-registration HTTP/1.1\nhost: {host}\nauthorization: Bearer x\n\n");
    let ran = run(folder.path(), &["explain", "-"], &[], &begin);
    let note = "`handles.sqlite` is not read offline: it gives the user handle for the client";
    assert!(ran.stdout.contains(note), "{ran:?}");
    assert!(!folder.path().join("handles.sqlite").exists(), "no file is created");
}

#[test]
fn check_reports_user_handle_bridging() {
    let ran = one().run(&["check"]);
    assert!(ran.stdout.contains("user handles in `handles.sqlite`"), "{ran:?}");
    assert_eq!(ran.code, 0);
}
