//! The user handle of a new passkey: which one its client gets, and which passkeys must not be created again.
//!
//! The new passkey is stored before the finish is sent, so that nothing is lost with a lost answer.

use std::borrow::Cow;

use crate::ceremony::{Ceremony, UserHandles};
use crate::features::user_handles::Handles;
use crate::features::user_handles::hooks::{HandleState, UserHandleHooks};
use crate::features::user_handles::passkey::{MAX_HANDLE, NewPasskey};
use crate::features::user_handles::store::{Excluded, HandleClaim, UserPasskeys};
use crate::model::assertion::Descriptor;
use crate::model::fault::{Fault, Refusal};
use crate::model::member::Member;
use crate::model::message::{Request, Response};
use crate::model::record::text;
use crate::model::registration::{AttestationResponse, CredentialCreation};
use crate::relying_party::random;
use crate::webauthn::registration::attested;

impl UserHandleHooks<'_> {
    /// Replaces the user handle in the options of a registration by the one that the caller's side knows, and adds
    /// the user's stored passkeys to `exclude_credentials`. Returns what the ceremony keeps for the finish.
    ///
    /// `dialect_has_handle` says whether the dialect's message has a place for the user handle.
    ///
    /// # Errors
    /// `upstream_invalid` if the upstream gives no handle of 1 to 64 bytes, `overloaded` if the handles cannot be read.
    pub(crate) async fn map_creation_options(
        self,
        request: &Request<'_>,
        dialect_has_handle: bool,
        response: &mut Response<'_>,
    ) -> Result<Option<Box<UserHandles>>, Refusal> {
        let (Response::RegistrationBegin(options) | Response::SignupBegin(options)) = response else {
            return Ok(None);
        };
        let rp_id = options.rp_id.as_deref().map(Box::from).or_else(|| text(request.record(), Member::RpId));
        map_options(self.handles, options, dialect_has_handle, rp_id.unwrap_or_default()).await
    }
}

async fn map_options(
    handles: &Handles,
    options: &mut CredentialCreation<'_>,
    dialect_has_handle: bool,
    rp_id: Box<str>,
) -> Result<Option<Box<UserHandles>>, Refusal> {
    let Some(upstream) = options.user_handle.as_deref().map(<[u8]>::to_vec) else {
        // With a place for the handle, the dialect's own rules decide whether it may be absent.
        let missing = "the answer lacks `user.handle`, without which no passkey can sign in";
        return if dialect_has_handle { Ok(None) } else { Err(Refusal::new(Fault::UpstreamInvalid, missing)) };
    };
    if !(1..=MAX_HANDLE).contains(&upstream.len()) {
        return Err(Refusal::new(Fault::UpstreamInvalid, "the answer's `user.handle` is not 1 to 64 bytes long"));
    }
    let passkeys = handles.user_passkeys(upstream.clone(), rp_id.to_string()).await?;
    let caller = if dialect_has_handle { Some(caller_handle(&upstream, &passkeys)?) } else { None };
    if let Some(caller) = &caller {
        options.user_handle = Some(Cow::Owned(caller.clone()));
    }
    exclude(options, passkeys.passkeys);
    let caller = caller.map(Vec::into_boxed_slice);
    Ok(Some(Box::new(UserHandles { upstream: upstream.into(), caller, rp_id })))
}

/// The handle for the client: the one that the user's clients have, else the upstream's own. If another user's clients
/// have the upstream's, a new passkey would overwrite theirs on a shared authenticator, so the handle is random.
fn caller_handle(upstream: &[u8], passkeys: &UserPasskeys) -> Result<Vec<u8>, Refusal> {
    match &passkeys.caller_handle {
        Some(known) => Ok(known.clone()),
        None if passkeys.is_caller_handle_of_another => Ok(random::bytes::<32>()?.into()),
        None => Ok(upstream.to_vec()),
    }
}

/// Completes the list of passkeys that an authenticator must not create again.
fn exclude(options: &mut CredentialCreation<'_>, passkeys: Vec<Excluded>) {
    for Excluded { credential_id, transports } in passkeys {
        let is_listed = options.exclude_credentials.iter().any(|one| one.id.as_deref() == Some(&*credential_id));
        if !is_listed {
            options.exclude_credentials.push(Descriptor {
                id: Some(credential_id.into()),
                r#type: Some("public-key".into()),
                transports: transports.into_iter().map(Cow::Owned).collect(),
            });
        }
    }
}

/// Stores the passkey of a finish as pending. Its id is the attested one, which must be the id that the client sends:
/// otherwise a passkey could be stored under the id of another user's.
pub(crate) async fn claim(
    handles: &Handles,
    user: &UserHandles,
    response: &AttestationResponse<'_>,
) -> Result<HandleState, Refusal> {
    let rejected = |reason: &'static str| Refusal::new(Fault::AssertionRejected, reason);
    let object = response.credential_attestation_object.as_deref().unwrap_or_default();
    let attested = attested(object).ok_or_else(|| rejected("the attestation object names no credential"))?;
    if response.credential_id.as_deref() != Some(&*attested.credential_id) {
        return Err(rejected("the credential's id is not the one that the authenticator attests"));
    }
    let claim = handles.claim(NewPasskey {
        credential_id: attested.credential_id,
        upstream_handle: user.upstream.to_vec(),
        caller_handle: user.caller.as_deref().map(<[u8]>::to_vec),
        rp_id: user.rp_id.to_string(),
        transports: response.credential_transports.iter().map(ToString::to_string).collect(),
        key: attested.public_key.map(|key| key.as_bytes().to_vec()),
    });
    match claim.await? {
        HandleClaim::Pending(serial) => Ok(HandleState::Claimed(serial)),
        HandleClaim::Known => Ok(HandleState::Unmapped),
    }
}

/// Restores the caller's user handle in the response to a finish.
pub(crate) fn restore_handle(ceremony: Option<&Ceremony>, response: &mut Response<'_>) {
    let known = ceremony.and_then(|ceremony| ceremony.handles.as_deref()?.caller.as_deref());
    if let (Some(caller), Response::RegistrationFinish(registered)) = (known, response)
        && registered.user_handle.is_some()
    {
        registered.user_handle = Some(Cow::Owned(caller.to_vec()));
    }
}
