//! Import, export, and an import that is killed.

use std::io::{BufReader, Cursor, Read, Write};
use std::process::{Command, Stdio};
use std::sync::LazyLock;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use super::{BadLine, Imported, MAX_LINE, TransferError, export, import};
use crate::relying_party::directory::Store;
use crate::relying_party::directory::credential::Credential;
use crate::relying_party::directory::tests::temporary;
use crate::relying_party::directory::user::User;
use crate::relying_party::tests::forger::Forger;

/// The environment variable with the folder of the child's directory.
const IMPORT_INTO: &str = "TEST_IMPORT_INTO";

static KEY: LazyLock<String> = LazyLock::new(|| URL_SAFE_NO_PAD.encode(Forger::new(&[]).row().public_key));

fn user(number: u32) -> Value {
    user_with(3, number)
}

fn user_with(credentials: u32, number: u32) -> Value {
    let credential = |index: u32| {
        let id = URL_SAFE_NO_PAD.encode(format!("{number}/{index}"));
        json!({ "id": id, "public_key": *KEY, "sign_count": number })
    };
    json!({
        "id": format!("user_{number}"),
        "handle": URL_SAFE_NO_PAD.encode(format!("handle {number}")),
        "email": format!("user{number}@example.com"),
        "credentials": (1..=credentials).map(credential).collect::<Value>(),
    })
}

fn run(store: &mut Store, text: &str) -> (Imported, Vec<String>) {
    let mut refused = Vec::new();
    let imported = import(store, "localhost", Cursor::new(text), |bad: BadLine| refused.push(bad.to_string())).unwrap();
    (imported, refused)
}

fn exported(store: &Store) -> String {
    let mut text = Vec::new();
    export(store, &mut text).unwrap();
    String::from_utf8(text).unwrap()
}

#[test]
fn export_imports_unchanged() {
    let (_place, mut store) = temporary();
    let full = json!({
        "id": "user_full", "handle": "aGFuZGxl", "email": "Full@Example.com",
        "name": "Full", "display_name": "Full Name",
        "profile": {"phone": "+1", "username": "full", "given_name": "F", "family_name": "N", "nickname": "f",
                    "picture": "https://example.com/p.png", "metadata": {"b": [1, 2.50], "a": null}},
        "created_at": 7,
        "credentials": [{
            "id": "_-8", "public_key": *KEY, "sign_count": 4294967295_u32,
            "transports": ["usb", "nfc"], "uv_initialized": true, "backup_eligible": true, "backup_state": true,
            "rp_id": "example.com", "aaguid": "ea9b8d66-4d01-1d21-3ce4-b6b48cb575d4", "name": "Key",
            "handle": "webauthn_1", "created_at": 8, "last_used_at": 9,
        }],
    });
    let bare = json!({"id": "user_bare"});
    let text = format!("{full}\n\n  \n{bare}");
    assert_eq!(run(&mut store, &text), (Imported { users: 2, credentials: 1, refused: 0 }, vec![]));
    let first = exported(&store);
    let line: Value = serde_json::from_str(first.lines().nth(1).unwrap()).unwrap();
    assert_eq!(line, full);

    let (_place, mut other) = temporary();
    assert_eq!(run(&mut other, &first).0.users, 2);
    assert_eq!(exported(&other), first);
}

#[test]
fn users_of_several_pages_are_exported_once() {
    let (_place, mut store) = temporary();
    let text: String = (0..600).map(|number| format!("{}\n", user(number))).collect();
    assert_eq!(run(&mut store, &text).0, Imported { users: 600, credentials: 1800, refused: 0 });
    let mut ids: Vec<Value> =
        exported(&store).lines().map(|line| serde_json::from_str::<Value>(line).unwrap()["id"].take()).collect();
    ids.dedup();
    assert_eq!(ids.len(), 600);
}

#[test]
fn bad_line_is_reported_and_the_others_are_imported() {
    let (_place, mut store) = temporary();
    let change = |number: u32, pointer: &str, value: Value| {
        let mut user = user(number);
        *user.pointer_mut(pointer).unwrap() = value;
        user.to_string()
    };
    let with = |number: u32, name: &str, value: Value| {
        let mut user = user(number);
        user[name] = value;
        user.to_string()
    };
    let with_credential = |number: u32, name: &str, value: Value| {
        let mut user = user(number);
        user["credentials"][0][name] = value;
        user.to_string()
    };
    let mut nameless = user(8);
    nameless.as_object_mut().unwrap().remove("handle");
    let lines = [
        (user(1).to_string(), ""),
        ("{\"id\": \"user_2\"".to_owned(), "line 2: not JSON, at column 15"),
        ("[]".to_owned(), "line 3: a member has the wrong type, at column 2"),
        ("{}".to_owned(), "line 4: missing field `id`, at column 2"),
        (json!({"id": "x", "e-mail": "secret@example.com"}).to_string(), "line 5: unknown field `e-mail`"),
        (json!({"id": "x", "created_at": "secret"}).to_string(), "line 6: a member has the wrong type"),
        (change(7, "/email", json!("no address")), "line 7: email is not an e-mail address"),
        (nameless.to_string(), "line 8: handle is missing"),
        (change(9, "/handle", json!(URL_SAFE_NO_PAD.encode([0; 65]))), "line 9: handle must have 1 to 64 bytes"),
        (change(10, "/credentials/1/id", json!("")), "line 10: credentials: id must have"),
        (change(11, "/credentials/1/public_key", json!("oA")), "line 11: credentials: public_key is not a COSE key"),
        (change(12, "/credentials/2/id", json!("MTIvMQ")), "line 12: the credential id is taken"),
        (change(13, "/email", json!("USER1@example.com")), "line 13: the e-mail address is taken"),
        (change(14, "/id", json!("user_1")), "line 14: the user id is taken"),
        (change(15, "/handle", user(1)["handle"].clone()), "line 15: the user handle is taken"),
        (
            change(16, "/credentials/0/id", user(1)["credentials"][0]["id"].clone()),
            "line 16: the credential id is taken",
        ),
        (with(17, "name", json!("x".repeat(MAX_LINE))), "line 17: too long"),
        (change(18, "/credentials/0/sign_count", json!(-1)), "line 18: a member has the wrong type"),
        (with_credential(19, "handle", json!("")), "line 19: credentials: handle must have"),
        (with_credential(20, "aaguid", json!("secret")), "line 20: credentials: aaguid is not a UUID"),
        (user(21).to_string(), ""),
    ];
    let text: String = lines.iter().map(|(line, _)| format!("{line}\n")).collect();
    let (imported, refused) = run(&mut store, &text);
    let expected: Vec<_> = lines.iter().map(|(_, problem)| *problem).filter(|problem| !problem.is_empty()).collect();
    assert_eq!(imported, Imported { users: 2, credentials: 6, refused: 19 });
    assert_eq!(refused.len(), expected.len(), "{refused:#?}");
    for (refused, expected) in refused.iter().zip(expected) {
        assert!(refused.starts_with(expected), "{refused:?} should be {expected:?}");
        assert!(!refused.contains("secret") && !refused.contains("example.com"), "{refused}");
    }
    assert_eq!(exported(&store).lines().count(), 2);
}

#[test]
fn binary_members_are_read_in_any_base64() {
    let (_place, mut store) = temporary();
    let text =
        [("a", "+/8="), ("b", "-_4"), ("c", "+/0")].map(|(id, handle)| json!({"id": id, "handle": handle}).to_string());
    assert_eq!(run(&mut store, &text.join("\r\n")).0.users, 3);
    assert_eq!(User::by_id(store.connection(), "a").unwrap().unwrap().handle, [0xfb, 0xff]);
}

#[test]
fn failing_input_names_the_line_and_keeps_earlier_users() {
    struct Broken;
    impl Read for Broken {
        fn read(&mut self, _: &mut [u8]) -> std::io::Result<usize> {
            Err(std::io::Error::other("gone"))
        }
    }
    let (_place, mut store) = temporary();
    let text = format!("{}\n{}\n", user(1), user(2));
    let input = BufReader::new(Cursor::new(text).chain(Broken));
    let error = import(&mut store, "localhost", input, |bad| panic!("{bad}")).unwrap_err();
    assert!(matches!(error, TransferError::Input { line: 2, .. }), "{error:?}");
    assert_eq!(exported(&store).lines().count(), 2);
}

#[test]
fn killed_import_leaves_whole_users() {
    if let Some(path) = std::env::var_os(IMPORT_INTO) {
        let mut store = Store::open(path.as_ref()).unwrap();
        import(&mut store, "localhost", std::io::stdin().lock(), |bad| panic!("{bad}")).unwrap();
        return;
    }
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("directory.db");
    let store = Store::open(&path).unwrap();
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "import_export::tests::killed_import_leaves_whole_users"])
        .env(IMPORT_INTO, &path)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    // It has more to read than it can take in until it is killed.
    let lines: String = (0..500).map(|number| format!("{}\n", user_with(MANY, number))).collect();
    let mut input = child.stdin.take().unwrap();
    let feeder = std::thread::spawn(move || input.write_all(lines.as_bytes()));
    while whole_users(&store) < 50 {
        assert!(child.try_wait().unwrap().is_none(), "the import ended by itself");
    }
    child.kill().unwrap();
    child.wait().unwrap();
    feeder.join().unwrap().unwrap_err();
    drop(store);

    let store = Store::open(&path).unwrap();
    let users = User::page(store.connection(), "", u32::MAX).unwrap();
    assert!((50..500).contains(&users.len()), "{}", users.len());
    for user in users {
        assert_eq!(Credential::all_of_user(store.connection(), &user.id).unwrap().len(), MANY as usize);
    }
    let sound: String = store.connection().query_row("PRAGMA integrity_check", [], |row| row.get(0)).unwrap();
    assert_eq!(sound, "ok");
}

/// Enough passkeys to end the process in the middle of a user.
const MANY: u32 = 100;

/// How many users there are at this moment, all of them whole.
fn whole_users(store: &Store) -> i64 {
    let sql = "SELECT (SELECT count(*) FROM users), (SELECT count(*) FROM credentials)";
    let (users, credentials): (i64, i64) =
        store.connection().query_row(sql, [], |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
    assert_eq!(credentials, users * i64::from(MANY));
    users
}
