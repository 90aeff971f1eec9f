//! Findings about the callers of a route, each with its key.

use crate::base::diagnostic::Diagnostic;
use crate::base::secret::SecretReference;

/// Findings and their keys below the route.
#[derive(Debug, Default)]
pub(super) struct Findings(Vec<(String, Diagnostic)>);

impl Findings {
    pub(super) fn push(&mut self, key: impl Into<String>, finding: Diagnostic) {
        self.0.push((key.into(), finding));
    }

    pub(super) fn into_vec(self) -> Vec<(String, Diagnostic)> {
        self.0
    }
}

/// A secret that cannot be read.
pub(super) fn unreadable(what: &str, reference: &SecretReference, problem: &str) -> Diagnostic {
    Diagnostic::error(format!("{what} cannot be read: {problem}")).label("this reference").remedy(reference.remedy())
}
