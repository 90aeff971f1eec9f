//! Authenticator data (section 6.1) and the attested credential data inside it (section 6.5.1).
//!
//! Parsing is exact: the AT and ED flags determine what follows the first 37 bytes, and truncated input, trailing bytes
//! and an unsupported credential key are refused. [`crate::webauthn::policy`] checks the flags.

use ciborium::Value;
use thiserror::Error;

use crate::webauthn::cbor;
use crate::webauthn::cose_key::{CoseKey, InvalidCoseKey};

/// The largest key and credential id leave 12 KiB for extension outputs.
const MAX_LENGTH: usize = 16 * 1024;

/// Parsed authenticator data; it borrows from the bytes that were signed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuthenticatorData<'a> {
    /// SHA-256 of the RP ID.
    pub rp_id_hash: &'a [u8; 32],
    /// The flags byte.
    pub flags: Flags,
    /// The signature counter.
    pub sign_count: u32,
    /// Present exactly when the AT flag is set.
    pub attested_credential: Option<AttestedCredential<'a>>,
    /// The CBOR map of authenticator extension outputs, present exactly when the ED flag is set.
    pub extensions: Option<&'a [u8]>,
}

/// Attested credential data.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AttestedCredential<'a> {
    /// The authenticator's model.
    pub aaguid: [u8; 16],
    /// The credential id. 7.1 step 25 limits its length.
    pub credential_id: &'a [u8],
    /// The credential public key.
    pub public_key: CoseKey,
}

/// The flags byte; its reserved bits 1 and 5 are ignored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Flags(u8);

/// Why bytes are not authenticator data.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum InvalidAuthenticatorData {
    /// Longer than 16 KiB.
    #[error("longer than 16 KiB")]
    TooLong,
    /// Shorter than 37 bytes, or than its flags and lengths require.
    #[error("truncated")]
    Truncated,
    /// The credential public key is invalid.
    #[error("the credential public key is invalid")]
    PublicKey(#[source] InvalidCoseKey),
    /// The extensions are not one CBOR map.
    #[error("the extensions are not a CBOR map")]
    Extensions,
    /// Bytes follow the last part.
    #[error("trailing bytes")]
    TrailingBytes,
}

// ===== impl AuthenticatorData =====

impl<'a> AuthenticatorData<'a> {
    /// Parses authenticator data.
    ///
    /// # Errors
    /// [`InvalidAuthenticatorData`] as its variants say.
    pub fn parse(bytes: &'a [u8]) -> Result<Self, InvalidAuthenticatorData> {
        if bytes.len() > MAX_LENGTH {
            return Err(InvalidAuthenticatorData::TooLong);
        }
        let mut rest = bytes;
        let rp_id_hash = take_array(&mut rest)?;
        let [flags] = *take_array(&mut rest)?;
        let sign_count = u32::from_be_bytes(*take_array(&mut rest)?);
        let flags = Flags(flags);
        let attested_credential =
            if flags.attested_credential_data() { Some(AttestedCredential::parse_prefix(&mut rest)?) } else { None };
        let extensions = if flags.extension_data() { Some(take_map(&mut rest)?) } else { None };
        if !rest.is_empty() {
            return Err(InvalidAuthenticatorData::TrailingBytes);
        }
        Ok(Self { rp_id_hash, flags, sign_count, attested_credential, extensions })
    }
}

impl<'a> AttestedCredential<'a> {
    fn parse_prefix(input: &mut &'a [u8]) -> Result<Self, InvalidAuthenticatorData> {
        let aaguid = *take_array(input)?;
        let length = u16::from_be_bytes(*take_array(input)?);
        let (credential_id, rest) =
            input.split_at_checked(usize::from(length)).ok_or(InvalidAuthenticatorData::Truncated)?;
        *input = rest;
        let public_key = CoseKey::parse_prefix(input).map_err(InvalidAuthenticatorData::PublicKey)?;
        Ok(Self { aaguid, credential_id, public_key })
    }
}

fn take_array<'a, const N: usize>(input: &mut &'a [u8]) -> Result<&'a [u8; N], InvalidAuthenticatorData> {
    let (array, rest) = input.split_first_chunk().ok_or(InvalidAuthenticatorData::Truncated)?;
    *input = rest;
    Ok(array)
}

fn take_map<'a>(input: &mut &'a [u8]) -> Result<&'a [u8], InvalidAuthenticatorData> {
    let start = *input;
    match cbor::read_item(input) {
        Ok(Value::Map(_)) => Ok(&start[..start.len() - input.len()]),
        _ => Err(InvalidAuthenticatorData::Extensions),
    }
}

// ===== impl Flags =====

impl Flags {
    /// UP: a user was present.
    #[must_use]
    pub const fn user_present(self) -> bool {
        self.0 & 0x01 != 0
    }

    /// UV: the user was verified.
    #[must_use]
    pub const fn user_verified(self) -> bool {
        self.0 & 0x04 != 0
    }

    /// BE: the credential may be backed up; it never changes for a credential.
    #[must_use]
    pub const fn backup_eligible(self) -> bool {
        self.0 & 0x08 != 0
    }

    /// BS: the credential is backed up now.
    #[must_use]
    pub const fn backup_state(self) -> bool {
        self.0 & 0x10 != 0
    }

    const fn attested_credential_data(self) -> bool {
        self.0 & 0x40 != 0
    }

    const fn extension_data(self) -> bool {
        self.0 & 0x80 != 0
    }
}

#[cfg(test)]
mod tests {
    use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair as _};
    use proptest::prelude::*;

    use super::*;

    const AT: u8 = 0x40;
    const ED: u8 = 0x80;

    fn header(flags: u8) -> Vec<u8> {
        [&[7; 32][..], &[flags], &[0, 0, 1, 2]].concat()
    }

    fn attested(id: &[u8]) -> Vec<u8> {
        let length = u16::try_from(id.len()).unwrap().to_be_bytes();
        let point = Ed25519KeyPair::generate().unwrap().public_key().as_ref().to_vec();
        let key = [&[0xA4, 0x01, 0x01, 0x03, 0x27, 0x20, 0x06, 0x21, 0x58, 0x20][..], &point].concat();
        [&[9; 16][..], &length, id, &key].concat()
    }

    #[test]
    fn reads_each_part_of_the_flags() {
        let plain = header(0x1D);
        let data = AuthenticatorData::parse(&plain).unwrap();
        let flags = data.flags;
        assert_eq!((data.rp_id_hash, data.sign_count), (&[7; 32], 0x0102));
        assert!(flags.user_present() && flags.user_verified() && flags.backup_eligible() && flags.backup_state());
        assert_eq!((data.attested_credential, data.extensions), (None, None));

        let full = [header(AT | ED), attested(b"id"), vec![0xA1, 0x61, 0x61, 0xF5]].concat();
        let data = AuthenticatorData::parse(&full).unwrap();
        let flags = data.flags;
        assert!(!flags.user_present() && !flags.user_verified() && !flags.backup_eligible() && !flags.backup_state());
        assert_eq!(data.extensions, Some(&[0xA1, 0x61, 0x61, 0xF5][..]));
        let credential = data.attested_credential.unwrap();
        assert_eq!((credential.aaguid, credential.credential_id), ([9; 16], &b"id"[..]));
    }

    #[test]
    fn refuses_every_truncation_and_any_further_byte() {
        let full = [header(AT | ED), attested(b"id"), vec![0xA1, 0x61, 0x61, 0xF5]].concat();
        for length in 0..full.len() {
            assert!(AuthenticatorData::parse(&full[..length]).is_err(), "{length} bytes");
        }
        let longer = [full, vec![0]].concat();
        assert_eq!(AuthenticatorData::parse(&longer), Err(InvalidAuthenticatorData::TrailingBytes));
        assert_eq!(AuthenticatorData::parse(&[0; 36]), Err(InvalidAuthenticatorData::Truncated));
    }

    #[test]
    fn refuses_parts_without_their_flag() {
        let unannounced = [header(0x01), attested(b"id")].concat();
        assert_eq!(AuthenticatorData::parse(&unannounced), Err(InvalidAuthenticatorData::TrailingBytes));
        let unannounced = [header(AT), attested(b"id"), vec![0xA0]].concat();
        assert_eq!(AuthenticatorData::parse(&unannounced), Err(InvalidAuthenticatorData::TrailingBytes));
    }

    #[test]
    fn refuses_extensions_that_are_not_a_map() {
        for extensions in [vec![], vec![0x80], vec![0xFF], vec![0xA1, 0x01], [0xA1, 0x00].repeat(40)] {
            let bytes = [header(ED), extensions].concat();
            assert_eq!(AuthenticatorData::parse(&bytes), Err(InvalidAuthenticatorData::Extensions));
        }
    }

    #[test]
    fn refuses_a_key_it_cannot_verify_with() {
        let mut bytes = [header(AT), attested(b"id")].concat();
        let algorithm = bytes.len() - 32 - 6;
        assert_eq!(bytes[algorithm], 0x27, "EdDSA");
        bytes[algorithm] = 0x28;
        let expected = InvalidAuthenticatorData::PublicKey(InvalidCoseKey::UnsupportedAlgorithm);
        assert_eq!(AuthenticatorData::parse(&bytes), Err(expected));
    }

    #[test]
    fn refuses_more_than_its_limit() {
        let bytes = vec![0; MAX_LENGTH + 1];
        assert_eq!(AuthenticatorData::parse(&bytes), Err(InvalidAuthenticatorData::TooLong));
    }

    proptest! {
        #[test]
        fn never_panics(flags in any::<u8>(), rest in proptest::collection::vec(any::<u8>(), 0..256)) {
            let _ = AuthenticatorData::parse(&rest);
            let _ = AuthenticatorData::parse(&[header(flags), rest].concat());
        }
    }
}
