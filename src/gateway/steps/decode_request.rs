//! Decoding a request in its dialect: the first operation that its content is.
//!
//! Content that is another message than any of the candidates is no mistake of the caller: it may be meant for the
//! passthrough target.

use http::header::{CONTENT_ENCODING, USER_AGENT};
use http::request;
use jiff::Timestamp;

use crate::ceremony::ChallengeKey;
use crate::gateway::client_data;
use crate::gateway::context::{Client, RequestContext, ShadowRole};
use crate::gateway::handler::Arrival;
use crate::gateway::runtime::Runtime;
use crate::gateway::steps::match_operation::ConfigMatch;
use crate::gateway::steps::read_content;
use crate::gateway::trace::Trace;
use crate::model::fault::{Fault, Refusal};
use crate::model::member::Member;
use crate::model::message::Request;
use crate::provider::template::decode_context::{DecodeError, Defect, DefectKind, Scratch};
use crate::provider::wire_format::RawRequest;
use crate::routes::route::Route;
use crate::routes::router::Candidate;

/// A request that is not served.
pub(crate) enum NotDecoded<'g> {
    /// It passes through.
    PassesThrough,
    /// It is refused, as the likeliest candidate.
    Refused(&'g Candidate, Refusal),
}

/// A request that is none of the candidates.
pub(crate) struct Undecodable<'a> {
    /// The likeliest candidate.
    pub(crate) candidate: &'a Candidate,
    /// The refusal, if it was meant to be that.
    pub(crate) refusal: Refusal,
    /// Whether it is another message, which may pass through.
    pub(crate) is_other_message: bool,
}

/// Decodes a request.
///
/// # Errors
/// When it is none of the candidates, or a finish or a refresh token that the gateway does not know and the route
/// passes through.
pub(crate) fn decode_request<'g: 'a, 'a>(
    config: &ConfigMatch<'g>,
    head: &'a request::Parts,
    arrival: &'a Arrival,
    content: &'a [u8],
    scratch: &'a Scratch,
) -> Result<RequestContext<'a>, NotDecoded<'a>> {
    let (runtime, now) = (config.runtime, Timestamp::now());
    let decoded = decode(runtime, &config.candidates, head, content, scratch, now);
    let (route, request) = decoded.map_err(|error| match error.is_other_message && config.has_passthrough {
        true => NotDecoded::PassesThrough,
        false => NotDecoded::Refused(error.candidate, error.refusal),
    })?;
    let passes_unknown = config.has_passthrough && route.passes_unknown_ceremonies;
    if passes_unknown && ceremony_is_unknown(runtime, route, &request) {
        return Err(NotDecoded::PassesThrough);
    }
    let trace = head.extensions.get::<Trace>();
    if let Some(trace) = trace {
        trace.received(head, content, request.record());
    }
    let client = Client {
        user_agent: head.headers.get(USER_AGENT).and_then(|value| value.to_str().ok()),
        address: arrival.client_address().map(|_| &**arrival.client_text()),
        ip: arrival.client_address(),
        limits: arrival.address_limits(),
    };
    let (fields, shadow_role) = (&head.headers, ShadowRole::None);
    Ok(RequestContext { route, request, client, now, fields, trace, shadow_role, may_answer_with_decoy: true })
}

/// Decodes a request as the first of the candidates that it is.
///
/// # Errors
/// The likeliest candidate, and why the request is not that.
///
/// # Panics
/// When there is no candidate.
pub(crate) fn decode<'a>(
    runtime: &'a Runtime,
    candidates: &[&'a Candidate],
    head: &'a request::Parts,
    content: &'a [u8],
    scratch: &'a Scratch,
    now: Timestamp,
) -> Result<(&'a Route, Request<'a>), Undecodable<'a>> {
    let mut likeliest: Option<Undecodable<'a>> = None;
    for candidate in candidates.iter().copied() {
        let route = runtime.route(candidate);
        let template = &route.dialect.operations[&candidate.operation];
        let message = &template.request.message;
        let is_json = message.content.is_none() || read_content::is_accepted(route.dialect.accepts, &head.headers);
        let is_encoded = message.content.is_some() && head.headers.contains_key(CONTENT_ENCODING);
        let undecodable = if is_encoded {
            let text = "The content must not have a content coding.";
            let refusal = Refusal::with_public_message(Fault::UnsupportedMediaType, text);
            Undecodable { candidate, refusal, is_other_message: false }
        } else if is_json {
            let path = head.uri.path().strip_prefix(route.prefix.as_str()).unwrap_or_default();
            let query = head.uri.query().unwrap_or_default();
            let arrived = RawRequest { path, query, fields: &head.headers, content };
            match template.read_request(candidate.operation, arrived, runtime.reading(scratch, now)) {
                Ok(request) => return Ok((route, request)),
                Err(error) => undecodable(candidate, &error),
            }
        } else {
            let refusal = Refusal::new(Fault::UnsupportedMediaType, "the media type is not JSON");
            Undecodable { candidate, refusal, is_other_message: message.has_constants() }
        };
        if likeliest.as_ref().is_none_or(|one| one.is_other_message && !undecodable.is_other_message) {
            likeliest = Some(undecodable);
        }
    }
    Err(likeliest.expect("there is at least one candidate"))
}

/// Whether a request finishes a ceremony that the gateway does not know, or carries a refresh token that no embedded
/// relying party of its route issued.
pub(crate) fn ceremony_is_unknown(runtime: &Runtime, route: &Route, request: &Request<'_>) -> bool {
    if let Request::SessionRefresh(refresh) = request {
        let is_issuer = route.issuer.is_some() || route.has_embedded_backend();
        return is_issuer && route.backend_of_refresh_token(refresh.tokens_refresh.as_deref()).is_none();
    }
    let is_unknown =
        |challenge: Vec<u8>| runtime.config.ceremonies.generation_of(ChallengeKey::of(&challenge)).is_none();
    request.operation().is_finish() && client_data::challenge(request.record()).is_ok_and(is_unknown)
}

#[cold]
fn undecodable<'a>(candidate: &'a Candidate, error: &DecodeError) -> Undecodable<'a> {
    match error {
        DecodeError::NotThisMessage => {
            let message = "The content is not that of an operation on this path.";
            let refusal = Refusal::with_public_message(Fault::InvalidRequest, message);
            Undecodable { candidate, refusal, is_other_message: true }
        }
        DecodeError::Broken(defect) => Undecodable { candidate, refusal: broken(defect), is_other_message: false },
    }
}

/// The caller gets the position of a defect. A missing credential of the caller is `unauthenticated` instead.
fn broken(defect: &Defect) -> Refusal {
    match &defect.kind {
        DefectKind::Missing(member) if member.is_caller_credential() && *member != Member::ClientId => {
            Refusal::new(Fault::Unauthenticated, defect.to_string())
        }
        _ => Refusal::with_public_message(Fault::InvalidRequest, defect.to_string()),
    }
}
