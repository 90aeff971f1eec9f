//! The answers of a route as a whole: what the config says against who is let in.

mod credentials;
mod fetched;
mod startup;
mod tokens;
mod workers;

use std::fs;
use std::path::Path;

use serde::Deserialize;
use tempfile::TempDir;

use super::*;
use crate::model::assertion::AssertionRequest;

#[derive(Deserialize)]
struct Route {
    callers: CallerSettings,
}

/// Compiles the table `callers` of a route whose dialect has these kinds of callers.
fn compile(callers: &str, kinds: &[Caller], base: &Path, relation: Relation) -> (Callers, Vec<(String, Diagnostic)>) {
    compile_among(&KeySets::default(), callers, kinds, base, relation)
}

/// The same, among other routes of one plan.
fn compile_among(
    key_sets: &KeySets,
    callers: &str,
    kinds: &[Caller],
    base: &Path,
    relation: Relation,
) -> (Callers, Vec<(String, Diagnostic)>) {
    let route: Route = toml::from_str(&format!("callers = {{ {callers} }}")).unwrap();
    let needed: Vec<_> = kinds.iter().map(|kind| (*kind, vec!["login.begin"])).collect();
    Callers::compile(&route.callers, &needed, &CompileContext { base, dialect: "acme", relation, key_sets })
}

/// Callers whose config is in order.
fn callers(callers: &str, kind: Caller, base: &Path) -> Callers {
    let (callers, findings) = compile(callers, &[kind], base, Relation::AnotherProvider);
    assert!(findings.is_empty(), "{findings:?}");
    callers
}

/// A folder with these files.
fn folder(files: &[(&str, &str)]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files {
        fs::write(folder.path().join(name), text).unwrap();
    }
    folder
}

fn with_token(token: &str) -> AssertionRequest<'_> {
    AssertionRequest { user_token: Some(token.into()), ..Default::default() }
}

/// What the caller is told, and why.
fn refused(outcome: Result<Admission, Refusal>) -> (Fault, String) {
    let refusal = outcome.unwrap_err();
    assert_eq!(refusal.message, refusal.fault.message(), "the caller reads no more than the fault");
    (refusal.fault, refusal.reason.into_owned())
}
