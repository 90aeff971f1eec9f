//! Imports go downward only.
//!
//! The layers, and why each stands where it stands, are told in `src/manual/layers.rs`.

use std::collections::BTreeSet;

use crate::files;
use crate::rust;

/// From the top. What stands in one line are siblings, which do not know each other.
const LAYERS: &[&[&str]] = &[
    &["main"],
    &["cli"],
    &["config"],
    &["server"],
    &["gateway"],
    &["handles", "identity"],
    &["provider", "upstream", "relying_party", "ceremony"],
    &["template"],
    &["canonical", "document"],
    &["diagnostic", "secret", "telemetry", "within"],
];
/// They stand beside the layers: the list of modules, and pages without code.
const BESIDE: &[&str] = &["lib", "manual"];

fn layer(module: &str) -> Option<usize> {
    LAYERS.iter().position(|layer| layer.contains(&module))
}

/// The module of a file: `src/gateway/plan.rs` is of `gateway`.
fn module(path: &str) -> &str {
    path["src/".len()..].split('/').next().unwrap_or_default().trim_end_matches(".rs")
}

/// The modules that code names as `crate::module`, one by one or in braces.
fn named(code: &str) -> BTreeSet<(String, usize)> {
    let mut named = BTreeSet::new();
    for at in rust::find_word(code, "crate") {
        let Some(rest) = code[at + "crate".len()..].strip_prefix("::") else { continue };
        let line = rust::line(code, at);
        match rest.strip_prefix('{') {
            None => {
                named.insert((first_name(rest), line));
            }
            Some(group) => {
                let mut depth = 0;
                let mut begins = true;
                for (index, letter) in group.char_indices() {
                    match letter {
                        '{' => depth += 1,
                        '}' if depth == 0 => break,
                        '}' => depth -= 1,
                        ',' if depth == 0 => begins = true,
                        letter if begins && !letter.is_whitespace() => {
                            begins = false;
                            named.insert((first_name(&group[index..]), line));
                        }
                        _ => {}
                    }
                }
            }
        }
    }
    named
}

fn first_name(text: &str) -> String {
    text.chars().take_while(|letter| letter.is_ascii_alphanumeric() || *letter == '_').collect()
}

#[test]
fn every_module_has_a_layer() {
    let unknown: Vec<_> = files::sources()
        .iter()
        .map(|file| module(&file.path).to_owned())
        .filter(|module| layer(module).is_none() && !BESIDE.contains(&module.as_str()))
        .collect();
    files::none("a module stands in one of the layers", &unknown);
}

#[test]
fn imports_go_downward() {
    let mut findings = Vec::new();
    for file in files::sources() {
        let own = module(&file.path);
        let Some(height) = layer(own) else { continue };
        for (named, line) in named(&rust::code(&file.text)) {
            let upward = layer(&named).is_some_and(|other| other <= height);
            if named != own && upward {
                findings.push(format!("{}:{line}: `{own}` names `{named}`", file.path));
            }
        }
    }
    files::none("imports go downward, and not to a sibling", &findings);
}

#[test]
fn what_is_named_is_found() {
    let code = "use crate::a::b;\nuse crate::{c::{d, e}, f};\ncrate::g()";
    let found: Vec<_> = named(code).into_iter().map(|(name, _)| name).collect();
    assert_eq!(found, ["a", "c", "f", "g"]);
}
