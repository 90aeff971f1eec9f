//! Registering a new credential: section 7.1.
//!
//! Steps 1 to 4 happen in the client. Attestation is not assessed (steps 21 to 24): a statement of a format other than
//! `none` is parsed, returned and **not trusted**, which the note at step 24 permits. So the AAGUID and the format are
//! claims. The caller does step 26, refusing an id that is registered already, and step 29, storing. Step 28 does
//! nothing, because no extension is requested.

use ciborium::Value;
use serde::Deserialize;

use crate::webauthn::algorithm::Algorithm;
use crate::webauthn::authenticator_data::AuthenticatorData;
use crate::webauthn::cbor::{self, InvalidCbor};
use crate::webauthn::client_data::ClientData;
use crate::webauthn::cose_key::CoseKey;
use crate::webauthn::credential_record::CredentialRecord;
use crate::webauthn::error::VerificationError;
use crate::webauthn::policy::{CeremonyPolicy, CeremonyType};

/// Bytes of an attestation object: the largest authenticator data and a chain of certificates.
const MAX_LENGTH: usize = 64 * 1024;
/// Bytes of a credential id, 7.1 step 25.
const MAX_CREDENTIAL_ID_LENGTH: usize = 1023;

/// An `AuthenticatorAttestationResponse` and the id of its credential, decoded.
#[derive(Debug, Clone, Copy)]
pub struct Registration<'a> {
    /// `rawId`.
    pub credential_id: &'a [u8],
    /// `response.clientDataJSON`.
    pub client_data_json: &'a [u8],
    /// `response.attestationObject`.
    pub attestation_object: &'a [u8],
}

/// The expectations of a registration.
#[derive(Debug, Clone, Copy)]
pub struct RegistrationPolicy<'a> {
    /// The expectations of any ceremony.
    pub ceremony: CeremonyPolicy<'a>,
    /// The algorithms in `pubKeyCredParams`.
    pub algorithms: &'a [Algorithm],
    /// Whether `mediation` was "conditional": then the user need not have been present.
    pub conditional_mediation: bool,
    /// The user handle of the account, `user.id` of the request.
    pub user_handle: &'a [u8],
}

/// The values of a valid registration.
#[derive(Debug, Clone, PartialEq)]
pub struct VerifiedRegistration {
    /// The record to store.
    pub record: CredentialRecord,
    /// The authenticator's model, as it claims.
    pub aaguid: [u8; 16],
    /// The attestation statement format identifier.
    pub attestation_format: String,
    /// The attestation statement: an empty map for the format `none`, unverified for any other.
    pub attestation_statement: Value,
}

/// An attestation object (section 6.5); other members are ignored.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct AttestationObject {
    fmt: String,
    att_stmt: Value,
    auth_data: Value,
}

impl Registration<'_> {
    /// Runs steps 5 to 25 of section 7.1 and makes the record of step 27.
    ///
    /// # Errors
    /// The first step that fails.
    pub fn verify(&self, policy: &RegistrationPolicy<'_>) -> Result<VerifiedRegistration, VerificationError> {
        // steps 5 and 6
        let client_data = ClientData::parse(self.client_data_json)?;
        // steps 7 to 11; step 12, the hash, serves attestation only
        policy.ceremony.check_client_data(CeremonyType::Registration, &client_data)?;
        // step 13
        let AttestationObject { fmt, att_stmt, auth_data } = parse_attestation_object(self.attestation_object)?;
        let auth_data = auth_data.into_bytes().map_err(|_| VerificationError::AttestationObject)?;
        let data = AuthenticatorData::parse(&auth_data)?;
        // steps 14 to 17; there is no policy for steps 18 and 19
        policy.ceremony.check_authenticator_data(&data, !policy.conditional_mediation)?;
        // step 20
        let credential = data.attested_credential.ok_or(VerificationError::AttestedCredentialMissing)?;
        if !policy.algorithms.contains(&credential.public_key.algorithm()) {
            return Err(VerificationError::AlgorithmNotOffered);
        }
        // steps 21 and 22
        if fmt == "none" && att_stmt.as_map().is_none_or(|statement| !statement.is_empty()) {
            return Err(VerificationError::AttestationStatement);
        }
        // step 25
        if credential.credential_id.is_empty() || credential.credential_id.len() > MAX_CREDENTIAL_ID_LENGTH {
            return Err(VerificationError::CredentialIdLength);
        }
        // step 27: the record's id is rawId, which must equal the attested id
        if credential.credential_id != self.credential_id {
            return Err(VerificationError::CredentialMismatch);
        }
        let record = CredentialRecord {
            id: credential.credential_id.to_vec(),
            public_key: credential.public_key,
            sign_count: data.sign_count,
            uv_initialized: data.flags.user_verified(),
            backup_eligible: Some(data.flags.backup_eligible()),
            backup_state: data.flags.backup_state(),
            user_handle: policy.user_handle.to_vec(),
        };
        Ok(VerifiedRegistration {
            record,
            aaguid: credential.aaguid,
            attestation_format: fmt,
            attestation_statement: att_stmt,
        })
    }
}

/// The credential of an attestation object that another relying party verifies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attested {
    /// Its id.
    pub credential_id: Vec<u8>,
    /// Its public key, if its algorithm is supported.
    pub public_key: Option<CoseKey>,
}

/// The credential of an attestation object (section 6.5.1); `None` if it cannot be read or has none.
pub fn attested(attestation_object: &[u8]) -> Option<Attested> {
    /// The flags follow the hash of the RP ID; counter and AAGUID follow the flags.
    const FLAGS: usize = 32;
    const ATTESTED: u8 = 1 << 6;
    const BEFORE_LENGTH: usize = FLAGS + 1 + 4 + 16;
    let data = parse_attestation_object(attestation_object).ok()?.auth_data.into_bytes().ok()?;
    data.get(FLAGS).filter(|flags| **flags & ATTESTED != 0)?;
    let (length, rest) = data.get(BEFORE_LENGTH..)?.split_first_chunk()?;
    let (credential_id, mut rest) = rest.split_at_checked(usize::from(u16::from_be_bytes(*length)))?;
    let is_long = !(1..=MAX_CREDENTIAL_ID_LENGTH).contains(&credential_id.len());
    let public_key = CoseKey::parse_prefix(&mut rest).ok();
    (!is_long).then(|| Attested { credential_id: credential_id.to_vec(), public_key })
}

/// Whether the UV flag of an attestation object is set (section 6.1). For use when another relying party verifies it.
/// `false` if it cannot be read.
pub fn has_user_verified(attestation_object: &[u8]) -> bool {
    /// The flags follow the hash of the RP ID.
    const FLAGS: usize = 32;
    const USER_VERIFIED: u8 = 1 << 2;
    let object = parse_attestation_object(attestation_object).ok();
    let data = object.and_then(|object| object.auth_data.into_bytes().ok());
    data.and_then(|data| data.get(FLAGS).copied()).is_some_and(|flags| flags & USER_VERIFIED != 0)
}

fn parse_attestation_object(bytes: &[u8]) -> Result<AttestationObject, VerificationError> {
    if bytes.len() > MAX_LENGTH {
        return Err(VerificationError::AttestationObject);
    }
    let mut rest = bytes;
    let object = cbor::read_item(&mut rest).map_err(|InvalidCbor| VerificationError::AttestationObject)?;
    if !rest.is_empty() {
        return Err(VerificationError::AttestationObject);
    }
    Ok(object)
}
