//! Which of its route's ways a request takes, as far as the request alone says.

use http::HeaderMap;

use crate::caller_auth::Judge;
use crate::model::member::Member;
use crate::model::message::Request;
use crate::model::value::Value;
use crate::policy::RequestFacts;
use crate::routes::Plan;
use crate::routes::route::{Backend, Route};

/// A backend, and why it is selected.
pub(super) struct Picked<'r> {
    pub(super) backend: &'r Backend,
    /// On a route with policies, why; or why it is not known.
    pub(super) reason: Option<String>,
}

/// Picks the way of a request. Where a ceremony or a token would decide, the route's own way is shown.
pub(super) fn pick<'r>(
    plan: &Plan,
    route: &'r Route,
    request: &Request<'_>,
    claims: &[(Member, Value<'static>)],
    judge: Judge,
    fields: &HeaderMap,
) -> Picked<'r> {
    let own = route.own_backend();
    let Some(policy) = &route.policy else { return Picked { backend: own, reason: None } };
    let names: Vec<_> = route.backends.iter().map(|one| format!("`{}`", plan.upstreams[one.upstream].name)).collect();
    let names = names.join(" or ");
    let shown = format!("shown for `{}`", plan.upstreams[own.upstream].name);
    let operation = request.operation();
    if operation.is_finish() {
        let reason = format!("it goes to whoever issued the challenge, {names}; {shown}");
        return Picked { backend: own, reason: Some(reason) };
    }
    if let Request::SessionRefresh(refresh) = request {
        let token = refresh.tokens_refresh.as_deref();
        let maker = route.backend_of_refresh_token(token).unwrap_or(own);
        let mut reason = "it goes to whoever made the refresh token".to_owned();
        if route.possible_issuers(token).count() > 1 {
            reason = format!("{reason}, {names}; shown for `{}`", plan.upstreams[maker.upstream].name);
        }
        return Picked { backend: maker, reason: Some(reason) };
    }
    if judge == Judge::Upstream {
        let reason = format!("it goes to whoever made the bearer token, {names}; {shown}");
        return Picked { backend: own, reason: Some(reason) };
    }
    if !claims.is_empty() {
        let reason = format!("the user of the token decides, {names}; {shown}");
        return Picked { backend: own, reason: Some(reason) };
    }
    let facts = RequestFacts { record: request.record(), claims, fields, is_begin: operation.is_begin() };
    let pick = policy.select(&facts);
    let backend = &route.backends[pick.backend];
    let name = &plan.upstreams[backend.upstream].name;
    let chance = if pick.cookie.is_some() { "; a caller without the cookie is dealt by chance" } else { "" };
    Picked { backend, reason: Some(format!("`{name}` by policy: {}{chance}", pick.reason)) }
}
