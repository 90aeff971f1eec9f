//! Which of its route's ways a request takes, as far as the request alone says.

use http::HeaderMap;

use crate::caller_auth::Judge;
use crate::model::member::Member;
use crate::model::message::Request;
use crate::model::value::Value;
use crate::policy::Asking;
use crate::routes::{Plan, Route};

/// A way, and why it is taken.
pub(super) struct Picked<'r> {
    pub(super) way: &'r Route,
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
    let Some(policy) = &route.policy else { return Picked { way: route, reason: None } };
    let names: Vec<_> = route.ways().map(|way| format!("`{}`", plan.upstreams[way.upstream].name)).collect();
    let names = names.join(" or ");
    let shown = format!("shown for `{}`", plan.upstreams[route.upstream].name);
    let operation = request.operation();
    if operation.is_finish() {
        let reason = format!("it goes to whoever issued the challenge, {names}; {shown}");
        return Picked { way: route, reason: Some(reason) };
    }
    if let Request::SessionRefresh(refresh) = request {
        let token = refresh.tokens_refresh.as_deref();
        let maker = route.way_of_token(token).unwrap_or(route);
        let mut reason = "it goes to whoever made the refresh token".to_owned();
        if route.makers(token).count() > 1 {
            reason = format!("{reason}, {names}; shown for `{}`", plan.upstreams[maker.upstream].name);
        }
        return Picked { way: maker, reason: Some(reason) };
    }
    if judge == Judge::Upstream {
        let reason = format!("it goes to whoever made the bearer token, {names}; {shown}");
        return Picked { way: route, reason: Some(reason) };
    }
    if !claims.is_empty() {
        let reason = format!("the user of the token decides, {names}; {shown}");
        return Picked { way: route, reason: Some(reason) };
    }
    let asking = Asking { record: request.record(), claims, fields, is_begin: operation.is_begin() };
    let pick = policy.pick(&asking);
    let way = route.ways().nth(pick.way).unwrap_or(route);
    let name = &plan.upstreams[way.upstream].name;
    let chance = if pick.cookie.is_some() { "; a caller without the cookie is dealt by chance" } else { "" };
    Picked { way, reason: Some(format!("`{name}` by policy: {}{chance}", pick.reason)) }
}
