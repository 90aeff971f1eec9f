//! Why each route takes a request or not: its hosts, its prefix, the dialect's paths and methods, and what
//! the content must say.

use bytes::Bytes;
use http::request;
use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value as Json;

use crate::base::diagnostic::nearest;
use crate::gateway::runtime::Runtime;
use crate::gateway::steps::decode_request::decode;
use crate::inspect::explain::methods;
use crate::model::operation::Operation;
use crate::provider::descriptor::OperationTemplate;
use crate::provider::template::content::Constant;
use crate::provider::template::reader::Scratch;
use crate::routes::route::Route;
use crate::routes::router::Candidate;

/// A route, and why it takes a request or not.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Considered {
    /// Its name.
    pub route: String,
    /// The operation, as far as path and method tell.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub operation: Option<&'static str>,
    /// Whether it takes the request.
    pub takes: bool,
    /// Why.
    pub reason: String,
}

/// Why each route takes a request or not.
pub(super) fn consider(
    runtime: &Runtime,
    head: &request::Parts,
    content: &Bytes,
    host: Option<&str>,
) -> Vec<Considered> {
    let routes = runtime.config.plan.routes.iter().enumerate();
    routes
        .map(|(index, route)| {
            let found = match refused_by_place(route, head, host) {
                Ok(operations) => by_content(runtime, index, route, &operations, head, content),
                Err(reason) => Found { operation: None, takes: false, reason },
            };
            let Found { operation, takes, reason } = found;
            let operation = operation.map(Operation::name);
            Considered { route: route.name.to_string(), operation, takes, reason }
        })
        .collect()
}

fn by_content(
    runtime: &Runtime,
    index: usize,
    route: &Route,
    operations: &[Operation],
    head: &request::Parts,
    content: &Bytes,
) -> Found {
    let (scratch, now) = (Scratch::default(), Timestamp::now());
    let mut not = None;
    for operation in operations {
        let template = &route.dialect.operations[operation];
        let candidate = Candidate { route: index, operation: *operation, method: head.method.clone() };
        let refused = match decode(runtime, &[&candidate], head, content, &scratch, now) {
            Ok(_) => return Found { operation: Some(*operation), takes: true, reason: matched(route, template) },
            Err(unrecognised) => (unrecognised.is_other_message, unrecognised.refusal.reason.to_string()),
        };
        let found = match refused {
            (false, defect) => {
                let reason = format!("{}; but it cannot be read: {defect}", matched(route, template));
                Found { operation: Some(*operation), takes: true, reason }
            }
            (true, _) => Found { operation: Some(*operation), takes: false, reason: another(template, content) },
        };
        if not.as_ref().is_none_or(|one: &Found| found.takes && !one.takes) {
            not = Some(found);
        }
    }
    not.unwrap_or(Found { operation: None, takes: false, reason: "no operation is left".to_owned() })
}

/// What a route makes of a request.
struct Found {
    operation: Option<Operation>,
    takes: bool,
    reason: String,
}

/// The operations that host, path and method leave, or why there is none.
fn refused_by_place(route: &Route, head: &request::Parts, host: Option<&str>) -> Result<Vec<Operation>, String> {
    let listed = |host: &str| route.hosts.iter().any(|listed| listed.eq_ignore_ascii_case(host));
    if !route.hosts.is_empty() && !host.is_some_and(listed) {
        let is_for = route.hosts.join(", ");
        return Err(match host {
            Some(host) => format!("it is for the host {is_for}, and the request is for {host}"),
            None => format!("it is for the host {is_for}, and the request names no one host"),
        });
    }
    let path = head.uri.path();
    let Some(below) = path.strip_prefix(route.prefix.as_str()) else {
        return Err(format!("its paths begin with {}, and the request's path is {path}", route.prefix));
    };
    let all = &route.dialect.operations;
    let on_path: Vec<_> = all.iter().filter(|(_, template)| template.request.path.matches(below)).collect();
    let (answered, left): (Vec<_>, Vec<_>) =
        on_path.into_iter().partition(|(operation, _)| route.own_backend().operations.contains_key(operation));
    if answered.is_empty() {
        if let Some((operation, _)) = left.first() {
            return Err(format!("it leaves `{}` alone", operation.name()));
        }
        let paths: Vec<_> = all.values().filter_map(|template| template.request.path.literal()).collect();
        let near = nearest(below, paths.iter().copied());
        let near = near.map(|near| format!("; did you mean {}{near}?", route.prefix)).unwrap_or_default();
        return Err(format!("{} has no operation on the path {below}{near}", route.dialect.id));
    }
    let of_method: Vec<_> = answered.iter().filter(|(_, template)| template.request.method == head.method).collect();
    if of_method.is_empty() {
        let wanted = methods(answered.iter().map(|(_, template)| &template.request.method));
        let (operation, _) = answered[0];
        return Err(format!("`{}` is asked by {wanted}, and the request by {}", operation.name(), head.method));
    }
    Ok(of_method.into_iter().map(|(operation, _)| **operation).collect())
}

fn matched(route: &Route, template: &OperationTemplate) -> String {
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
        why.push("constants of the content".to_owned());
    }
    why.join(", ")
}

/// Which constant is not there.
fn another(template: &OperationTemplate, content: &[u8]) -> String {
    let head = "a constant of its head is another";
    if !template.request.message.has_constants() {
        return head.to_owned();
    }
    let Ok(json) = serde_json::from_slice::<Json>(content) else {
        return "the content is not its JSON".to_owned();
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

/// What stands at a pointer, also within JSON that is a string.
pub(super) fn find(json: &Json, pointer: &str) -> Option<Json> {
    let mut at = json.clone();
    for name in pointer.split('/').skip(1) {
        if let Json::String(text) = &at {
            at = serde_json::from_str(text).ok()?;
        }
        at = at.get(name.replace("~1", "/").replace("~0", "~"))?.clone();
    }
    Some(at)
}
