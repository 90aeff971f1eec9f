//! Calling the upstream: a provider over HTTP, or the embedded relying party.

use std::time::Instant;

use bytes::Bytes;
use http::{HeaderName, HeaderValue, Request as HttpRequest};
use jiff::Timestamp;

use crate::gateway::context::{Attempt, ShadowRole};
use crate::gateway::steps::limit_rate::caller_hash;
use crate::gateway::steps::take_ceremony::TakenCeremony;
use crate::gateway::upstream_client::{Answer, UpstreamClient};
use crate::http1::header_filter::HeaderFilter;
use crate::model::fault::{Fault, Refusal};
use crate::model::message::Request;
use crate::model::operation::Operation;
use crate::provider::descriptor::{OperationTemplate, Provider};
use crate::provider::template::encode::{EncodeContext, MissingMember};
use crate::provider::wire_format::EncodedRequest;
use crate::routes::upstream::UpstreamKind;
use crate::telemetry::metrics::CallLabels;
use crate::upstream::default_headers;
use crate::upstream::failure::CallFailure;
use crate::upstream::http_upstream::{CallSource, RetryClass};

/// Calls the upstream of an attempt, and records how long it took. `user` is the verified user who calls, as the
/// upstream names them.
///
/// # Errors
/// When there is no answer, or the embedded relying party refuses.
pub(crate) async fn call_upstream(
    attempt: Attempt<'_>,
    request: &Request<'_>,
    begun: Option<&TakenCeremony>,
    user: Option<&str>,
) -> Result<Answer, Refusal> {
    let client = attempt.client()?;
    let (started, operation) = (Instant::now(), request.operation());
    let answer = call(attempt, client, request, begun, user).await;
    let fault = answer.as_ref().err().map(|refusal| refusal.fault.name());
    let labels = CallLabels { upstream: &attempt.upstream().name, operation: operation.name(), fault };
    let (metrics, took) = (&attempt.runtime.config.metrics, started.elapsed());
    match attempt.context.shadow_role {
        ShadowRole::Shadow => metrics.shadow_called(labels, took),
        ShadowRole::None | ShadowRole::Primary => {
            metrics.upstream_called(attempt.state().counters(operation), labels, took);
        }
    }
    answer
}

async fn call(
    attempt: Attempt<'_>,
    client: &UpstreamClient,
    request: &Request<'_>,
    begun: Option<&TakenCeremony>,
    user: Option<&str>,
) -> Result<Answer, Refusal> {
    let trace = attempt.context.trace;
    match (client, &attempt.upstream().kind) {
        (UpstreamClient::Embedded(party, _), _) => {
            if let Some(trace) = trace {
                trace.sent_to_relying_party(request.record());
            }
            let strict = attempt.route().min_user_verification.map(|min| party.at_least(min));
            let party = strict.as_ref().unwrap_or(party);
            let session = begun.and_then(|begun| begun.ceremony.upstream_session.as_deref());
            // Boxed to keep it out of every request future, as below.
            Ok(Answer::Embedded(Box::pin(party.serve(request, session, user)).await?))
        }
        (UpstreamClient::Http(http), UpstreamKind::Http { provider, .. }) => {
            let class = if request.operation().is_begin() { RetryClass::Begin } else { RetryClass::Finish };
            let caller = || caller_hash(attempt);
            let source = CallSource { operation: request.operation(), caller: &caller };
            let mut encoded = encode_request(provider, request, attempt.context.now)?;
            if let Some(trace) = trace {
                let has_content = !encoded.body().is_empty();
                default_headers::add_missing(encoded.headers_mut(), has_content);
                trace.sent_to_provider(&encoded, request.record());
            }
            let filter = if trace.is_some() { HeaderFilter::All } else { HeaderFilter::Only(&provider.answer_fields) };
            let answer = Box::pin(http.call_filtered(filter, &encoded, class, source)).await;
            answer.map(Answer::Http).map_err(|failure| failed(&failure))
        }
        (UpstreamClient::Http(_), UpstreamKind::Embedded(_)) => {
            Err(Refusal::new(Fault::Internal, "the client does not fit its upstream"))
        }
    }
}

/// Encodes a request for a provider, below its base URL.
///
/// # Errors
/// `invalid_request` if a member that the provider requires is absent.
pub(crate) fn encode_request(
    provider: &Provider,
    request: &Request<'_>,
    now: Timestamp,
) -> Result<HttpRequest<Bytes>, Refusal> {
    let template = operation_of(provider, request.operation())?;
    let written = template.write_request(request.record(), EncodeContext { now, relaxed: &[] });
    assemble(written.map_err(|MissingMember(member)| {
        let message = format!("`{}` is required and was not given.", member.name());
        Refusal::with_public_message(Fault::InvalidRequest, message)
    })?)
}

pub(super) fn operation_of(provider: &Provider, operation: Operation) -> Result<&OperationTemplate, Refusal> {
    let template = provider.operations.get(&operation);
    template.ok_or_else(|| Refusal::new(Fault::NotEnabled, "the upstream has no such operation"))
}

fn assemble(written: EncodedRequest<'_>) -> Result<HttpRequest<Bytes>, Refusal> {
    let unsendable =
        || Refusal::with_public_message(Fault::InvalidRequest, "A value of the request cannot be passed on.");
    let uri = match written.uri {
        Some(uri) => uri.clone(),
        None => written.target.parse().map_err(|_| unsendable())?,
    };
    let mut request = HttpRequest::new(Bytes::new());
    *request.method_mut() = written.method;
    *request.uri_mut() = uri;
    let fields = request.headers_mut();
    for (name, value) in &written.fields {
        let name = HeaderName::from_bytes(name.as_bytes()).map_err(|_| unsendable())?;
        let mut value = HeaderValue::from_str(value).map_err(|_| unsendable())?;
        value.set_sensitive(true);
        fields.insert(name, value);
    }
    if let Some(content) = written.content {
        *request.body_mut() = Bytes::from(content);
    }
    Ok(request)
}

#[cold]
fn failed(failure: &CallFailure) -> Refusal {
    let reason = failure.to_string();
    match failure {
        CallFailure::Unsendable => Refusal::new(Fault::InvalidRequest, reason),
        CallFailure::Overloaded => Refusal::new(Fault::Overloaded, reason),
        CallFailure::BreakerOpen { retry_after } => {
            let seconds = i64::try_from(retry_after.as_secs()).unwrap_or(i64::MAX).saturating_add(1);
            Refusal::new(Fault::UpstreamUnavailable, reason).retry_after(Some(seconds))
        }
        CallFailure::Unreachable(_) => Refusal::new(Fault::UpstreamUnavailable, reason),
        CallFailure::TimedOut => Refusal::new(Fault::UpstreamTimeout, reason),
        CallFailure::Broken(_) | CallFailure::TooLarge { .. } | CallFailure::Undecodable => {
            Refusal::new(Fault::UpstreamInvalid, reason)
        }
    }
}
