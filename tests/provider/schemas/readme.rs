//! The front page says what is true.

use std::fs;
use std::path::Path;
use std::process::Command;

fn readme() -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md")).unwrap()
}

#[test]
fn readme_is_short() {
    let lines = readme().lines().count();
    assert!(lines < 150, "{lines} lines");
}

#[test]
fn readme_config_passes_check() {
    let readme = readme();
    let config = readme.split("```toml\n").nth(1).and_then(|rest| rest.split("```").next()).unwrap();
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("gateway.toml"), config).unwrap();
    let secrets = [("AUTH0_CLIENT_SECRET", "a"), ("IOS_APP_KEY", "b")];
    let mut command = Command::new(env!("CARGO_BIN_EXE_passbridge"));
    let output = command.arg("check").current_dir(folder.path()).env_clear().envs(secrets).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    let said = String::from_utf8(output.stdout).unwrap();
    let quoted = readme.lines().filter(|line| line.trim_start().starts_with("login.begin: "));
    for line in quoted {
        assert!(said.contains(line.trim()), "{line}\n{said}");
    }
}

#[test]
fn readme_links_exist() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let readme = readme();
    let links = readme.split("](").skip(1).filter_map(|rest| rest.split(')').next());
    for link in links.filter(|link| !link.contains("://")) {
        assert!(root.join(link).exists(), "{link}");
    }
}
