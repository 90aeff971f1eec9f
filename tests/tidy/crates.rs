//! Which part of the program names which crate.
//!
//! What one part alone names can be replaced by looking at that part alone.

use crate::files;
use crate::rust;

/// A crate, and where alone it may be named.
const ONLY: &[(&str, &[&str])] = &[
    ("hyper", &["src/server/"]),
    ("hyper_util", &["src/server/"]),
    ("tower", &["src/server/"]),
    ("socket2", &["src/server/"]),
    ("reqwest", &["src/upstream/", "src/server/passthrough/"]),
    ("figment", &["src/config/"]),
    ("toml", &["src/document.rs"]),
    ("annotate_snippets", &["src/diagnostic.rs"]),
    ("clap", &["src/cli/", "src/telemetry/"]),
    ("rusqlite", &["src/relying_party/", "src/identity/", "src/handles/"]),
    ("tokio_postgres", &["src/identity/postgres/"]),
    ("csv", &["src/identity/", "src/handles/"]),
    ("ciborium", &["src/relying_party/"]),
    ("jsonwebtoken", &["src/relying_party/tokens/", "src/gateway/callers/"]),
];

/// A part, and the crates it does without.
const WITHOUT: &[(&str, &[&str])] = &[
    ("src/canonical/", &["http", "serde_json", "tokio"]),
    ("src/template/", &["tokio", "tracing"]),
    ("src/provider/", &["tokio", "tracing"]),
    ("src/relying_party/webauthn/", &["http", "tokio", "tracing"]),
];

/// Where code names a crate: `name::`, or `use name;`.
fn named(code: &str, name: &str) -> Option<usize> {
    rust::find_word(code, name)
        .find(|at| {
            let (before, after) = (&code[..*at], &code[at + name.len()..]);
            // `crate::http::` would be a module of ours.
            let is_path = after.starts_with("::") && !before.ends_with("::");
            is_path || (before.ends_with("use ") && after.starts_with(';'))
        })
        .map(|at| rust::line(code, at))
}

#[test]
fn a_crate_is_named_where_it_belongs() {
    let mut findings = Vec::new();
    for file in files::sources().iter().filter(|file| file.is_source()) {
        let code = rust::code(file.before_tests());
        for (name, places) in ONLY {
            let belongs = places.iter().any(|place| file.path.starts_with(place));
            if !belongs && let Some(line) = named(&code, name) {
                findings.push(format!("{}:{line}: `{name}` belongs to {}", file.path, places.join(" and ")));
            }
        }
        for (part, names) in WITHOUT.iter().filter(|(part, _)| file.path.starts_with(part)) {
            for name in *names {
                if let Some(line) = named(&code, name) {
                    findings.push(format!("{}:{line}: {part} does without `{name}`", file.path));
                }
            }
        }
    }
    files::none("a crate is named where it belongs", &findings);
}

#[test]
fn a_crate_is_seen_when_it_is_named() {
    assert_eq!(named("a\nuse hyper::body;", "hyper"), Some(2));
    assert_eq!(named("use hyper;", "hyper"), Some(1));
    assert_eq!(named("crate::hyper::x(hyper, hyper_util::y)", "hyper"), None);
}
