//! Shadow calls: a login's begin is also tried at a second backend, for comparison only.
//!
//! The caller's response does not wait for it. The shadow stores nothing and has a client of its own, so that its
//! outages do not open the circuit breaker of others. Differences are counted by member, without values.

use std::sync::atomic::Ordering;

use bytes::Bytes;
use http::{HeaderMap, Response as HttpResponse};
use jiff::Timestamp;
use tokio::sync::OwnedSemaphorePermit;

use crate::caller_auth::AuthenticatedCaller;
use crate::gateway::context::{Attempt, Client, ModelResponse, RequestContext, ShadowRole};
use crate::gateway::runtime::{Runtime, ShadowState};
use crate::model::fault::{Fault, Refusal};
use crate::model::message::{Request, Response};
use crate::policy::shadow::compare::compare;
use crate::routes::route::Route;

/// A shadow call.
pub(crate) struct ShadowCall {
    runtime: Runtime,
    route: usize,
    request: Request<'static>,
    caller: AuthenticatedCaller,
    user_agent: Option<String>,
    address: Option<String>,
    fields: HeaderMap,
    now: Timestamp,
    /// The primary's response, or its fault.
    primary: Result<Response<'static>, Fault>,
    _queued: OwnedSemaphorePermit,
}

/// The state of the route's shadow, if the next begin is tried there.
pub(crate) fn due<'r>(runtime: &'r Runtime, route: &Route) -> Option<&'r ShadowState> {
    let state = runtime.config.states[route.index].shadow.as_ref()?;
    let is_due = route.shadow()?.is_due(state.begins.fetch_add(1, Ordering::Relaxed));
    is_due.then_some(state)
}

impl ShadowCall {
    /// The shadow call of a begin. `None` if the queue is full, or there is nothing to compare with. Never waits.
    pub(crate) fn of(
        runtime: &Runtime,
        context: &RequestContext<'_>,
        state: &ShadowState,
        caller: &AuthenticatedCaller,
        result: &mut Result<HttpResponse<Bytes>, Refusal>,
    ) -> Option<Self> {
        let Ok(queued) = state.queue.clone().try_acquire_owned() else {
            state.tally.count_dropped();
            return None;
        };
        let primary = match result {
            Ok(response) => Ok(response.extensions_mut().remove::<ModelResponse>()?.0),
            Err(refusal) => Err(refusal.fault),
        };
        Some(Self {
            runtime: runtime.clone(),
            route: context.route.index,
            request: context.request.owned(),
            caller: caller.clone(),
            user_agent: context.client.user_agent.map(str::to_owned),
            address: context.client.address.map(str::to_owned),
            fields: HeaderMap::new(),
            now: context.now,
            primary,
            _queued: queued,
        })
    }

    /// Waits until the call may start.
    pub(crate) async fn start(&self) -> Option<OwnedSemaphorePermit> {
        self.state()?.calls.clone().acquire_owned().await.ok()
    }

    /// The context of the call.
    pub(crate) fn context(&self) -> RequestContext<'_> {
        RequestContext {
            route: self.route(),
            request: self.request.clone(),
            client: Client {
                user_agent: self.user_agent.as_deref(),
                address: self.address.as_deref(),
                ..Client::default()
            },
            now: self.now,
            fields: &self.fields,
            trace: None,
            shadow_role: ShadowRole::Shadow,
            may_answer_with_decoy: false,
        }
    }

    /// The attempt of the call.
    pub(crate) fn attempt<'c>(&'c self, context: &'c RequestContext<'c>) -> Attempt<'c> {
        let route = self.route();
        let backend = route.shadow().map_or(route.own_backend(), |shadow| &route.backends[shadow.backend]);
        Attempt { runtime: &self.runtime, context, backend, caller: &self.caller }
    }

    /// Counts the differences between the primary's response and the shadow's.
    pub(crate) fn compare(&self, result: Result<HttpResponse<Bytes>, Refusal>) {
        let Some(state) = self.state() else { return };
        let shadow = result.map_err(|refusal| refusal.fault).and_then(|mut response| {
            let model = response.extensions_mut().remove::<ModelResponse>();
            model.map(|ModelResponse(response)| response).ok_or(Fault::Internal)
        });
        let fault = shadow.as_ref().err().copied();
        for difference in state.tally.count(fault, &compare(&self.primary, &shadow)) {
            let (member, kind) = (difference.path(), difference.kind.name());
            tracing::info!(route = &*self.route().name, member, kind, "shadow response differs");
        }
    }

    fn route(&self) -> &Route {
        &self.runtime.config.plan.routes[self.route]
    }

    fn state(&self) -> Option<&ShadowState> {
        self.runtime.config.states[self.route].shadow.as_ref()
    }
}
