//! The caller's answer on the wire: a success or a fault, in the dialect's own envelope.

use bytes::Bytes;
use http::header::{ALLOW, CACHE_CONTROL, CONTENT_TYPE};
use http::{HeaderName, HeaderValue, Response, StatusCode};
use jiff::Timestamp;
use uuid::Uuid;

use crate::model::fault::{Fault, FaultDetails, Refusal};
use crate::model::message;
use crate::model::operation::Operation;
use crate::provider::template::encode::{Absent, Writing};
use crate::routes::Route;

/// Writes a success.
///
/// # Errors
/// `upstream_invalid` when a member the dialect requires has come from nowhere.
pub fn success(route: &Route, response: &message::Response<'_>, now: Timestamp) -> Result<Response<Bytes>, Refusal> {
    let operation = response.operation();
    let template = &route.dialect.operations[&operation];
    let writing = Writing { now, relaxed: &route.relax };
    let written = template.write_response(&route.dialect, response.record(), writing).map_err(|Absent(member)| {
        Refusal::new(
            Fault::UpstreamInvalid,
            format!("the answer lacks `{}`, which the dialect requires", member.name()),
        )
    })?;
    Ok(assemble(route, written.status, &written.fields, written.content))
}

/// Writes a fault. `id` is what it is logged under.
pub fn fault(route: &Route, operation: Operation, refusal: &Refusal, id: Uuid, allow: Option<&str>) -> Response<Bytes> {
    let mut buffer = Uuid::encode_buffer();
    let details = FaultDetails {
        fault: Some(refusal.fault.name().into()),
        message: Some(refusal.message.as_ref().into()),
        correlation_id: Some((&*id.hyphenated().encode_lower(&mut buffer)).into()),
        retry_after: refusal.retry_after,
    };
    let writing = Writing { now: Timestamp::UNIX_EPOCH, relaxed: &[] };
    let mut response = match route.dialect.faults.write(operation, refusal.fault, &details, writing) {
        Ok(written) => {
            let content = (!written.content.is_empty()).then_some(written.content);
            assemble(route, written.status, &written.fields, content)
        }
        Err(Absent(member)) => {
            tracing::error!(member = member.name(), "a fault row requires what a fault does not have");
            assemble(route, StatusCode::INTERNAL_SERVER_ERROR, &[], None)
        }
    };
    if let Some(allow) = allow.and_then(|allow| HeaderValue::from_str(allow).ok()) {
        response.headers_mut().insert(ALLOW, allow);
    }
    response
}

fn assemble(route: &Route, status: StatusCode, fields: &[(&str, String)], content: Option<Vec<u8>>) -> Response<Bytes> {
    let mut response = Response::new(Bytes::new());
    *response.status_mut() = status;
    // With room for the request's name, which every answer bears.
    response.headers_mut().reserve(3 + fields.len());
    // Challenges and tokens are for one caller, once (RFC 6749 section 5.1).
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    let provider_fields = route.dialect.fields.iter().filter_map(|field| match &field.pattern {
        crate::provider::template::hole::Pattern::Constant(text) => Some((field.name.as_str(), text)),
        crate::provider::template::hole::Pattern::Hole { .. } => None,
    });
    for (name, value) in provider_fields.chain(fields.iter().map(|(name, value)| (*name, value))) {
        // A value that no field can hold came from an upstream; it is left out rather than mended.
        if let (Ok(name), Ok(value)) = (HeaderName::from_bytes(name.as_bytes()), HeaderValue::from_str(value)) {
            response.headers_mut().insert(name, value);
        }
    }
    if let Some(content) = content {
        response.headers_mut().insert(CONTENT_TYPE, route.dialect.content_type.clone());
        *response.body_mut() = Bytes::from(content);
    }
    response
}
