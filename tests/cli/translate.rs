//! `passbridge translate`: output, exit codes and errors.

use std::fs;

use crate::golden;
use crate::program::{Folder, Ran, run};
use kit::provider::Provider;

fn fixture(provider: Provider, name: &str) -> Option<String> {
    let root = env!("CARGO_MANIFEST_DIR");
    fs::read_to_string(format!("{root}/tests/fixtures/{}/{name}.http", provider.id())).ok()
}

fn translate(arguments: &[&str], input: &str) -> Ran {
    let folder = Folder::empty();
    run(folder.path(), &[&["translate"], arguments, &["-"]].concat(), &[], input)
}

const REQUESTS: &[&str] = &[
    "login.begin",
    "login.finish",
    "registration.begin",
    "registration.finish",
    "signup.begin",
    "session.refresh",
    "credentials.list",
    "credentials.delete",
];

#[test]
fn every_documented_request_is_translated() {
    let all = Provider::ALL;
    for (index, from) in all.into_iter().enumerate() {
        let mut said = String::new();
        let to = all[(index + 1) % all.len()];
        for operation in REQUESTS {
            let Some(text) = fixture(from, &format!("{operation}.request")) else { continue };
            let ran = translate(&["--from", from.id(), "--to", to.id()], &text);
            said.push_str(&golden::transcript(&format!("{operation} to {}", to.id()), &ran));
        }
        let text = fixture(from, "login.begin.response").unwrap();
        for to in all.into_iter().filter(|to| *to != from) {
            let ran = translate(&["--from", from.id(), "--to", to.id(), "--operation", "login.begin"], &text);
            said.push_str(&golden::transcript(&format!("answer to login.begin to {}", to.id()), &ran));
        }
        golden::compare(&format!("translate/{}.txt", from.id()), &said);
    }
}

#[test]
fn same_provider_translation_is_identity() {
    for provider in Provider::ALL {
        let text = fixture(provider, "login.finish.request").unwrap();
        let ran = translate(&["--from", provider.id(), "--to", provider.id()], &text);
        assert_eq!(ran.code, 0, "{ran:?}");
        assert_eq!(ran.stderr.lines().count(), 1, "nothing is lost: {ran:?}");
        let content = |text: &str| text.split_once("\n\n").unwrap().1.trim_end().to_owned();
        assert_eq!(content(&ran.stdout), content(&text), "{}", provider.id());
    }
}

#[test]
fn bare_json_translates_to_bare_json() {
    let json = r#"{"email":"user@example.com","account":"acme"}"#;
    let ran = translate(&["--from", "quiva", "--to", "quiva", "--operation", "login.begin"], json);
    assert_eq!((ran.code, ran.stdout.as_str()), (0, format!("{json}\n").as_str()), "{ran:?}");
    let answer = r#"{"challenge":"4OHi4-Tl5ufo6err7O3u7_Dx8vP09fb3-Pn6-_z9_v8","rpId":"example.com"}"#;
    let answer = format!(r#"{{"auth_session":"s","authn_params_public_key":{answer}}}"#);
    let arguments = ["--from", "auth0", "--to", "quiva", "--operation", "login.begin", "--direction", "response"];
    let ran = translate(&arguments, &answer);
    let expected = r#"{"data":{"challenge":"4OHi4+Tl5ufo6err7O3u7/Dx8vP09fb3+Pn6+/z9/v8=","rpId":"example.com"}}"#;
    assert_eq!((ran.code, ran.stdout.trim_end()), (0, expected), "{ran:?}");
    assert!(ran.stderr.contains("lost: session: "), "{ran:?}");
}

#[test]
fn fault_is_translated() {
    let refusal = "HTTP/1.1 401 Unauthorized\ncontent-type: application/json\n\n{\"error\":\"no such user\"}";
    let ran = translate(&["--from", "quiva", "--to", "streambird", "--operation", "login.begin"], refusal);
    assert_eq!(ran.code, 0, "{ran:?}");
    assert!(ran.stdout.starts_with("HTTP/1.1 404 Not Found\n"), "{ran:?}");
    assert!(ran.stdout.contains(r#""error_type":"unknown_user""#) && !ran.stdout.contains("no such user"), "{ran:?}");
    assert!(ran.stderr.starts_with("login.begin, the fault `unknown_user`: quiva -> streambird\n"), "{ran:?}");
}

#[test]
fn untranslatable_message_exits_1_without_output() {
    let begin = fixture(Provider::Auth0, "login.begin.request").unwrap();
    for (arguments, input, says) in [
        (&["--from", "auth0", "--to", "streambird"][..], &*begin, "requires members that the message lacks: `"),
        (&["--from", "auth0", "--to", "quvia"], &begin, "did you mean `quiva`?"),
        (&["--from", "auth0", "--to", "quiva", "--operation", "login.bgin"], &begin, "unknown operation"),
        (&["--from", "quiva", "--to", "auth0"], &begin, "method and path match no operation of quiva"),
        (&["--from", "auth0", "--to", "quiva", "--direction", "response"], &begin, "a response is needed"),
        (&["--from", "quiva", "--to", "auth0"], "HTTP/1.1 200 OK\n\n{}", "a response does not name its operation"),
        (&["--from", "flashback", "--to", "auth0"], "{\"mfaType\":\"PASSKEY\"}", "`--operation`"),
        (&["--from", "quiva", "--to", "auth0", "--operation", "login.begin"], "{\"email\":7}", "/email must be"),
        (&["--from", "flashback", "--to", "auth0", "--operation", "credentials.list"], "{}", "has no content"),
        (&["--from", "quiva", "--to", "auth0"], "nonsense", "this is neither a request line"),
    ] {
        let ran = translate(arguments, input);
        assert_eq!((ran.code, ran.stdout.as_str()), (1, ""), "{arguments:?}: {ran:?}");
        assert!(ran.stderr.contains(says) && ran.stderr.contains("help: "), "{arguments:?}: {}", ran.stderr);
    }
}

#[test]
fn custom_provider_folder_is_used() {
    let folder = Folder::empty();
    let root = env!("CARGO_MANIFEST_DIR");
    folder.write("own/mine.toml", &fs::read_to_string(format!("{root}/providers/quiva.toml")).unwrap());
    let json = r#"{"email":"user@example.com"}"#;
    let arguments =
        ["translate", "--from", "quiva", "--to", "mine", "--providers", "own", "--operation", "login.begin", "-"];
    let ran = run(folder.path(), &arguments, &[], json);
    assert_eq!((ran.code, ran.stdout.trim_end()), (0, json), "{ran:?}");
    folder.write("own/mine.toml", "bytes = 7\n");
    let ran = run(folder.path(), &arguments, &[], json);
    assert_eq!((ran.code, ran.stdout.as_str()), (78, ""), "{ran:?}");
}
