//! Links, includes and paths in the documents lead somewhere, and the book has every page.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::{documents, files, read, root};

/// The text without its code blocks.
fn prose(text: &str) -> String {
    text.split("```").step_by(2).collect()
}

/// The texts between two marks.
fn between<'t>(text: &'t str, open: &str, close: &str) -> Vec<&'t str> {
    text.split(open).skip(1).filter_map(|rest| rest.split_once(close)).map(|(inside, _)| inside).collect()
}

/// The anchor that a heading gets.
fn anchor(heading: &str) -> String {
    let kept = heading.chars().filter(|letter| letter.is_alphanumeric() || " -_".contains(*letter));
    kept.collect::<String>().trim().to_lowercase().replace(' ', "-")
}

fn anchors(page: &Path) -> BTreeSet<String> {
    let text = prose(&read(page));
    text.lines().filter_map(|line| line.strip_prefix('#')).map(|line| anchor(line.trim_start_matches('#'))).collect()
}

/// A path relative to a page, from the root.
fn resolve(page: &Path, link: &str) -> PathBuf {
    let mut path = page.parent().unwrap().to_path_buf();
    for part in link.split('/') {
        match part {
            "." => {}
            ".." => assert!(path.pop(), "{} links above the repository: {link}", page.display()),
            part => path.push(part),
        }
    }
    path
}

#[test]
fn every_link_leads_somewhere() {
    for page in documents() {
        let text = prose(&read(&page));
        for link in between(&text, "](", ")").into_iter().filter(|link| !link.contains("://")) {
            let (path, anchor) = link.split_once('#').map_or((link, None), |(path, anchor)| (path, Some(anchor)));
            let target = if path.is_empty() { page.clone() } else { resolve(&page, path) };
            let name = page.display();
            assert!(root().join(&target).exists(), "{name} links to {link}, which does not exist");
            let is_page = !page.starts_with("docs") || target.starts_with("docs");
            assert!(is_page, "{name} links to {link}, which is not in the book: write the path as code");
            let found = anchor.is_none_or(|anchor| anchors(&target).contains(anchor));
            assert!(found, "{name} links to {link}, which has no such heading");
        }
    }
}

#[test]
fn every_include_exists() {
    for page in files("docs", "md") {
        for include in between(&read(&page), "{{#include ", "}}") {
            let file = resolve(&page, include.split(':').next().unwrap());
            assert!(root().join(&file).exists(), "{} includes {include}", page.display());
        }
    }
}

#[test]
fn summary_lists_every_page() {
    let summary = read(Path::new("docs/SUMMARY.md"));
    let listed: BTreeSet<_> =
        between(&summary, "](", ")").into_iter().map(|page| Path::new("docs").join(page)).collect();
    let pages = files("docs", "md").into_iter().filter(|page| !page.ends_with("SUMMARY.md"));
    assert_eq!(listed, pages.collect());
}

/// A path in backticks names a file of the repository; one of a Rust file may start below `src/`.
#[test]
fn every_path_in_code_exists() {
    const ROOTS: [&str; 8] = ["src/", "docs/", "examples/", "providers/", "schemas/", "tests/", "benches/", "fuzz/"];
    for page in documents().into_iter().filter(|page| !page.ends_with("CHANGELOG.md")) {
        let text = prose(&read(&page));
        let spans = text.split('`').skip(1).step_by(2);
        let paths =
            spans.filter(|code| !code.contains(|letter: char| letter.is_whitespace() || "<>*".contains(letter)));
        for path in paths {
            let is_rust = path.contains('/') && path.ends_with(".rs");
            let places = [root().join(path), root().join("src").join(path)];
            let found = places.iter().any(|place| place.exists());
            let is_path = is_rust || ROOTS.iter().any(|root| path.starts_with(root));
            assert!(!is_path || found, "{} names `{path}`, which does not exist", page.display());
        }
    }
}
