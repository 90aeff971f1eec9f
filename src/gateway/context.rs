//! What a request carries between the steps of the pipeline.

use std::net::IpAddr;

use bytes::Bytes;
use http::{HeaderMap, Response as HttpResponse};
use jiff::Timestamp;

use crate::caller_auth::AuthenticatedCaller;
use crate::features::user_handles::hooks::UserHandleHooks;
use crate::gateway::handler::AddressLimits;
use crate::gateway::runtime::{BackendState, Runtime};
use crate::gateway::trace::Trace;
use crate::gateway::upstream_client::UpstreamClient;
use crate::model::fault::{Fault, Refusal};
use crate::model::message::{Request, Response};
use crate::model::operation::Operation;
use crate::policy::decision::RecordedDecision;
use crate::routes::route::{Backend, Route};
use crate::routes::upstream::Upstream;

/// A request whose operation is known.
#[derive(Clone)]
pub(crate) struct RequestContext<'a> {
    pub(crate) route: &'a Route,
    pub(crate) request: Request<'a>,
    pub(crate) client: Client<'a>,
    pub(crate) now: Timestamp,
    /// The header fields of the request.
    pub(crate) fields: &'a HeaderMap,
    /// The trace that records the request, if there is one.
    pub(crate) trace: Option<&'a Trace>,
    pub(crate) shadow_role: ShadowRole,
    /// Whether an unknown user gets a decoy. False while another upstream may know the user.
    pub(crate) may_answer_with_decoy: bool,
}

/// What the connection says about the client.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Client<'a> {
    /// Its `User-Agent`.
    pub user_agent: Option<&'a str>,
    /// Its network address.
    pub address: Option<&'a str>,
    /// The same, for limits. `None` if there is no connection.
    pub ip: Option<IpAddr>,
    /// Whether limits by address bind it.
    pub limits: AddressLimits,
}

/// The role of a request in a comparison with a shadow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ShadowRole {
    /// It has no shadow.
    None,
    /// Its response is compared with a shadow's.
    Primary,
    /// It is the shadow: its response is not sent and its ceremony is not stored.
    Shadow,
}

/// The result of the pipeline.
pub(crate) struct PipelineOutcome {
    pub(crate) result: Result<HttpResponse<Bytes>, Refusal>,
    /// The decision of the route's policy, if it has one.
    pub(crate) decision: Option<RecordedDecision>,
}

/// A response before it is encoded. It is in the extensions of a response that a shadow's is compared with.
#[derive(Clone)]
pub(crate) struct ModelResponse(pub(crate) Response<'static>);

/// One attempt to serve a request by one backend.
#[derive(Clone, Copy)]
pub(crate) struct Attempt<'a> {
    pub(crate) runtime: &'a Runtime,
    pub(crate) context: &'a RequestContext<'a>,
    pub(crate) backend: &'a Backend,
    pub(crate) caller: &'a AuthenticatedCaller,
}

impl RequestContext<'_> {
    /// The same request, as a primary if its response is compared with a shadow's.
    pub(crate) fn with_shadow_role(&self, has_shadow: bool) -> Self {
        let shadow_role = if has_shadow { ShadowRole::Primary } else { ShadowRole::None };
        Self { shadow_role, ..self.clone() }
    }
}

impl<'a> Attempt<'a> {
    pub(crate) fn operation(&self) -> Operation {
        self.context.request.operation()
    }

    pub(crate) fn route(&self) -> &'a Route {
        self.context.route
    }

    pub(crate) fn upstream(&self) -> &'a Upstream {
        &self.runtime.config.plan.upstreams[self.backend.upstream]
    }

    /// The client of the backend's upstream. A shadow has one of its own.
    pub(crate) fn client(&self) -> Result<&'a UpstreamClient, Refusal> {
        match self.context.shadow_role {
            ShadowRole::None | ShadowRole::Primary => Ok(&self.runtime.clients[self.backend.upstream]),
            ShadowRole::Shadow => {
                let client = self.runtime.shadow_clients.get(&self.route().index);
                client.ok_or_else(|| Refusal::new(Fault::Internal, "the route has no shadow"))
            }
        }
    }

    pub(crate) fn state(&self) -> &'a BackendState {
        &self.runtime.config.states[self.route().index].backends[self.backend.index]
    }

    /// The user handles of the upstream, if they are stored.
    pub(crate) fn user_handles(&self) -> Option<UserHandleHooks<'a>> {
        let handles = self.runtime.user_handles.get(self.backend.upstream)?.as_ref()?;
        Some(UserHandleHooks {
            handles,
            metrics: &self.runtime.config.metrics,
            upstream: &self.upstream().name,
            hides_users: self.backend.decoys.is_some(),
        })
    }
}
