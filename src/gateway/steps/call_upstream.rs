//! Asking whoever does the work, and understanding what comes back.
//!
//! Whatever an upstream says is turned into a response of the operation or a fault of the closed set;
//! its texts, ids and debug members stay here.

use bytes::Bytes;
use http::{HeaderName, HeaderValue, Request as HttpRequest, Response as HttpResponse, StatusCode};
use jiff::Timestamp;

use crate::features::key_learning::KeyLearner;
use crate::gateway::trace::Trace;
use crate::model::fault::{Fault, Refusal};
use crate::model::message::{Request, Response};
use crate::model::operation::Operation;
use crate::model::user_verification::UserVerification;
use crate::provider::descriptor::{OperationTemplate, Provider};
use crate::provider::template::encode::{Absent, Writing};
use crate::provider::template::message::Caller;
use crate::provider::template::reader::{DecodeError, Reading};
use crate::provider::wire_format::{UpstreamError, WrittenRequest};
use crate::relying_party::RelyingParty;
use crate::routes::{Upstream, UpstreamKind};
use crate::upstream::default_headers;
use crate::upstream::failure::CallFailure;
use crate::upstream::header_filter::Kept;
use crate::upstream::http_upstream::{HttpUpstream, RetryClass};

/// An upstream as one worker sees it.
#[derive(Debug)]
pub enum Worker {
    /// The embedded relying party, and the learner of its passkeys.
    Embedded(RelyingParty, KeyLearner),
    /// A provider over HTTP.
    Http(HttpUpstream),
}

/// What came back.
#[derive(Debug)]
pub enum Answer {
    /// From the embedded relying party.
    Embedded(Response<'static>),
    /// From a provider.
    Http(HttpResponse<Bytes>),
}

/// Whom to ask, and what only the embedded relying party needs to know.
#[derive(Clone, Copy, Debug)]
pub struct Call<'c> {
    /// The upstream.
    pub upstream: &'c Upstream,
    /// Its worker.
    pub worker: &'c Worker,
    /// The session that its begin answered with.
    pub session: Option<&'c str>,
    /// The verified user who calls.
    pub user: Option<&'c str>,
    /// The least user verification.
    pub least: Option<UserVerification>,
    /// Where somebody wants to see it.
    pub trace: Option<&'c Trace>,
}

/// Asks an upstream.
///
/// # Errors
/// A fault, when there is no answer or the embedded relying party refuses.
pub async fn ask(call: Call<'_>, request: &Request<'_>, now: Timestamp) -> Result<Answer, Refusal> {
    match (call.worker, &call.upstream.kind) {
        (Worker::Embedded(party, _), _) => {
            if let Some(trace) = call.trace {
                trace.told(request.record());
            }
            let strict = call.least.map(|least| party.at_least(least));
            let party = strict.as_ref().unwrap_or(party);
            let response = Box::pin(party.serve(request, call.session, call.user)).await?; // as in the server's application
            Ok(Answer::Embedded(response))
        }
        (Worker::Http(http), UpstreamKind::Http { provider, .. }) => {
            let class = if request.operation().is_begin() { RetryClass::Begin } else { RetryClass::Finish };
            let mut written = write(provider, request, now)?;
            if let Some(trace) = call.trace {
                let has_content = !written.body().is_empty();
                default_headers::complete(written.headers_mut(), has_content);
                trace.sent(&written, request.record());
            }
            let kept = if call.trace.is_some() { Kept::All } else { Kept::These(&provider.answer_fields) };
            let answer = Box::pin(http.call_keeping(kept, &written, class)).await; // as in the server's application
            answer.map(Answer::Http).map_err(|failure| failed(&failure))
        }
        (Worker::Http(_), UpstreamKind::Embedded(_)) => {
            Err(Refusal::new(Fault::Internal, "the worker does not fit its upstream"))
        }
    }
}

/// Writes what a provider is sent, below its base URL.
///
/// # Errors
/// `invalid_request` where a member that the provider requires is absent.
pub(crate) fn write(provider: &Provider, request: &Request<'_>, now: Timestamp) -> Result<HttpRequest<Bytes>, Refusal> {
    let template = operation_of(provider, request.operation())?;
    let written =
        template.write_request(request.record(), Writing { now, relaxed: &[] }).map_err(|Absent(member)| {
            let told = format!("`{}` is needed and was not given.", member.name());
            Refusal::with_public_message(Fault::InvalidRequest, told)
        })?;
    assemble(written)
}

/// Understands an answer. `ours` says that the credentials of the call were the gateway's own.
///
/// # Errors
/// A fault, where the answer is none of success.
pub fn understand<'a>(
    upstream: &Upstream,
    operation: Operation,
    answer: &'a Answer,
    reading: Reading<'a>,
    ours: bool,
) -> Result<Response<'a>, Refusal> {
    match (answer, &upstream.kind) {
        (Answer::Embedded(response), _) => Ok(response.clone()),
        (Answer::Http(answer), UpstreamKind::Http { provider, .. }) => {
            let template = operation_of(provider, operation)?;
            // An operation that asks nobody says nothing of our credentials.
            let ours = ours && template.request.caller != Caller::Open;
            template
                .read_response(provider, operation, answer.status(), answer.headers(), answer.body(), reading)
                .map_err(|no_success| refused(no_success, operation, answer.status(), ours))
        }
        (Answer::Http(_), UpstreamKind::Embedded(_)) => {
            Err(Refusal::new(Fault::Internal, "the answer does not fit its upstream"))
        }
    }
}

fn operation_of(provider: &Provider, operation: Operation) -> Result<&OperationTemplate, Refusal> {
    let template = provider.operations.get(&operation);
    template.ok_or_else(|| Refusal::new(Fault::NotEnabled, "the upstream has no such operation"))
}

fn assemble(written: WrittenRequest<'_>) -> Result<HttpRequest<Bytes>, Refusal> {
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

#[cold]
fn refused(no_success: UpstreamError<'_>, operation: Operation, status: StatusCode, ours: bool) -> Refusal {
    match no_success {
        UpstreamError::Fault(fault, details) => {
            let reason = format!("the upstream answered {status}: {}", fault.name());
            let refusal = match (operation, toward_caller(fault, operation, ours)) {
                (Operation::SessionRefresh, Fault::AssertionRejected) => Refusal::of_token(reason),
                (_, fault) => Refusal::new(fault, reason),
            };
            refusal.retry_after(details.retry_after)
        }
        UpstreamError::Broken(DecodeError::Broken(defect)) => {
            Refusal::new(Fault::UpstreamInvalid, format!("the upstream answered {status}: {defect}"))
        }
        UpstreamError::Broken(DecodeError::NotThisMessage) => {
            Refusal::new(Fault::UpstreamInvalid, format!("the upstream answered {status} with another message"))
        }
        UpstreamError::Unknown(status) if status.is_server_error() => {
            Refusal::new(Fault::UpstreamFailed, format!("the upstream answered {status}"))
        }
        UpstreamError::Unknown(status) => {
            Refusal::new(Fault::UpstreamInvalid, format!("the upstream answered {status}, which its contract has not"))
        }
    }
}

/// What an upstream's fault is for our caller: what it says of us is not the caller's doing.
fn toward_caller(fault: Fault, operation: Operation, ours: bool) -> Fault {
    match fault {
        Fault::Unauthenticated if ours => Fault::UpstreamRefusedUs,
        // At a finish it is the passkey's user who may not, at a refresh the token's.
        Fault::Forbidden if ours && !operation.is_finish() && operation != Operation::SessionRefresh => {
            Fault::UpstreamRefusedUs
        }
        Fault::TooLarge | Fault::UnsupportedMediaType | Fault::MethodNotAllowed => Fault::UpstreamInvalid,
        Fault::Overloaded | Fault::IdentityUnavailable => Fault::UpstreamUnavailable,
        Fault::Internal => Fault::UpstreamFailed,
        fault => fault,
    }
}
