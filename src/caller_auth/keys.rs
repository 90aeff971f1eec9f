//! API keys.
//!
//! A presented key is compared with every configured one, so the time does not reveal which one matches.

use std::path::Path;

use secrecy::ExposeSecret as _;

use crate::base::diagnostic::Diagnostic;
use crate::caller_auth::caller_settings::{Anyone, KeySettings};
use crate::caller_auth::digest::Digest;
use crate::caller_auth::finding::{Findings, unreadable};
use crate::model::fault::Refusal;
use crate::model::member::Member;
use crate::model::record::Record;
use crate::model::value::Value;

/// The accepted API keys.
#[derive(Debug)]
pub(super) enum ApiKeys {
    Anyone,
    Listed(Vec<Digest>),
}

impl ApiKeys {
    pub(super) fn compile(keys: &KeySettings, base: &Path, findings: &mut Findings) -> Self {
        let references = match keys {
            KeySettings::Anyone(Anyone::Anyone) => return Self::Anyone,
            KeySettings::Listed(references) => references,
        };
        if references.is_empty() {
            let remedy = "add a key as `env:NAME` or `file:PATH`, or write `\"anyone\"`";
            let message = "the list of API keys is empty, so every caller would be refused";
            findings.push("callers.key", Diagnostic::error(message).label("this list").remedy(remedy));
        }
        let mut known: Vec<Digest> = Vec::new();
        for reference in references {
            match reference.resolve(base) {
                Err(problem) => findings.push("callers.key", unreadable("an API key", reference, &problem)),
                Ok(key) => {
                    let key = Digest::of(key.expose_secret());
                    if known.iter().any(|other| other.is(&key)) {
                        let message = format!("{reference} has the same API key as another entry of the list");
                        let remedy = "remove one of them, or use a different key";
                        findings.push("callers.key", Diagnostic::warning(message).label("this list").remedy(remedy));
                    }
                    known.push(key);
                }
            }
        }
        Self::Listed(known)
    }

    pub(super) fn admit(&self, request: &dyn Record<'_>) -> Result<(), Refusal> {
        let Some(Value::Text(key)) = request.value(Member::ClientKey) else {
            return Err(Refusal::unauthenticated("the API key is missing"));
        };
        let known = match self {
            Self::Anyone => return Ok(()),
            Self::Listed(known) => known,
        };
        let presented = Digest::of(&key);
        // `|` instead of `||`, so that all keys are compared.
        let found = known.iter().fold(false, |found, known| found | known.is(&presented));
        if found { Ok(()) } else { Err(Refusal::unauthenticated("the API key is unknown")) }
    }
}
