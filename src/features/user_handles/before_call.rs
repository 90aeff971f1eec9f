//! The user handle bridge: each side of an upstream hears the handle it knows of a passkey.
//!
//! What stands in the file of handles decides, by credential id, and never what the client claims. A passkey that
//! is not in it passes on as it is: it was born at the upstream. While the file cannot be asked, nobody signs in and
//! nothing is registered: any handle that were sent meanwhile might be another one's.

use std::borrow::Cow;
use std::sync::Arc;

use crate::ceremony::Ceremony;
use crate::features::user_handles::Handles;
use crate::features::user_handles::passkey::{Passkey, Signed};
use crate::gateway::pipeline::Gateway;
use crate::gateway::steps::build_upstream_request;
use crate::model::assertion::AssertionResponse;
use crate::model::fault::{Fault, Refusal};
use crate::model::member::Member;
use crate::model::message::{Request, Response};
use crate::routes::Route;

pub(crate) use crate::features::user_handles::registration::echo;

/// What the bridge knows of a request that is on its way to the upstream.
#[derive(Debug)]
pub(crate) enum HandleState {
    /// Nothing: there is no bridge, or the passkey is not in its file.
    Untouched,
    /// The upstream is told its own handle of this passkey. In a box, as it is carried about by every request.
    Mapped(Box<Passkey>),
    /// The authenticator gave another handle than the passkey was born with. The upstream is asked all the same,
    /// where a refusal that came sooner would tell who is there.
    Poisoned,
    /// A new passkey waits to be confirmed.
    Claimed(i64),
}

impl Gateway {
    /// The same gateway with the user handles of the plan's upstreams, in their order.
    #[must_use]
    pub fn with_handles(self, handles: Arc<[Option<Handles>]>) -> Self {
        Self { handles, ..self }
    }

    pub(crate) fn handles_of(&self, way: &Route) -> Option<&Handles> {
        self.handles.get(way.upstream)?.as_ref()
    }

    /// Tells the upstream its own handle, before it is sent anything, and notes a passkey that it is to be told of.
    ///
    /// # Errors
    /// `assertion_rejected` where the authenticator gave another handle than the passkey was born with, `conflict`
    /// where the new passkey is known as another user's; what the file of handles says where it cannot be asked.
    pub(crate) async fn cross(
        &self,
        way: &Route,
        reported: &mut Request<'_>,
        begun: Option<&Ceremony>,
    ) -> Result<HandleState, Refusal> {
        let Some(handles) = self.handles_of(way) else { return Ok(HandleState::Untouched) };
        // In boxes, so that a route without a bridge does not carry the room for them about.
        match reported {
            Request::LoginFinish(response) => Box::pin(self.map(handles, way, response)).await,
            Request::RegistrationFinish(response) | Request::SignupFinish(response) => {
                match begun.and_then(|begun| begun.handles.as_deref()) {
                    Some(user) => {
                        Box::pin(crate::features::user_handles::registration::claim(handles, user, response)).await
                    }
                    None => Ok(HandleState::Untouched),
                }
            }
            Request::LoginBegin(_)
            | Request::RegistrationBegin(_)
            | Request::SignupBegin(_)
            | Request::SessionRefresh(_)
            | Request::CredentialsList(_)
            | Request::CredentialsDelete(_) => Ok(HandleState::Untouched),
        }
    }

    async fn map(
        &self,
        handles: &Handles,
        way: &Route,
        response: &mut AssertionResponse<'_>,
    ) -> Result<HandleState, Refusal> {
        let bytes = |value: &Option<Cow<'_, [u8]>>| value.as_deref().unwrap_or_default().to_vec();
        let signed = Signed {
            authenticator_data: bytes(&response.credential_authenticator_data),
            client_data_json: bytes(&response.credential_client_data_json),
            signature: bytes(&response.credential_signature),
        };
        let found = handles.find(bytes(&response.credential_id)).await?;
        let Some(passkey) = found.filter(|passkey| passkey.is_of(&signed)) else {
            self.count(way, "as_it_came");
            return Ok(HandleState::Untouched);
        };
        let returned = response.credential_user_handle.as_deref().filter(|handle| !handle.is_empty());
        let born_with = passkey.caller_handle.as_deref();
        if returned.is_some_and(|returned| born_with.is_some_and(|born_with| born_with != returned)) {
            self.count(way, "refused");
            return if way.decoys.is_some() { Ok(HandleState::Poisoned) } else { Err(poisoned()) };
        }
        response.credential_user_handle = Some(passkey.upstream_handle.clone().into());
        self.count(way, "mapped");
        Ok(HandleState::Mapped(Box::new(passkey)))
    }

    /// Notes what the upstream made of it.
    ///
    /// # Errors
    /// The upstream's own refusal, and that of a handle that no passkey was born with.
    pub(crate) async fn crossed<'r>(
        &self,
        way: &Route,
        reported: &Request<'_>,
        crossing: HandleState,
        understood: Result<Response<'r>, Refusal>,
    ) -> Result<Response<'r>, Refusal> {
        let Some(handles) = self.handles_of(way) else { return understood };
        let noted = match (crossing, &understood) {
            (HandleState::Poisoned, _) => return understood.and(Err(poisoned())),
            (HandleState::Untouched, Ok(Response::CredentialsDelete(_))) => Box::pin(forget(handles, reported)).await,
            (HandleState::Mapped(passkey), Ok(response)) => Box::pin(confirm(handles, &passkey, response)).await,
            (HandleState::Claimed(serial), Ok(response)) => {
                self.count(way, "registered");
                Box::pin(handles.confirm(serial, name_in(response))).await
            }
            (HandleState::Claimed(serial), Err(refusal)) if is_definite(refusal.fault) => {
                Box::pin(handles.release(serial)).await
            }
            (HandleState::Claimed(_), Err(_)) => {
                self.count(way, "unanswered");
                Ok(())
            }
            (HandleState::Untouched | HandleState::Mapped(_), _) => Ok(()),
        };
        if let Err(Refusal { reason, .. }) = noted {
            let upstream = &*self.shared.plan.upstreams[way.upstream].name;
            tracing::error!(upstream, %reason, "the upstream's answer could not be noted in the file of user handles");
        }
        understood
    }

    fn count(&self, way: &Route, outcome: &'static str) {
        self.shared.metrics.bridged(&self.shared.plan.upstreams[way.upstream].name, outcome);
    }
}

/// Notes that the upstream has a passkey, unless that is known.
async fn confirm(handles: &Handles, passkey: &Passkey, response: &Response<'_>) -> Result<(), Refusal> {
    let name = name_in(response);
    let says_more = passkey.is_pending || (passkey.name.is_none() && name.is_some());
    if says_more { handles.confirm(passkey.serial, name).await } else { Ok(()) }
}

async fn forget(handles: &Handles, reported: &Request<'_>) -> Result<(), Refusal> {
    let Request::CredentialsDelete(deletion) = reported else { return Ok(()) };
    let id = deletion.credential_id.as_deref().map(<[u8]>::to_vec);
    handles.forget(id, deletion.credential_handle.as_deref().map(str::to_owned)).await.map(drop)
}

/// What the upstream calls a passkey.
fn name_in(response: &Response<'_>) -> Option<String> {
    build_upstream_request::text(response.record(), Member::CredentialHandle).map(String::from)
}

/// Whether a refusal says that the upstream did not do it. Of a lost answer, and of one that is none, nobody knows.
fn is_definite(fault: Fault) -> bool {
    !fault.is_upstreams() && fault != Fault::Internal
}

fn poisoned() -> Refusal {
    let reason = "the authenticator's user handle is not the one that the passkey was born with";
    Refusal::new(Fault::AssertionRejected, reason)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_an_answer_that_says_so_takes_a_claim_back() {
        for definite in [Fault::AssertionRejected, Fault::Conflict, Fault::Forbidden, Fault::UpstreamRefusedUs] {
            assert!(is_definite(definite), "{}", definite.name());
        }
        for open in [Fault::UpstreamTimeout, Fault::UpstreamInvalid, Fault::UpstreamFailed, Fault::Internal] {
            assert!(!is_definite(open), "{}", open.name());
        }
    }
}
