//! The hook after the upstream's answer was decoded: stores whether a passkey was created, used or deleted.

use crate::features::user_handles::Handles;
use crate::features::user_handles::hooks::{HandleState, UserHandleHooks, handle_mismatch};
use crate::features::user_handles::passkey::Passkey;
use crate::model::fault::{Fault, Refusal};
use crate::model::member::Member;
use crate::model::message::{Request, Response};
use crate::model::record::text;

impl UserHandleHooks<'_> {
    /// Stores what the upstream did with the passkey of a request.
    ///
    /// # Errors
    /// The upstream's own refusal, and `assertion_rejected` after a handle mismatch.
    pub(crate) async fn after_decode<'r>(
        self,
        request: &Request<'_>,
        state: HandleState,
        decoded: Result<Response<'r>, Refusal>,
    ) -> Result<Response<'r>, Refusal> {
        let stored = match (state, &decoded) {
            (HandleState::HandleMismatch, _) => return decoded.and(Err(handle_mismatch())),
            (HandleState::Unmapped, Ok(Response::CredentialsDelete(_))) => forget(self.handles, request).await,
            (HandleState::Mapped(passkey), Ok(response)) => confirm(self.handles, &passkey, response).await,
            (HandleState::Claimed(serial), Ok(response)) => {
                self.count("registered");
                self.handles.confirm(serial, name_in(response)).await
            }
            (HandleState::Claimed(serial), Err(refusal)) if is_definite(refusal.fault) => {
                self.handles.release(serial).await
            }
            (HandleState::Claimed(_), Err(_)) => {
                self.count("unanswered");
                Ok(())
            }
            (HandleState::Unmapped | HandleState::Mapped(_), _) => Ok(()),
        };
        if let Err(Refusal { reason, .. }) = stored {
            tracing::error!(upstream = &**self.upstream, %reason, "user handle not stored");
        }
        decoded
    }
}

/// Stores that the upstream has a passkey, unless that is known.
async fn confirm(handles: &Handles, passkey: &Passkey, response: &Response<'_>) -> Result<(), Refusal> {
    let name = name_in(response);
    let is_news = passkey.is_pending || (passkey.name.is_none() && name.is_some());
    if is_news { handles.confirm(passkey.serial, name).await } else { Ok(()) }
}

async fn forget(handles: &Handles, request: &Request<'_>) -> Result<(), Refusal> {
    let Request::CredentialsDelete(deletion) = request else { return Ok(()) };
    let id = deletion.credential_id.as_deref().map(<[u8]>::to_vec);
    handles.forget(id, deletion.credential_handle.as_deref().map(str::to_owned)).await.map(drop)
}

/// The upstream's own name of a passkey.
fn name_in(response: &Response<'_>) -> Option<String> {
    text(response.record(), Member::CredentialHandle).map(String::from)
}

/// Whether a refusal means that the upstream did nothing. After a lost or invalid answer that is unknown.
fn is_definite(fault: Fault) -> bool {
    !fault.is_upstreams() && fault != Fault::Internal
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_definite_refusal_releases_a_pending_passkey() {
        for definite in [Fault::AssertionRejected, Fault::Conflict, Fault::Forbidden, Fault::UpstreamRefusedUs] {
            assert!(is_definite(definite), "{}", definite.name());
        }
        for open in [Fault::UpstreamTimeout, Fault::UpstreamInvalid, Fault::UpstreamFailed, Fault::Internal] {
            assert!(!is_definite(open), "{}", open.name());
        }
    }
}
