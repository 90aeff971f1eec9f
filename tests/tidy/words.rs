//! Words that must not stand anywhere, or not in the program.

use std::fs;
use std::path::Path;

use crate::files::{self, File};
use crate::rust;

/// The ids of the providers, and the names people know them by.
fn provider_names() -> Vec<String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let folders =
        ["providers", "tests/sixth_provider/providers"].map(|folder| fs::read_dir(root.join(folder)).unwrap());
    let files = folders.into_iter().flatten().map(|entry| entry.unwrap().path());
    let ids = files.filter(|path| path.extension().is_some_and(|extension| extension == "toml"));
    let mut names: Vec<_> = ids.map(|path| path.file_stem().unwrap().to_str().unwrap().to_lowercase()).collect();
    assert!(!names.is_empty());
    names.push("cloudreve".into());
    names
}

#[test]
fn no_provider_is_known_by_name_in_the_program() {
    let mut findings = Vec::new();
    let names = provider_names();
    for file in files::all().iter().filter(|file| file.path.starts_with("src/")) {
        let text = file.text.to_lowercase();
        for name in &names {
            let places = rust::find_word(&text, name).map(|at| rust::line(&text, at));
            findings.extend(places.map(|line| format!("{}:{line}: {name}", file.path)));
        }
    }
    files::none("no provider is named below src/, in strings and comments either", &findings);
}

#[test]
fn the_program_has_nothing_unfinished() {
    let mut findings = Vec::new();
    for file in files::sources().iter().filter(|file| file.is_source()) {
        let code = rust::code(file.before_tests());
        for word in ["unwrap", "unwrap_err", "dbg", "todo", "unimplemented", "println", "print"] {
            let places = rust::find_word(&code, word).filter(|at| is_used(&code, *at, word));
            findings.extend(places.map(|at| format!("{}:{}: {word}", file.path, rust::line(&code, at))));
        }
        for note in ["TODO", "FIXME", "XXX", "HACK"] {
            let places = rust::find_word(&file.text, note);
            findings.extend(places.map(|at| format!("{}:{}: {note}", file.path, rust::line(&file.text, at))));
        }
    }
    files::none("nothing is left to be done, guessed or printed on the way", &findings);
}

/// A macro is called with `!`, a method after a dot; another thing of that name is another thing.
fn is_used(code: &str, at: usize, word: &str) -> bool {
    let (before, after) = (&code[..at], &code[at + word.len()..]);
    if word.starts_with("unwrap") {
        return before.ends_with('.') && after.starts_with("()");
    }
    after.starts_with('!')
}

#[test]
fn nothing_depends_on_one_machine() {
    // Put together here, so that this file does not break its own rule.
    let paths = ["home", "root", "Users", "work"].map(|folder| format!("/{folder}/"));
    let hosts = [
        ["crates", "io"],
        ["npmjs", "org"],
        ["npmjs", "com"],
        ["pypi", "org"],
        ["rubygems", "org"],
        ["docker", "io"],
        ["ghcr", "io"],
    ]
    .map(|parts| parts.join("."));
    let breaks = |file: &File| {
        let mut found = Vec::new();
        for (number, line) in file.text.lines().enumerate() {
            let path = paths.iter().find(|path| is_absolute(line, path));
            let host = hosts.iter().find(|host| line.contains(*host));
            found.extend(path.or(host).map(|word| format!("{}:{}: {word}", file.path, number + 1)));
        }
        found
    };
    let findings: Vec<_> = files::all().iter().flat_map(breaks).collect();
    files::none("no path of one machine and no package registry's host stands in the repository", &findings);
}

/// Whether a path begins there, and not a folder within another path or a URL.
fn is_absolute(line: &str, path: &str) -> bool {
    line.match_indices(path).any(|(at, _)| {
        let before = line[..at].chars().next_back();
        before.is_none_or(|letter| !(letter.is_alphanumeric() || ".-_}*/~:$".contains(letter)))
    })
}

#[test]
fn an_absolute_path_is_told_from_a_folder() {
    assert!(is_absolute("see /folder/x", "/folder/"));
    assert!(!is_absolute("https://host/folder/x", "/folder/"));
    assert!(!is_absolute("./folder/x", "/folder/"));
}
