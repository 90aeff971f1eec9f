//! Which backend of its route a request goes to, as far as the request alone determines it.

use http::HeaderMap;

use crate::caller_auth::VerifiedBy;
use crate::model::member::Member;
use crate::model::message::Request;
use crate::model::value::Value;
use crate::policy::request_facts::RequestFacts;
use crate::routes::Plan;
use crate::routes::route::{Backend, Route};

/// A backend, and why it is selected.
pub(super) struct BackendChoice<'r> {
    pub(super) backend: &'r Backend,
    /// On a route with policies: why, or why it is not known.
    pub(super) reason: Option<String>,
}

/// Selects the backend of a request. If a ceremony or a token would decide, it is the route's first one.
pub(super) fn choose_backend<'r>(
    plan: &Plan,
    route: &'r Route,
    request: &Request<'_>,
    claims: &[(Member, Value<'static>)],
    verified_by: VerifiedBy,
    fields: &HeaderMap,
) -> BackendChoice<'r> {
    let own = route.own_backend();
    let Some(policy) = &route.policy else { return BackendChoice { backend: own, reason: None } };
    let names: Vec<_> = route.backends.iter().map(|one| format!("`{}`", plan.upstreams[one.upstream].name)).collect();
    let names = names.join(" or ");
    let shown = format!("shown for `{}`", plan.upstreams[own.upstream].name);
    let operation = request.operation();
    if operation.is_finish() {
        let reason = format!("the upstream that issued the challenge is called, {names}; {shown}");
        return BackendChoice { backend: own, reason: Some(reason) };
    }
    if let Request::SessionRefresh(refresh) = request {
        let token = refresh.tokens_refresh.as_deref();
        let issuer = route.backend_of_refresh_token(token).unwrap_or(own);
        let mut reason = "the upstream that issued the refresh token is called".to_owned();
        if route.possible_issuers(token).count() > 1 {
            reason = format!("{reason}, {names}; shown for `{}`", plan.upstreams[issuer.upstream].name);
        }
        return BackendChoice { backend: issuer, reason: Some(reason) };
    }
    if verified_by == VerifiedBy::Upstream {
        let reason = format!("the upstream that issued the bearer token is called, {names}; {shown}");
        return BackendChoice { backend: own, reason: Some(reason) };
    }
    if !claims.is_empty() {
        let reason = format!("the user in the token selects the upstream, {names}; {shown}");
        return BackendChoice { backend: own, reason: Some(reason) };
    }
    let facts = RequestFacts { record: request.record(), claims, fields, is_begin: operation.is_begin() };
    let pick = policy.select(&facts);
    let backend = &route.backends[pick.backend];
    let name = &plan.upstreams[backend.upstream].name;
    let chance = if pick.cookie.is_some() { "; a caller without the cookie is assigned at random" } else { "" };
    BackendChoice { backend, reason: Some(format!("`{name}` by policy: {}{chance}", pick.reason)) }
}
