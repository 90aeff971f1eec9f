//! A passkey that is being made: which handle its client is given, and what must not be made again.
//!
//! The finish is sent only when the new passkey is noted, so that a lost answer loses nothing.

use std::borrow::Cow;

use crate::ceremony::{Ceremony, UserHandles};
use crate::features::user_handles::Handles;
use crate::features::user_handles::before_call::HandleState;
use crate::features::user_handles::passkey::{MAX_HANDLE, NewPasskey};
use crate::features::user_handles::store::{Excluded, HandleClaim, UserPasskeys};
use crate::gateway::pipeline::Gateway;
use crate::gateway::steps::build_upstream_request;
use crate::model::assertion::Descriptor;
use crate::model::fault::{Fault, Refusal};
use crate::model::member::Member;
use crate::model::message::{Request, Response};
use crate::model::registration::{AttestationResponse, CredentialCreation};
use crate::relying_party::random;
use crate::routes::Route;
use crate::webauthn::registration::attested;

impl Gateway {
    /// Gives the client of a registration the handle that its user has on the caller's side, and the passkeys that
    /// must not be made again. What the finish must know of it is for the ceremony to keep.
    ///
    /// # Errors
    /// `upstream_invalid` where the upstream gives no handle that can be bridged, and what the file of handles says
    /// where it cannot be asked.
    pub(crate) async fn bridge(
        &self,
        way: &Route,
        reported: &Request<'_>,
        response: &mut Response<'_>,
    ) -> Result<Option<Box<UserHandles>>, Refusal> {
        let (Some(handles), Response::RegistrationBegin(options) | Response::SignupBegin(options)) =
            (self.handles_of(way), &mut *response)
        else {
            return Ok(None);
        };
        let operation = reported.operation();
        let tells = way.dialect.operations[&operation].response.message.carries(Member::UserHandle);
        let rp_id = options
            .rp_id
            .as_deref()
            .map(Box::from)
            .or_else(|| build_upstream_request::text(reported.record(), Member::RpId));
        Box::pin(given(handles, options, tells, rp_id.unwrap_or_default())).await
    }
}

async fn given(
    handles: &Handles,
    options: &mut CredentialCreation<'_>,
    tells: bool,
    rp_id: Box<str>,
) -> Result<Option<Box<UserHandles>>, Refusal> {
    let Some(upstream) = options.user_handle.as_deref().map(<[u8]>::to_vec) else {
        // Where the dialect has a place for it, the upstream's silence is the caller's to hear.
        let silent =
            Refusal::new(Fault::UpstreamInvalid, "the answer lacks `user.handle`, and no passkey signs in without");
        return if tells { Ok(None) } else { Err(silent) };
    };
    if !(1..=MAX_HANDLE).contains(&upstream.len()) {
        return Err(Refusal::new(Fault::UpstreamInvalid, "the answer's `user.handle` is not 1 to 64 bytes long"));
    }
    let user_passkeys = handles.user_passkeys(upstream.clone(), rp_id.to_string()).await?;
    let caller = if tells { Some(caller_handle(&upstream, &user_passkeys)?) } else { None };
    if let Some(caller) = &caller {
        options.user_handle = Some(Cow::Owned(caller.clone()));
    }
    exclude(options, user_passkeys.passkeys);
    let caller = caller.map(Vec::into_boxed_slice);
    Ok(Some(Box::new(UserHandles { upstream: upstream.into(), caller, rp_id })))
}

/// The handle for the client: the one that it knows, else the upstream's own. Where that is what the clients of
/// somebody else know, a new passkey would take theirs away on an authenticator that both use; so it is a new one.
fn caller_handle(upstream: &[u8], user_passkeys: &UserPasskeys) -> Result<Vec<u8>, Refusal> {
    match &user_passkeys.caller_handle {
        Some(known) => Ok(known.clone()),
        None if user_passkeys.is_caller_handle_of_another => Ok(random::bytes::<32>()?.into()),
        None => Ok(upstream.to_vec()),
    }
}

/// Completes the list of what an authenticator must not make again.
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

/// Notes the passkey of a finish that is about to be sent. Its id is the one that the authenticator attests, which
/// must be the one that the client names: else one's passkey could be noted under the id of another's.
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
        HandleClaim::Known => Ok(HandleState::Untouched),
    }
}

/// The caller hears its own handle of the user again, in the answer to the finish.
pub(crate) fn echo(begun: Option<&Ceremony>, response: &mut Response<'_>) {
    let known = begun.and_then(|begun| begun.handles.as_deref()?.caller.as_deref());
    if let (Some(caller), Response::RegistrationFinish(registered)) = (known, response)
        && registered.user_handle.is_some()
    {
        registered.user_handle = Some(Cow::Owned(caller.to_vec()));
    }
}
