//! The hook before the upstream is called: replaces the user handle by the upstream's.
//!
//! The handle is looked up by credential id; the handle that the client sends is never used. A passkey that is not
//! stored was created at the upstream, and its handle is unchanged. If the handles cannot be read, the request fails,
//! because any other handle might be another user's.

use std::borrow::Cow;

use crate::ceremony::Ceremony;
use crate::features::user_handles::hooks::{HandleState, UserHandleHooks, handle_mismatch};
use crate::features::user_handles::passkey::Signed;
use crate::features::user_handles::registration;
use crate::model::assertion::AssertionResponse;
use crate::model::fault::Refusal;
use crate::model::message::Request;

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
}
