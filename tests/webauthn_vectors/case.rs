//! An example of section 16 with its expectations, owned, so that a test can change any part.

use ciborium::Value;
use passbridge::webauthn::algorithm::Algorithm;
use passbridge::webauthn::assertion::{Assertion, AssertionPolicy};
use passbridge::webauthn::credential_record::CredentialRecord;
use passbridge::webauthn::error::VerificationError;
use passbridge::webauthn::policy::{CeremonyPolicy, CrossOrigin};
use passbridge::webauthn::registration::{Registration, RegistrationPolicy, VerifiedRegistration};

use crate::level3::Vector;

pub(crate) const USER_HANDLE: &[u8] = b"user";

/// The expectations of a ceremony; by default those of section 16.
#[derive(Clone)]
pub(crate) struct Expected {
    pub(crate) challenge: Vec<u8>,
    pub(crate) rp_id: String,
    pub(crate) origins: Vec<String>,
    /// `None` refuses cross-origin use.
    pub(crate) top_origins: Option<Vec<String>>,
    pub(crate) user_verification: bool,
}

#[derive(Clone)]
pub(crate) struct AssertionCase {
    pub(crate) credential_id: Vec<u8>,
    pub(crate) client_data_json: Vec<u8>,
    pub(crate) authenticator_data: Vec<u8>,
    pub(crate) signature: Vec<u8>,
    pub(crate) user_handle: Option<Vec<u8>>,
    pub(crate) expected: Expected,
    pub(crate) allowed: Vec<Vec<u8>>,
    pub(crate) identified: Option<Vec<u8>>,
    pub(crate) record: CredentialRecord,
}

#[derive(Clone)]
pub(crate) struct RegistrationCase {
    pub(crate) credential_id: Vec<u8>,
    pub(crate) client_data_json: Vec<u8>,
    pub(crate) attestation_object: Vec<u8>,
    pub(crate) expected: Expected,
    pub(crate) algorithms: Vec<Algorithm>,
    pub(crate) conditional_mediation: bool,
}

// ===== impl Expected =====

impl Expected {
    fn new(vector: &Vector, challenge: &[u8]) -> Self {
        let framed = ["none-es256-crossOrigin", "none-es256-topOrigin"].contains(&vector.anchor.as_str());
        Self {
            challenge: challenge.to_vec(),
            rp_id: "example.org".to_owned(),
            origins: vec!["https://example.org".to_owned()],
            top_origins: framed.then(|| vec!["https://example.com".to_owned()]),
            user_verification: false,
        }
    }

    fn policy(&self) -> CeremonyPolicy<'_> {
        CeremonyPolicy {
            challenge: &self.challenge,
            rp_id: &self.rp_id,
            origins: &self.origins,
            cross_origin: self.top_origins.as_deref().map_or(CrossOrigin::Refused, CrossOrigin::Allowed),
            user_verification_required: self.user_verification,
        }
    }
}

// ===== impl AssertionCase =====

impl AssertionCase {
    pub(crate) fn new(vector: &Vector) -> Self {
        Self {
            credential_id: vector.credential_id.0.clone(),
            client_data_json: vector.authentication.client_data_json.0.clone(),
            authenticator_data: vector.authentication.authenticator_data.0.clone(),
            signature: vector.authentication.signature.0.clone(),
            user_handle: None,
            expected: Expected::new(vector, &vector.authentication.challenge.0),
            allowed: vec![],
            identified: Some(USER_HANDLE.to_vec()),
            record: RegistrationCase::new(vector).outcome().unwrap().record,
        }
    }

    pub(crate) fn verify(&self) -> Result<(), VerificationError> {
        let assertion = Assertion {
            credential_id: &self.credential_id,
            client_data_json: &self.client_data_json,
            authenticator_data: &self.authenticator_data,
            signature: &self.signature,
            user_handle: self.user_handle.as_deref(),
        };
        let policy = AssertionPolicy {
            ceremony: self.expected.policy(),
            allowed: &self.allowed,
            user_handle: self.identified.as_deref(),
        };
        let verified = assertion.verify(&policy, &self.record)?;
        // no example has a counter; the result must have the flags of the input
        let flags = self.authenticator_data[32];
        assert_eq!(verified.sign_count, 0);
        assert_eq!(verified.user_verified, flags & 0x04 != 0);
        assert_eq!(verified.backup_eligible, flags & 0x08 != 0);
        assert_eq!(verified.backup_state, flags & 0x10 != 0);
        Ok(())
    }
}

// ===== impl RegistrationCase =====

impl RegistrationCase {
    pub(crate) fn new(vector: &Vector) -> Self {
        Self {
            credential_id: vector.credential_id.0.clone(),
            client_data_json: vector.registration.client_data_json.0.clone(),
            attestation_object: vector.registration.attestation_object.0.clone(),
            expected: Expected::new(vector, &vector.registration.challenge.0),
            algorithms: Algorithm::ALL.to_vec(),
            conditional_mediation: false,
        }
    }

    pub(crate) fn outcome(&self) -> Result<VerifiedRegistration, VerificationError> {
        let registration = Registration {
            credential_id: &self.credential_id,
            client_data_json: &self.client_data_json,
            attestation_object: &self.attestation_object,
        };
        registration.verify(&RegistrationPolicy {
            ceremony: self.expected.policy(),
            algorithms: &self.algorithms,
            conditional_mediation: self.conditional_mediation,
            user_handle: USER_HANDLE,
        })
    }

    pub(crate) fn verify(&self) -> Result<(), VerificationError> {
        self.outcome().map(|_| ())
    }

    /// Changes the members `fmt`, `attStmt` and `authData`, in this order.
    pub(crate) fn edit_object(&mut self, edit: impl FnOnce(&mut Vec<(Value, Value)>)) {
        let object: Value = ciborium::from_reader(self.attestation_object.as_slice()).unwrap();
        let mut members = object.into_map().unwrap();
        edit(&mut members);
        self.attestation_object.clear();
        ciborium::into_writer(&Value::Map(members), &mut self.attestation_object).unwrap();
    }

    pub(crate) fn edit_authenticator_data(&mut self, edit: impl FnOnce(&mut Vec<u8>)) {
        self.edit_object(|members| edit(members[2].1.as_bytes_mut().unwrap()));
    }
}
