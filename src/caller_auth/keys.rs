//! API keys: whoever presents one of the route's is let in.
//!
//! A presented key is compared with every configured one, so the time does not tell which it was.

use std::path::Path;

use secrecy::ExposeSecret as _;

use crate::base::diagnostic::Diagnostic;
use crate::caller_auth::digest::Digest;
use crate::caller_auth::finding::{Findings, unreadable};
use crate::caller_auth::settings;
use crate::caller_auth::unauthenticated;
use crate::model::fault::Refusal;
use crate::model::member::Member;
use crate::model::record::Record;
use crate::model::value::Value;

/// Whose API keys are taken.
#[derive(Debug)]
pub(super) enum Keys {
    Anyone,
    These(Vec<Digest>),
}

impl Keys {
    pub(super) fn compile(keys: &settings::Keys, base: &Path, findings: &mut Findings) -> Self {
        let references = match keys {
            settings::Keys::Anyone(settings::Anyone::Anyone) => return Self::Anyone,
            settings::Keys::These(references) => references,
        };
        if references.is_empty() {
            let remedy = "name at least one key as `env:NAME` or `file:PATH`, or write `\"anyone\"`";
            let message = "the list of API keys is empty, so nobody could call";
            findings.push("callers.key", Diagnostic::error(message).label("this list").remedy(remedy));
        }
        let mut known: Vec<Digest> = Vec::new();
        for reference in references {
            match reference.resolve(base) {
                Err(problem) => findings.push("callers.key", unreadable("an API key", reference, &problem)),
                Ok(key) => {
                    let key = Digest::of(key.expose_secret());
                    if known.iter().any(|other| other.is(&key)) {
                        let message = format!("{reference} holds an API key that stands in the list already");
                        let remedy = "leave one of them out, or let it hold another key";
                        findings.push("callers.key", Diagnostic::warning(message).label("this list").remedy(remedy));
                    }
                    known.push(key);
                }
            }
        }
        Self::These(known)
    }

    pub(super) fn admit(&self, request: &dyn Record<'_>) -> Result<(), Refusal> {
        let Some(Value::Text(key)) = request.value(Member::ClientKey) else {
            return Err(unauthenticated("there is no API key"));
        };
        let known = match self {
            Self::Anyone => return Ok(()),
            Self::These(known) => known,
        };
        let presented = Digest::of(&key);
        // `|`, not `||`: all of them are compared.
        let found = known.iter().fold(false, |found, known| found | known.is(&presented));
        if found { Ok(()) } else { Err(unauthenticated("the API key is not one of the route's")) }
    }
}
