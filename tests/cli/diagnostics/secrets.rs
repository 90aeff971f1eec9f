//! No message shows a secret: neither a literal secret in the config nor the secret that a reference names.

use crate::diagnostics::case;

/// The secret of the cases and of their environment. It occurs nowhere else.
const SECRET: &str = "hunter2";

#[test]
fn no_message_contains_a_secret() {
    let planted: Vec<_> = case::all("config").into_iter().filter(|case| case.text.contains(SECRET)).collect();
    assert!(planted.len() >= 6, "{} cases hold a secret", planted.len());
    for case in planted {
        let folder = case.path.parent().unwrap();
        for command in ["check", "serve"] {
            let output = case.run(folder, &[command, "--config", &format!("{}.toml", case.name)]);
            assert_eq!(output.status.code(), Some(78), "{}", case.name);
            for said in [output.stderr, output.stdout] {
                let said = String::from_utf8(said).unwrap();
                assert!(!said.contains(SECRET), "{}: {said}", case.name);
            }
        }
    }
}
