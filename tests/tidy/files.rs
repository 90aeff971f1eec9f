//! The files of the repository, and the rules for whole files.

use std::fs;
use std::path::{Path, PathBuf};

use crate::rust;

/// What is made, fetched or kept by tools, and so no file of ours.
const NOT_OURS: &[&str] = &["target", ".git", "node_modules", "__pycache__", "Cargo.lock"];
/// What a head must speak of where a file is longer than this.
const LONGEST: usize = 300;

/// A text file of the repository.
pub(crate) struct File {
    /// Its path from the root, with `/`.
    pub(crate) path: String,
    /// What it holds.
    pub(crate) text: String,
}

impl File {
    /// Whether it is Rust.
    pub(crate) fn is_rust(&self) -> bool {
        self.path.ends_with(".rs")
    }

    /// Whether it is the program's, not a test's.
    pub(crate) fn is_source(&self) -> bool {
        self.path.starts_with("src/")
            && !self.path.contains("/tests/")
            && !self.path.ends_with("/testing.rs")
            && !self.path.ends_with("/tests.rs")
    }

    /// Its text before the tests at its end.
    pub(crate) fn before_tests(&self) -> &str {
        let begin = ["mod tests {", "pub(crate) mod tests {"].map(|line| format!("#[cfg(test)]\n{line}\n"));
        let tests = begin.iter().filter_map(|begin| self.text.find(begin)).min();
        &self.text[..tests.unwrap_or(self.text.len())]
    }
}

/// Every text file of ours.
pub(crate) fn all() -> Vec<File> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut found = Vec::new();
    walk(root, &mut found);
    let mut files: Vec<_> = found.into_iter().filter_map(|path| read(root, &path)).collect();
    files.sort_by(|one, other| one.path.cmp(&other.path));
    assert!(files.iter().any(|file| file.path == "src/main.rs"), "the files are looked for in the wrong place");
    files
}

/// Every Rust file below `src`.
pub(crate) fn sources() -> Vec<File> {
    all().into_iter().filter(|file| file.is_rust() && file.path.starts_with("src/")).collect()
}

fn walk(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap();
        if NOT_OURS.contains(&name) {
            continue;
        }
        if path.is_dir() {
            walk(&path, found);
        } else {
            found.push(path);
        }
    }
}

fn read(root: &Path, path: &Path) -> Option<File> {
    // What is not text is not read: a database, a recording.
    let text = fs::read_to_string(path).ok()?;
    let path = path.strip_prefix(root).unwrap().to_str().unwrap().replace('\\', "/");
    Some(File { path, text })
}

/// Fails with every finding, one a line.
pub(crate) fn none(rule: &str, findings: &[String]) {
    assert!(findings.is_empty(), "{rule}:\n  {}", findings.join("\n  "));
}

#[test]
fn no_file_is_long_without_a_reason() {
    let long = |file: &File| {
        let lines = file.before_tests().lines().count();
        let head = rust::head(&file.text);
        let says_why = head.contains(&format!("{LONGEST} lines"));
        (lines > LONGEST && !says_why).then(|| format!("{}: {lines} lines", file.path))
    };
    let findings: Vec<_> = all().iter().filter(|file| file.is_rust()).filter_map(long).collect();
    let rule = format!("a file has at most {LONGEST} lines, or its head says why it is longer than {LONGEST} lines");
    none(&rule, &findings);
}

#[test]
fn every_file_opens_with_what_it_is() {
    let bare = |file: &&File| {
        let lines = rust::head(&file.text).lines().count();
        lines == 0 || !file.text.starts_with("//!")
    };
    let findings: Vec<_> =
        all().iter().filter(|file| file.is_rust()).filter(bare).map(|file| file.path.clone()).collect();
    none("a file opens with `//!`: what it is and what happens at its edge", &findings);
}

#[test]
fn no_file_is_named_after_nothing() {
    let files = all();
    let nameless = |file: &&File| {
        let stem = file.path.rsplit('/').next().unwrap_or_default().split('.').next().unwrap_or_default();
        ["util", "utils", "helper", "helpers", "manager", "common", "misc"].contains(&stem)
    };
    let findings: Vec<_> =
        files.iter().filter(|file| file.is_rust()).filter(nameless).map(|file| file.path.clone()).collect();
    none("a file is named after the one thing it holds", &findings);
}
