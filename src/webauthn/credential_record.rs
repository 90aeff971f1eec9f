//! A credential record (section 4): what a relying party keeps of a credential.
//!
//! The members that a verdict depends on. Transports, names and times are the store's own.

use crate::webauthn::assertion::VerifiedAssertion;
use crate::webauthn::cose_key::CoseKey;

/// A registered credential.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CredentialRecord {
    /// The credential id, 1 to 1023 bytes.
    pub id: Vec<u8>,
    /// The credential public key.
    pub public_key: CoseKey,
    /// The signature counter last seen; zero for authenticators that keep none.
    pub sign_count: u32,
    /// The user verification was seen at registration, or later and then authorised by another factor.
    pub uv_initialized: bool,
    /// The BE flag, which never changes. `None` only for a record taken over from a store that did not keep it
    /// (before Level 3 nobody had to): the first verified assertion tells it.
    pub backup_eligible: Option<bool>,
    /// The BS flag last seen.
    pub backup_state: bool,
    /// The user handle of the account that the credential belongs to.
    pub user_handle: Vec<u8>,
}

impl CredentialRecord {
    /// 7.2 step 24: takes over what a verified assertion says, to be stored when nothing else refuses the sign-in.
    ///
    /// `uv_initialized` stays as it is: to raise it takes another authentication factor, which only the caller knows.
    pub fn update(&mut self, assertion: &VerifiedAssertion) {
        self.sign_count = assertion.sign_count;
        self.backup_eligible = Some(assertion.backup_eligible);
        self.backup_state = assertion.backup_state;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_assertion_updates_all_but_what_takes_another_factor() {
        // an Ed25519 key of RFC 8032 section 7.1, test 1
        let key = b"\xA4\x01\x01\x03\x27\x20\x06\x21\x58\x20\
            \xD7\x5A\x98\x01\x82\xB1\x0A\xB7\xD5\x4B\xFE\xD3\xC9\x64\x07\x3A\
            \x0E\xE1\x72\xF3\xDA\xA6\x23\x25\xAF\x02\x1A\x68\xF7\x07\x51\x1A";
        let before = CredentialRecord {
            id: vec![1],
            public_key: CoseKey::parse(key).unwrap(),
            sign_count: 1,
            uv_initialized: false,
            backup_eligible: None,
            backup_state: false,
            user_handle: vec![2],
        };
        let mut record = before.clone();
        let assertion =
            VerifiedAssertion { sign_count: 7, user_verified: true, backup_eligible: true, backup_state: true };
        record.update(&assertion);
        assert_eq!(
            record,
            CredentialRecord { sign_count: 7, backup_eligible: Some(true), backup_state: true, ..before }
        );
    }
}
