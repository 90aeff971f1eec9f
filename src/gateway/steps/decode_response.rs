//! Decoding the upstream's answer: a response of the operation, or a fault of the closed set.
//!
//! The upstream's texts, ids and debug members are not forwarded.

use http::StatusCode;

use crate::caller_auth::VerifiedBy;
use crate::gateway::context::Attempt;
use crate::gateway::steps::call_upstream::operation_of;
use crate::gateway::upstream_client::Answer;
use crate::model::fault::{Fault, Refusal};
use crate::model::message::Response;
use crate::model::operation::Operation;
use crate::provider::template::decode_context::{DecodeError, Scratch};
use crate::provider::template::message::Caller;
use crate::provider::wire_format::UpstreamError;
use crate::routes::upstream::UpstreamKind;

/// Decodes the answer of an attempt.
///
/// # Errors
/// The fault of the answer, or that of the call.
pub(crate) fn decode_response<'r>(
    attempt: Attempt<'_>,
    answer: &'r Result<Answer, Refusal>,
    scratch: &'r Scratch,
) -> Result<Response<'r>, Refusal> {
    let answer = answer.as_ref().map_err(Refusal::clone)?;
    let decoded = decode(attempt, answer, scratch);
    if let Some(trace) = attempt.context.trace {
        trace.answered(answer, decoded.as_ref().ok().map(Response::record));
    }
    decoded
}

fn decode<'r>(attempt: Attempt<'_>, answer: &'r Answer, scratch: &'r Scratch) -> Result<Response<'r>, Refusal> {
    let operation = attempt.operation();
    match (answer, &attempt.upstream().kind) {
        (Answer::Embedded(response), _) => Ok(response.clone()),
        (Answer::Http(answer), UpstreamKind::Http { provider, .. }) => {
            let template = operation_of(provider, operation)?;
            // A refusal of an operation without credentials is not about the gateway's credentials.
            let has_our_credentials =
                attempt.caller.verified_by == VerifiedBy::Gateway && template.request.caller != Caller::Open;
            let reading = attempt.runtime.reading(scratch, attempt.context.now);
            template
                .read_response(provider, operation, answer.status(), answer.headers(), answer.body(), reading)
                .map_err(|error| refused(error, operation, answer.status(), has_our_credentials))
        }
        (Answer::Http(_), UpstreamKind::Embedded(_)) => {
            Err(Refusal::new(Fault::Internal, "the answer does not fit its upstream"))
        }
    }
}

#[cold]
fn refused(error: UpstreamError<'_>, operation: Operation, status: StatusCode, has_our_credentials: bool) -> Refusal {
    match error {
        UpstreamError::Fault(fault, details) => {
            let reason = format!("the upstream answered {status}: {}", fault.name());
            let refusal = match (operation, fault_for_caller(fault, operation, has_our_credentials)) {
                (Operation::SessionRefresh, Fault::AssertionRejected) => Refusal::of_token(reason),
                (_, fault) => Refusal::new(fault, reason),
            };
            refusal.retry_after(details.retry_after)
        }
        UpstreamError::Broken(DecodeError::Broken(defect)) => {
            Refusal::new(Fault::UpstreamInvalid, format!("the upstream answered {status}: {defect}"))
        }
        UpstreamError::Broken(DecodeError::NotThisMessage) => Refusal::new(
            Fault::UpstreamInvalid,
            format!("the upstream answered {status} with a message that is not this operation's"),
        ),
        UpstreamError::Unknown(status) if status.is_server_error() => {
            Refusal::new(Fault::UpstreamFailed, format!("the upstream answered {status}"))
        }
        UpstreamError::Unknown(status) => Refusal::new(
            Fault::UpstreamInvalid,
            format!("the upstream answered {status}, which its contract does not have"),
        ),
    }
}

/// The fault that the caller gets for an upstream's. A refusal of the gateway's credentials is not the caller's fault.
fn fault_for_caller(fault: Fault, operation: Operation, has_our_credentials: bool) -> Fault {
    match fault {
        Fault::Unauthenticated if has_our_credentials => Fault::UpstreamRefusedUs,
        // At a finish the passkey's user is forbidden, at a refresh the token's.
        Fault::Forbidden if has_our_credentials && !operation.is_finish() && operation != Operation::SessionRefresh => {
            Fault::UpstreamRefusedUs
        }
        Fault::TooLarge | Fault::UnsupportedMediaType | Fault::MethodNotAllowed => Fault::UpstreamInvalid,
        Fault::Overloaded | Fault::IdentityUnavailable => Fault::UpstreamUnavailable,
        Fault::Internal => Fault::UpstreamFailed,
        fault => fault,
    }
}
