//! `passbridge credentials convert`: its files, and a passkey that signs in after the conversion.

use std::fs;

use crate::program::{Folder, Ran, run};
use crate::users::gateway;
use kit::config::ENVIRONMENT;
use kit::device::Device;
use kit::signup::{signs_in, signs_up};

const RECORD: &str = r#"{"id":"AQID","publicKey":[165],"counter":0,"user_id":"u","user_handle":"AQ"}"#;

fn convert(folder: &Folder, from: &str, to: &str, more: &[&str], input: &str) -> Ran {
    run(folder.path(), &[&["credentials", "convert", "--from", from, "--to", to], more].concat(), &[], input)
}

#[test]
fn unknown_format_lists_the_known_ones() {
    let folder = Folder::empty();
    let ran = convert(&folder, "simplewebauthm", "ory", &[], "");
    assert_eq!(ran.code, 2);
    assert!(ran.stderr.contains("the formats are: passbridge, authentication-methods, go-webauthn, "), "{ran:?}");
    let ran = convert(&folder, "ory", "authentication-methods", &[], "");
    assert_eq!(ran.code, 2);
    assert!(ran.stderr.contains("this format can only be read"), "{ran:?}");
}

#[test]
fn export_never_overwrites_or_writes_partially() {
    let folder = Folder::empty();
    folder.write("taken.jsonl", "precious");
    let ran = convert(&folder, "simplewebauthn", "passbridge", &["--output", "taken.jsonl"], "");
    assert_eq!((ran.code, folder.read("taken.jsonl").as_str()), (1, "precious"));
    assert!(ran.stderr.contains("taken.jsonl cannot be written: "), "{ran:?}");
    let ran = convert(&folder, "simplewebauthn", "passbridge", &["--output", "none/new.jsonl"], "");
    assert_eq!(ran.code, 1, "{ran:?}");
    let ran = convert(&folder, "simplewebauthn", "passbridge", &["--output", "new.jsonl"], RECORD);
    assert_eq!((ran.code, ran.stdout.as_str(), folder.read("new.jsonl").as_str()), (1, "", ""), "{ran:?}");
    assert!(ran.stderr.starts_with("record 1: refused: record: credentials: public_key is not a COSE key"), "{ran:?}");
    assert!(ran.stderr.ends_with("0 users with 0 passkeys converted, 1 record refused\n"), "{ran:?}");
    let mut names: Vec<_> = fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    names.sort();
    assert_eq!(names, ["new.jsonl", "taken.jsonl"], "no part is left behind");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = fs::metadata(folder.path().join("new.jsonl")).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
    let missing = convert(&folder, "ory", "passbridge", &["none.json"], "");
    assert!(missing.code == 1 && missing.stderr.starts_with("passbridge: none.json cannot be read: "), "{missing:?}");
}

#[tokio::test]
async fn passkey_signs_in_after_a_move_through_each_format() {
    let from = gateway().await;
    let mut device = Device::default();
    signs_up(&from, &mut device, "grace@example.com").await;
    let exported = from.run(&["users", "export", "-"]);
    let grace = exported.lines().find(|line| line.contains("grace@example.com")).unwrap();

    for form in ["go-webauthn", "go-webauthn-rows", "simplewebauthn", "webauthn-rs", "ory"] {
        let folder = Folder::empty();
        let there = convert(&folder, "passbridge", form, &[], grace);
        assert_eq!(there.code, 0, "{form}: {there:?}");
        let back = convert(&folder, form, "passbridge", &["--rp-id", "localhost"], &there.stdout);
        assert_eq!(back.code, 0, "{form}: {back:?}");
        let to = gateway().await;
        let imported = run(to.folder(), &["users", "import", "-"], ENVIRONMENT, &back.stdout);
        assert_eq!(imported.code, 0, "{form}: {imported:?}");

        let answer = signs_in(&to, &mut device).await;
        assert_eq!(answer.status, 200, "{form}: {answer:?}");
    }
}
