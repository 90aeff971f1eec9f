//! The hook before the upstream is called: the request gets the user handle that the upstream knows.
//!
//! The stored handle of the credential id decides, never the handle that the client sends. A passkey that is not
//! stored was created at the upstream, and passes unchanged. If the handles cannot be read, the request fails: any
//! handle that were sent instead might be another user's.

use std::borrow::Cow;
use std::sync::Arc;

use crate::ceremony::Ceremony;
use crate::features::user_handles::Handles;
use crate::features::user_handles::passkey::{Passkey, Signed};
use crate::features::user_handles::registration;
use crate::model::assertion::AssertionResponse;
use crate::model::fault::{Fault, Refusal};
use crate::model::message::Request;
use crate::telemetry::metrics::Metrics;

/// The user handles of a backend's upstream, as its hooks use them.
#[derive(Clone, Copy, Debug)]
pub(crate) struct UserHandleHooks<'h> {
    pub(crate) handles: &'h Handles,
    pub(crate) metrics: &'h Metrics,
    pub(crate) upstream: &'h Arc<str>,
    /// Whether the route hides which users exist.
    pub(crate) hides_users: bool,
}

/// What is known of a request's passkey before the call.
#[derive(Debug)]
pub(crate) enum HandleState {
    /// There is nothing to map: no user handles are stored, or none of this passkey.
    Unmapped,
    /// The upstream gets its own handle of this passkey. Boxed to keep it out of every request future.
    Mapped(Box<Passkey>),
    /// The authenticator returned another handle than the stored one. The upstream is called all the same if an
    /// early refusal would reveal which users exist.
    HandleMismatch,
    /// A new passkey is stored as pending.
    Claimed(i64),
}

impl UserHandleHooks<'_> {
    /// Maps the user handle of a sign-in, and stores a new passkey as pending.
    ///
    /// # Errors
    /// `assertion_rejected` if the authenticator returned another handle than the stored one, `conflict` if the new
    /// passkey is stored for another user, `overloaded` if the handles cannot be read.
    pub(crate) async fn before_call(
        self,
        request: &mut Request<'_>,
        ceremony: Option<&Ceremony>,
    ) -> Result<HandleState, Refusal> {
        match request {
            Request::LoginFinish(response) => self.map(response).await,
            Request::RegistrationFinish(response) | Request::SignupFinish(response) => {
                match ceremony.and_then(|ceremony| ceremony.handles.as_deref()) {
                    Some(user) => registration::claim(self.handles, user, response).await,
                    None => Ok(HandleState::Unmapped),
                }
            }
            Request::LoginBegin(_)
            | Request::RegistrationBegin(_)
            | Request::SignupBegin(_)
            | Request::SessionRefresh(_)
            | Request::CredentialsList(_)
            | Request::CredentialsDelete(_) => Ok(HandleState::Unmapped),
        }
    }

    async fn map(self, response: &mut AssertionResponse<'_>) -> Result<HandleState, Refusal> {
        let bytes = |value: &Option<Cow<'_, [u8]>>| value.as_deref().unwrap_or_default().to_vec();
        let signed = Signed {
            authenticator_data: bytes(&response.credential_authenticator_data),
            client_data_json: bytes(&response.credential_client_data_json),
            signature: bytes(&response.credential_signature),
        };
        let found = self.handles.find(bytes(&response.credential_id)).await?;
        let Some(passkey) = found.filter(|passkey| passkey.is_of(&signed)) else {
            self.count("as_it_came");
            return Ok(HandleState::Unmapped);
        };
        let returned = response.credential_user_handle.as_deref().filter(|handle| !handle.is_empty());
        let stored = passkey.caller_handle.as_deref();
        if returned.is_some_and(|returned| stored.is_some_and(|stored| stored != returned)) {
            self.count("refused");
            return if self.hides_users { Ok(HandleState::HandleMismatch) } else { Err(handle_mismatch()) };
        }
        response.credential_user_handle = Some(passkey.upstream_handle.clone().into());
        self.count("mapped");
        Ok(HandleState::Mapped(Box::new(passkey)))
    }

    pub(super) fn count(self, outcome: &'static str) {
        self.metrics.user_handle(self.upstream, outcome);
    }
}

pub(super) fn handle_mismatch() -> Refusal {
    Refusal::new(
        Fault::AssertionRejected,
        "the authenticator's user handle is not the one the passkey was created with",
    )
}
