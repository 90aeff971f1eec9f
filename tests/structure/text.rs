//! What no file of the repository may contain, as text.

use std::fs;
use std::path::{Path, PathBuf};

use crate::none;

/// Folders and files that tools write.
const GENERATED: [&str; 5] = ["target", ".git", "node_modules", "__pycache__", "Cargo.lock"];
/// A longer file explains its length in its first comment.
const MAX_LINES: usize = 300;

/// Every file below a folder.
pub(crate) fn walk(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if GENERATED.iter().any(|name| path.ends_with(name)) {
            continue;
        }
        if path.is_dir() { walk(&path, found) } else { found.push(path) }
    }
}

/// Every text file below a folder of the repository: its path and its text.
fn files(folder: &str) -> Vec<(String, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut found = Vec::new();
    walk(&root.join(folder), &mut found);
    let read = |path: PathBuf| {
        let name = path.strip_prefix(root).unwrap().to_str().unwrap().to_owned();
        fs::read_to_string(&path).ok().map(|text| (name, text))
    };
    found.into_iter().filter_map(read).collect()
}

/// Every Rust file.
pub(crate) fn rust_files() -> Vec<(String, String)> {
    let mut files = files("");
    files.retain(|(name, _)| name.ends_with(".rs"));
    assert!(files.iter().any(|(name, _)| name == "src/main.rs"), "the files of the repository are found");
    files
}

/// The lines of files for which `breaks` returns a word.
fn violations(files: &[(String, String)], breaks: impl Fn(&str) -> Option<String>) -> Vec<String> {
    let lines = files.iter().flat_map(|(name, text)| text.lines().enumerate().map(move |(at, line)| (name, at, line)));
    lines.filter_map(|(name, at, line)| breaks(line).map(|word| format!("{name}:{}: {word}", at + 1))).collect()
}

/// A file's text before its unit tests.
fn program(text: &str) -> &str {
    text.split("#[cfg(test)]\nmod tests {").next().unwrap()
}

#[test]
fn the_program_names_no_provider() {
    let mut names = vec!["cloudreve".to_owned()];
    for (name, _) in files("providers").into_iter().chain(files("tests/provider/sixth_provider/providers")) {
        names.extend(name.strip_suffix(".toml").map(|name| name.rsplit('/').next().unwrap().to_owned()));
    }
    let found = violations(&files("src"), |line| {
        let line = line.to_lowercase();
        line.split(|letter: char| !letter.is_alphanumeric() && letter != '_')
            .find(|word| names.iter().any(|name| name == word))
            .map(str::to_owned)
    });
    none("`src/` names no provider, in strings, comments and unit tests either", &found);
}

#[test]
fn nothing_is_unfinished() {
    // Assembled here so that this file does not violate its own rule.
    let marks = ["TO DO", "FIX ME", "XX X", "HA CK"].map(|mark| mark.replace(' ', ""));
    let found = violations(&rust_files(), |line| {
        line.split(|letter: char| !letter.is_alphanumeric() && letter != '_')
            .find(|word| marks.iter().any(|mark| mark == word))
            .map(str::to_owned)
    });
    none("no file has a mark of unfinished work", &found);
}

#[test]
fn every_file_says_what_it_is() {
    let silent = |(name, text): &(String, String)| (!text.starts_with("//! ")).then(|| name.clone());
    let found: Vec<_> = rust_files().iter().filter_map(silent).collect();
    none("a Rust file begins with a comment `//!` about its purpose", &found);
}

#[test]
fn every_file_is_named_after_its_content() {
    let empty_names = ["util", "utils", "helper", "helpers", "manager", "common", "misc"];
    let is_empty = |(name, _): &(String, String)| {
        let path = name.trim_end_matches(".rs");
        path.split('/').any(|part| empty_names.contains(&part)).then(|| name.clone())
    };
    let found: Vec<_> = rust_files().iter().filter_map(is_empty).collect();
    none("a file and its folders are named after what they contain", &found);
}

#[test]
fn no_file_depends_on_one_machine() {
    // Assembled here so that this file does not violate its own rule.
    let folders = ["home", "root", "Users", "work"].map(|folder| format!("/{folder}/"));
    let hosts = ["crates io", "npmjs org", "npmjs com", "pypi org", "rubygems org", "docker io", "ghcr io"];
    let hosts = hosts.map(|host| host.replace(' ', "."));
    let is_absolute = |line: &str, folder: &str| {
        let before = line.match_indices(folder).map(|(at, _)| line[..at].chars().next_back());
        let mut before = before;
        before.any(|letter| letter.is_none_or(|letter| !letter.is_alphanumeric() && !".-_}*/~:$".contains(letter)))
    };
    let found = violations(&files(""), |line| {
        let folder = folders.iter().find(|folder| is_absolute(line, folder));
        folder.or_else(|| hosts.iter().find(|host| line.contains(*host))).cloned()
    });
    none("no file has an absolute path of one machine or the host of a package registry", &found);
}

#[test]
fn no_file_is_long_without_a_reason() {
    let long = |(name, text): &(String, String)| {
        let head = text.lines().take_while(|line| line.starts_with("//!"));
        let has_reason = head.clone().any(|line| line.contains(&format!("{MAX_LINES} lines")));
        let lines = program(text).lines().count();
        (lines > MAX_LINES && !has_reason).then(|| format!("{name}: {lines} lines"))
    };
    let found: Vec<_> = rust_files().iter().filter_map(long).collect();
    none(&format!("a file has at most {MAX_LINES} lines, or its first comment says why not"), &found);
}
