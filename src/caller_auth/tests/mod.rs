//! Tests of whole callers tables.

mod credentials;
mod fetched;
mod startup;
mod tokens;
mod workers;

use std::fs;
use std::path::Path;

use serde::Deserialize;
use tempfile::TempDir;

use super::fetched_keys::KeySets;
use super::*;
use crate::model::assertion::AssertionRequest;

#[derive(Deserialize)]
struct Route {
    callers: CallerSettings,
}

/// Compiles a `callers` table for a dialect with these kinds of callers.
fn compile(callers: &str, kinds: &[Caller], base: &Path, relation: Relation) -> (Callers, Vec<(String, Diagnostic)>) {
    compile_among(&KeySets::default(), callers, kinds, base, relation)
}

/// The same, with key sets shared with other routes.
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

/// Compiles callers that have no findings.
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

/// The fault and the reason of a refusal.
fn refused(outcome: Result<AuthenticatedCaller, Refusal>) -> (Fault, String) {
    let refusal = outcome.unwrap_err();
    assert_eq!(refusal.message, refusal.fault.message(), "the message is the default of the fault");
    (refusal.fault, refusal.reason.into_owned())
}
