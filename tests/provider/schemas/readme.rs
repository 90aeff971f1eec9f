//! The front page says what is true.

use std::fs;
use std::path::Path;
use std::process::Command;

fn readme() -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md")).unwrap()
}

#[test]
fn it_is_short() {
    let lines = readme().lines().count();
    assert!(lines < 150, "{lines} lines");
}

#[test]
fn its_config_works() {
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
fn what_it_points_to_is_there() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let readme = readme();
    let links = readme.split("](").skip(1).filter_map(|rest| rest.split(')').next());
    for link in links.filter(|link| !link.contains("://")) {
        assert!(root.join(link).exists(), "{link}");
    }
    let map = readme.split("## Map of the tree").nth(1).and_then(|rest| rest.split("\n## ").next()).unwrap();
    let entries: Vec<_> = map.lines().filter(|line| line.starts_with("    ")).flat_map(names).collect();
    assert!(entries.len() > 8, "{entries:?}");
    for entry in entries {
        assert!(root.join(entry).exists(), "{entry}");
    }
}

/// The folders and files that a line of the map begins with.
fn names(line: &str) -> impl Iterator<Item = &str> {
    let words = line.split_whitespace().map(|word| word.trim_end_matches(','));
    words.take_while(|word| word.ends_with('/') || word.ends_with(".toml"))
}
