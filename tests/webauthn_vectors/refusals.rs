//! Each step that can refuse a ceremony: an example of section 16 with one mistake.
//!
//! Where a flag inside signed bytes is wrong, the signature is wrong too; the step must still be the one that is named,
//! because it comes first.

mod assertions;
mod ceremonies;
mod registrations;

use passbridge::webauthn::error::VerificationError;
use proptest::prelude::*;

use crate::case::{AssertionCase, RegistrationCase};
use crate::level3::{vector, vectors};

pub(crate) const FLAGS: usize = 32;
pub(crate) const UP: u8 = 0x01;
pub(crate) const UV: u8 = 0x04;
pub(crate) const BE: u8 = 0x08;
pub(crate) const BS: u8 = 0x10;
pub(crate) const AT: u8 = 0x40;
pub(crate) const ED: u8 = 0x80;

/// The result for a valid assertion after `change`. Its flags are UP, BE and BS.
pub(crate) fn asserted(change: impl FnOnce(&mut AssertionCase)) -> Result<(), VerificationError> {
    let mut case = AssertionCase::new(&vector("none-es256"));
    assert_eq!(case.authenticator_data[FLAGS], UP | BE | BS);
    change(&mut case);
    case.verify()
}

/// The result for a valid registration after `change`. Its flags are UP, BE, BS and AT.
pub(crate) fn registered(change: impl FnOnce(&mut RegistrationCase)) -> Result<(), VerificationError> {
    let mut case = RegistrationCase::new(&vector("none-es256"));
    case.edit_authenticator_data(|data| assert_eq!(data[FLAGS], UP | BE | BS | AT));
    change(&mut case);
    case.verify()
}

#[test]
fn unchanged_case_is_valid() {
    assert_eq!(asserted(|_| {}), Ok(()));
    assert_eq!(registered(|_| {}), Ok(()));
}

proptest! {
    #[test]
    fn arbitrary_bytes_are_refused(
        client_data_json in proptest::collection::vec(any::<u8>(), 0..64),
        bytes in proptest::collection::vec(any::<u8>(), 0..512),
    ) {
        prop_assert!(asserted(|case| case.authenticator_data.clone_from(&bytes)).is_err());
        prop_assert!(asserted(|case| case.signature.clone_from(&bytes)).is_err());
        prop_assert!(registered(|case| case.attestation_object.clone_from(&bytes)).is_err());
        prop_assert!(asserted(|case| case.client_data_json.clone_from(&client_data_json)).is_err());
        prop_assert!(registered(|case| case.client_data_json = client_data_json).is_err());
    }

    /// Damage inside an otherwise valid object reaches more code than arbitrary bytes do. Both results are possible,
    /// because the attestation object is not signed, but there is no panic.
    #[test]
    fn damaged_attestation_object_does_not_panic(
        index in 0..vectors().len(),
        at in any::<prop::sample::Index>(),
        replacement in proptest::collection::vec(any::<u8>(), 0..16),
    ) {
        let mut case = RegistrationCase::new(&vectors()[index]);
        let at = at.index(case.attestation_object.len());
        let end = (at + replacement.len()).min(case.attestation_object.len());
        case.attestation_object.splice(at..end, replacement);
        let _ = case.verify();
    }
}
