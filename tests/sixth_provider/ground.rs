//! What the suites of the five providers are held against here: the sixth alone.

use std::fs;

use passbridge::base::diagnostic::Diagnostics;
use passbridge::model::fault::Fault;
use passbridge::model::operation::Operation;
use passbridge::provider::registry::Registry;

use Fault::{
    AssertionRejected, ChallengeExpired, InvalidRequest, NotFound, RateLimited, Unauthenticated, UnknownUser,
    UpstreamFailed,
};
use Operation::{CredentialsDelete, LoginBegin, LoginFinish, RegistrationFinish};

/// The folder of the documented examples, below the root.
pub(crate) const FIXTURES: &str = "tests/sixth_provider/fixtures";
/// The folder of the schemas.
pub(crate) const SCHEMAS: &str = "tests/sixth_provider/schemas";
/// In at least so many places of the examples there are bytes.
pub(crate) const PLACES_OF_BYTES: usize = 10;

/// The folder that a config names.
pub(crate) const PROVIDERS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/sixth_provider/providers");

/// The one provider file.
pub(crate) fn registry() -> Registry {
    let (mut registry, mut diagnostics) = (Registry::default(), Diagnostics::default());
    let text = fs::read_to_string(format!("{PROVIDERS}/kelpie.toml")).unwrap();
    registry.add("kelpie", "kelpie.toml", &text, &mut diagnostics);
    assert!(diagnostics.is_empty(), "{diagnostics}");
    registry
}

/// Whether a provider has a way of its own to say a fault: this one has.
pub(crate) fn tells_apart(_provider: &str, _operation: Operation, _fault: Fault) -> bool {
    true
}

/// What the model knowingly does not carry: nothing.
pub(crate) const DROPPED: &[(&str, &str, &str)] = &[];

/// Provider, example, where it was met, what it is, after how many seconds to try again.
pub(crate) const FAULTS: &[(&str, &str, Operation, Fault, Option<i64>)] = &[
    ("kelpie", "4000_invalid", LoginFinish, InvalidRequest, None),
    ("kelpie", "4010_key", LoginBegin, Unauthenticated, None),
    ("kelpie", "4040_user", LoginBegin, UnknownUser, None),
    ("kelpie", "4040_user", CredentialsDelete, NotFound, None),
    ("kelpie", "4220_rejected", LoginFinish, AssertionRejected, None),
    ("kelpie", "4100_expired", RegistrationFinish, ChallengeExpired, None),
    ("kelpie", "4290_rate", LoginBegin, RateLimited, Some(30)),
    ("kelpie", "5030_busy", LoginBegin, UpstreamFailed, Some(5)),
];
