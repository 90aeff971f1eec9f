//! Encoding the caller's response: a success or a fault, in the dialect's own envelope.

use bytes::Bytes;
use http::header::{ALLOW, CACHE_CONTROL, CONTENT_TYPE};
use http::{HeaderName, HeaderValue, Response, StatusCode};
use jiff::Timestamp;
use uuid::Uuid;

use crate::gateway::context::{ModelResponse, RequestContext, ShadowRole};
use crate::model::fault::{Fault, FaultDetails, Refusal};
use crate::model::message;
use crate::model::operation::Operation;
use crate::provider::template::encode::{EncodeContext, MissingMember};
use crate::provider::template::placeholder::Pattern;
use crate::routes::route::Route;

/// Encodes a success. A decoy is not compared with a shadow's response.
///
/// # Errors
/// `upstream_invalid` if a member that the dialect requires is missing.
pub(crate) fn encode_response(
    context: &RequestContext<'_>,
    response: &message::Response<'_>,
    is_decoy: bool,
) -> Result<Response<Bytes>, Refusal> {
    if let Some(trace) = context.trace {
        trace.completed(response.record());
    }
    let RequestContext { route, now, .. } = context;
    let template = &route.dialect.operations[&response.operation()];
    let writing = EncodeContext { now: *now, relaxed: &route.relax };
    let written =
        template.write_response(&route.dialect, response.record(), writing).map_err(|MissingMember(member)| {
            let reason = format!("the answer lacks `{}`, which the dialect requires", member.name());
            Refusal::new(Fault::UpstreamInvalid, reason)
        })?;
    let mut encoded = assemble(route, written.status, &written.fields, written.content);
    if context.shadow_role != ShadowRole::None && !is_decoy {
        encoded.extensions_mut().insert(ModelResponse(response.owned()));
    }
    Ok(encoded)
}

/// Encodes a fault. `id` is the id in the log.
pub(crate) fn fault(
    route: &Route,
    operation: Operation,
    refusal: &Refusal,
    id: Uuid,
    allow: Option<&str>,
) -> Response<Bytes> {
    let mut buffer = Uuid::encode_buffer();
    let details = FaultDetails {
        fault: Some(refusal.fault.name().into()),
        message: Some(refusal.message.as_ref().into()),
        correlation_id: Some((&*id.hyphenated().encode_lower(&mut buffer)).into()),
        retry_after: refusal.retry_after,
    };
    let writing = EncodeContext { now: Timestamp::UNIX_EPOCH, relaxed: &[] };
    let mut response = match route.dialect.faults.write(operation, refusal.fault, &details, writing) {
        Ok(written) => {
            let content = (!written.content.is_empty()).then_some(written.content);
            assemble(route, written.status, &written.fields, content)
        }
        Err(MissingMember(member)) => {
            tracing::error!(member = member.name(), "fault row requires a member that no fault has");
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
    // With room for the request id, which every response has.
    response.headers_mut().reserve(3 + fields.len());
    // Challenges and tokens are for one caller, once (RFC 6749 section 5.1).
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    let provider_fields = route.dialect.fields.iter().filter_map(|field| match &field.pattern {
        Pattern::Constant(text) => Some((field.name.as_str(), text)),
        Pattern::Placeholder { .. } => None,
    });
    for (name, value) in provider_fields.chain(fields.iter().map(|(name, value)| (*name, value))) {
        // A value that no field can hold came from an upstream. It is left out.
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
