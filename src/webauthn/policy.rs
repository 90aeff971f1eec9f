//! The relying party's expectations of either ceremony, and the steps that sections 7.1 and 7.2 share.
//!
//! Step numbers are written "7.1 step / 7.2 step". The first step that fails is reported.

use aws_lc_rs::digest::{SHA256, digest};

use crate::webauthn::authenticator_data::AuthenticatorData;
use crate::webauthn::client_data::ClientData;
use crate::webauthn::error::VerificationError;

/// The options of the begin, and the configuration.
#[derive(Debug, Clone, Copy)]
pub struct CeremonyPolicy<'a> {
    /// The challenge that was issued, of any length; an empty one matches nothing.
    pub challenge: &'a [u8],
    /// The RP ID.
    pub rp_id: &'a str,
    /// The origins to accept, each as a client serialises it: scheme, host and a port that is not the default one, or
    /// an app's `android:apk-key-hash:...`. Compared byte for byte, without subdomains (section 13.4.9).
    pub origins: &'a [String],
    /// Whether a ceremony may run in a frame of another origin.
    pub cross_origin: CrossOrigin<'a>,
    /// Whether `userVerification` was "required".
    pub user_verification_required: bool,
}

/// Whether the relying party expects to be framed by pages of other origins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CrossOrigin<'a> {
    /// It does not: such a ceremony is refused.
    Refused,
    /// It does, by pages of these origins. A client that does not report the top origin is accepted, as in step 13.
    Allowed(&'a [String]),
}

/// Which of the two ceremonies client data must be of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum CeremonyType {
    Registration,
    Authentication,
}

impl CeremonyPolicy<'_> {
    /// Steps 7 to 11 / 10 to 14.
    pub(super) fn check_client_data(
        &self,
        ceremony: CeremonyType,
        client_data: &ClientData,
    ) -> Result<(), VerificationError> {
        let expected_type = match ceremony {
            CeremonyType::Registration => "webauthn.create",
            CeremonyType::Authentication => "webauthn.get",
        };
        // step 7 / 10
        if client_data.type_ != expected_type {
            return Err(VerificationError::TypeMismatch);
        }
        // step 8 / 11; that the encoding is base64url was checked when it was decoded
        if client_data.challenge != self.challenge {
            return Err(VerificationError::ChallengeMismatch);
        }
        // step 9 / 12
        if !self.origins.contains(&client_data.origin) {
            return Err(VerificationError::OriginUnexpected);
        }
        match self.cross_origin {
            // step 10 / 13, and 11.1 / 14.1: a top origin is there only for a frame of another origin
            CrossOrigin::Refused if client_data.cross_origin || client_data.top_origin.is_some() => {
                Err(VerificationError::CrossOriginUnexpected)
            }
            CrossOrigin::Refused => Ok(()),
            // step 11.2 / 14.2
            CrossOrigin::Allowed(pages) => match &client_data.top_origin {
                Some(top_origin) if !pages.contains(top_origin) => Err(VerificationError::TopOriginUnexpected),
                Some(_) | None => Ok(()),
            },
        }
    }

    /// Steps 14 to 17 / 15 to 18. `presence_required` is false only for a registration with conditional mediation.
    pub(super) fn check_authenticator_data(
        &self,
        data: &AuthenticatorData<'_>,
        presence_required: bool,
    ) -> Result<(), VerificationError> {
        // step 14 / 15; the appid extension, which would allow another hash, is never requested here
        if data.rp_id_hash != digest(&SHA256, self.rp_id.as_bytes()).as_ref() {
            return Err(VerificationError::RpIdHashMismatch);
        }
        // step 15 / 16
        if presence_required && !data.flags.user_present() {
            return Err(VerificationError::UserNotPresent);
        }
        // step 16 / 17
        if self.user_verification_required && !data.flags.user_verified() {
            return Err(VerificationError::UserNotVerified);
        }
        // step 17 / 18
        if data.flags.backup_state() && !data.flags.backup_eligible() {
            return Err(VerificationError::BackupStateInconsistent);
        }
        Ok(())
    }
}
