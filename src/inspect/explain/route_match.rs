//! Why each route matches a request or not: its hosts, its prefix, the dialect's paths and methods, and the constants of
//! the content.

use bytes::Bytes;
use http::{Method, request};
use jiff::Timestamp;
use serde_json::Value as Json;

use crate::base::similar_name::nearest;
use crate::gateway::runtime::Runtime;
use crate::gateway::steps::decode_request::decode;
use crate::inspect::explain::explanation::RouteMatch;
use crate::inspect::explain::member_flow::find;
use crate::model::operation::Operation;
use crate::provider::descriptor::OperationTemplate;
use crate::provider::template::content::Constant;
use crate::provider::template::decode_context::Scratch;
use crate::routes::route::Route;
use crate::routes::router::Candidate;

/// Why each route matches a request or not.
pub(super) fn match_routes(
    runtime: &Runtime,
    head: &request::Parts,
    content: &Bytes,
    host: Option<&str>,
) -> Vec<RouteMatch> {
    let routes = runtime.config.plan.routes.iter().enumerate();
    routes
        .map(|(index, route)| {
            let found = match match_head(route, head, host) {
                Ok(operations) => match_content(runtime, index, route, &operations, head, content),
                Err(reason) => Found { operation: None, matches: false, reason },
            };
            let Found { operation, matches, reason } = found;
            let operation = operation.map(Operation::name);
            RouteMatch { route: route.name.to_string(), operation, matches, reason }
        })
        .collect()
}

fn match_content(
    runtime: &Runtime,
    index: usize,
    route: &Route,
    operations: &[Operation],
    head: &request::Parts,
    content: &Bytes,
) -> Found {
    let (scratch, now) = (Scratch::default(), Timestamp::now());
    let mut likeliest = None;
    for operation in operations {
        let template = &route.dialect.operations[operation];
        let candidate = Candidate { route: index, operation: *operation, method: head.method.clone() };
        let (matches, reason) = match decode(runtime, &[&candidate], head, content, &scratch, now) {
            Ok(_) => {
                return Found { operation: Some(*operation), matches: true, reason: describe_match(route, template) };
            }
            Err(unrecognised) if unrecognised.is_other_message => (false, differing_constant(template, content)),
            Err(unrecognised) => {
                let defect = &unrecognised.refusal.reason;
                (true, format!("{}; but the request is not valid: {defect}", describe_match(route, template)))
            }
        };
        if likeliest.as_ref().is_none_or(|found: &Found| matches && !found.matches) {
            likeliest = Some(Found { operation: Some(*operation), matches, reason });
        }
    }
    likeliest.unwrap_or(Found { operation: None, matches: false, reason: "no operation matches".to_owned() })
}

struct Found {
    operation: Option<Operation>,
    matches: bool,
    reason: String,
}

/// The operations that match host, path and method, or why there is none.
fn match_head(route: &Route, head: &request::Parts, host: Option<&str>) -> Result<Vec<Operation>, String> {
    let listed = |host: &str| route.hosts.iter().any(|listed| listed.eq_ignore_ascii_case(host));
    if !route.hosts.is_empty() && !host.is_some_and(listed) {
        let has = host
            .map_or_else(|| "the request does not name one host".to_owned(), |host| format!("the request has {host}"));
        return Err(format!("expects host {}, {has}", route.hosts.join(" or ")));
    }
    let path = head.uri.path();
    let Some(below) = path.strip_prefix(route.prefix.as_str()) else {
        return Err(format!("expects a path below {}, the request has {path}", route.prefix));
    };
    let all = &route.dialect.operations;
    let on_path: Vec<_> = all.iter().filter(|(_, template)| template.request.path.matches(below)).collect();
    let (served, excluded): (Vec<_>, Vec<_>) =
        on_path.into_iter().partition(|(operation, _)| route.own_backend().operations.contains_key(operation));
    if served.is_empty() {
        if let Some((operation, _)) = excluded.first() {
            return Err(format!("`{}` is excluded by `exclude_operations`", operation.name()));
        }
        let paths: Vec<_> = all.values().filter_map(|template| template.request.path.literal()).collect();
        let near = nearest(below, paths.iter().copied());
        let near = near.map(|near| format!("; did you mean {}{near}?", route.prefix)).unwrap_or_default();
        return Err(format!("{} has no operation at {below}{near}", route.dialect.display_name));
    }
    let of_method: Vec<_> = served.iter().filter(|(_, template)| template.request.method == head.method).collect();
    if of_method.is_empty() {
        let wanted = methods(served.iter().map(|(_, template)| &template.request.method));
        let (operation, _) = served[0];
        return Err(format!("`{}` expects method {wanted}, the request has {}", operation.name(), head.method));
    }
    Ok(of_method.into_iter().map(|(operation, _)| **operation).collect())
}

fn describe_match(route: &Route, template: &OperationTemplate) -> String {
    let mut why = vec![match route.hosts.as_slice() {
        [] => "any host".to_owned(),
        hosts => format!("host {}", hosts.join(" or ")),
    }];
    if !route.prefix.is_empty() {
        why.push(format!("prefix {}", route.prefix));
    }
    why.push(format!("method {}", template.request.method));
    why.push("path".to_owned());
    if template.request.message.has_constants() {
        why.push("constants in the content".to_owned());
    }
    why.join(", ")
}

/// Which constant differs.
fn differing_constant(template: &OperationTemplate, content: &[u8]) -> String {
    let head = "a constant in the head differs";
    if !template.request.message.has_constants() {
        return head.to_owned();
    }
    let Ok(json) = serde_json::from_slice::<Json>(content) else {
        return "the content is not JSON".to_owned();
    };
    let constants = template.request.message.content.iter().flat_map(|content| content.constants());
    let differs = |(pointer, constant): &(&str, &Constant)| !is(find(&json, pointer).as_ref(), constant);
    match constants.into_iter().find(differs) {
        Some((pointer, Constant::Text(text))) => format!("the content's {pointer} is not \"{text}\""),
        Some((pointer, Constant::Number(number))) => format!("the content's {pointer} is not {number}"),
        Some((pointer, Constant::Flag(flag))) => format!("the content's {pointer} is not {flag}"),
        None => head.to_owned(),
    }
}

fn is(found: Option<&Json>, constant: &Constant) -> bool {
    match (found, constant) {
        (Some(Json::String(found)), Constant::Text(text)) => found == text,
        (Some(Json::Number(found)), Constant::Number(number)) => found.as_i64() == Some(*number),
        (Some(Json::Bool(found)), Constant::Flag(flag)) => found == flag,
        (Some(_) | None, _) => false,
    }
}

/// Methods in words: `POST or PUT`.
fn methods<'m>(methods: impl Iterator<Item = &'m Method>) -> String {
    let mut names: Vec<_> = methods.map(Method::as_str).collect();
    names.sort_unstable();
    names.dedup();
    names.join(" or ")
}
