//! Selecting the backend of a request: by its ceremony or token, else by the route's policy.

use crate::caller_auth::{AuthenticatedCaller, Relation, VerifiedBy};
use crate::ceremony::{ChallengeKey, Subject};
use crate::gateway::client_data;
use crate::gateway::context::RequestContext;
use crate::gateway::runtime::Runtime;
use crate::identity::names::Namespace;
use crate::model::fault::Fault;
use crate::model::member::Member;
use crate::model::message::Request;
use crate::model::value::Value;
use crate::policy::Policy;
use crate::policy::decision::{Decision, Reason, RecordedDecision};
use crate::policy::request_facts::RequestFacts;
use crate::policy::selection::Selection;
use crate::routes::route::{Backend, Route};

/// Selects the backend of a request.
pub(crate) async fn select_backend(
    runtime: &Runtime,
    context: &RequestContext<'_>,
    policy: &Policy,
    caller: &AuthenticatedCaller,
) -> Selection {
    let RequestContext { route, request, .. } = context;
    if request.operation().is_finish() {
        return Selection::new(by_ceremony(runtime, route, request), Reason::Ceremony);
    }
    if let Request::SessionRefresh(refresh) = request {
        let backend = by_refresh_token(runtime, route, refresh.tokens_refresh.as_deref()).await;
        return Selection::new(backend, Reason::Token);
    }
    if let (VerifiedBy::Upstream, Some(Value::Text(token))) =
        (caller.verified_by, request.record().value(Member::UserToken))
    {
        return Selection::new(by_bearer_token(runtime, route, &token).await, Reason::Token);
    }
    let (record, is_begin) = (request.record(), request.operation().is_begin());
    let facts = RequestFacts { record, claims: &caller.claims, fields: context.fields, is_begin };
    let selection = policy.select(&facts);
    if selection.if_proven && !is_proven(runtime, &facts, &route.backends[selection.backend]).await {
        return Selection { backend: 0, reason: Reason::Unproven, ..selection };
    }
    selection
}

/// Counts a decision, and records it for the response.
pub(crate) fn record_decision(
    runtime: &Runtime,
    route: &Route,
    policy: &Policy,
    backend: &Backend,
    selection: Selection,
) -> RecordedDecision {
    let upstream = runtime.config.plan.upstreams[backend.upstream].name.clone();
    let decision = Decision { upstream, reason: selection.reason, config: runtime.version.clone() };
    runtime.config.metrics.decided(&route.name, &decision.upstream, decision.reason.to_string());
    RecordedDecision { decision, adds_headers: policy.adds_decision_headers, cookie: selection.cookie }
}

/// Whether the embedded upstream of a backend can verify a passkey of the user.
async fn is_proven(runtime: &Runtime, facts: &RequestFacts<'_, '_>, backend: &Backend) -> bool {
    let Some(learner) = runtime.clients[backend.upstream].learner() else { return false };
    let [id, email] = [Member::UserId, Member::UserEmail].map(|member| facts.text(member));
    let Some(map) = &runtime.config.plan.upstreams[backend.upstream].identity else {
        return learner.is_proven(id.as_deref(), email.as_deref()).await;
    };
    let named = Subject { id: id.as_deref().map(Into::into), email: email.as_deref().map(Into::into) };
    match map.translate(Namespace::Caller, &named).await {
        Ok(Some(user)) => learner.is_proven(user.id.as_deref(), user.email.as_deref()).await,
        Ok(None) | Err(_) => false,
    }
}

/// The backend that began the ceremony of a finish, whatever the current policy is. If it is not known, the route's own
/// backend refuses the finish.
fn by_ceremony(runtime: &Runtime, route: &Route, request: &Request<'_>) -> usize {
    let config = &runtime.config;
    let challenge = client_data::challenge(request.record()).ok();
    let upstream = challenge.and_then(|challenge| config.ceremonies.upstream_of(ChallengeKey::of(&challenge)));
    let is_its = |one: &Backend| upstream.as_deref() == Some(&*config.plan.upstreams[one.upstream].name);
    route.backends.iter().position(is_its).unwrap_or(0)
}

/// The backend that issued a refresh token. If several embedded relying parties may have, their directories decide;
/// one that cannot be queried gets the request, and refuses it.
async fn by_refresh_token(runtime: &Runtime, route: &Route, token: Option<&str>) -> usize {
    let Some(likeliest) = route.backend_of_refresh_token(token) else { return 0 };
    let embedded: Vec<_> = route.possible_issuers(token).collect();
    if let ([_, _, ..], Some(token)) = (embedded.as_slice(), token) {
        for backend in embedded {
            let Some(party) = runtime.clients[backend.upstream].embedded() else { continue };
            if party.has_made(token).await.unwrap_or(true) {
                return backend.index;
            }
        }
    }
    likeliest.index
}

/// The backend that issued a bearer token which the upstream verifies: an embedded relying party recognises its own,
/// any other is the dialect's provider's. One that cannot be queried gets the request; no other upstream does.
async fn by_bearer_token(runtime: &Runtime, route: &Route, token: &str) -> usize {
    for backend in &route.backends {
        let Some(party) = runtime.clients[backend.upstream].embedded() else { continue };
        if !party.verify(token).await.is_err_and(|refusal| refusal.fault == Fault::Unauthenticated) {
            return backend.index;
        }
    }
    route.backends.iter().position(|backend| backend.relation == Relation::SameProvider).unwrap_or(0)
}
