//! One HTTP upstream as used by one worker: its own connections, and the admission that all workers share.
//!
//! A call that is not completed before its deadline is a [`CallFailure`]. Redirects are returned, not
//! followed. A call is retried once, only for a begin and only if no connection could be made: a request
//! that may have reached the upstream is never sent again.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use tokio::time::{Instant, timeout_at};

use crate::http1::header_filter::HeaderFilter;
use crate::model::operation::Operation;
use crate::upstream::admission::Admission;
use crate::upstream::base_url::BaseUrl;
use crate::upstream::breaker::CallOutcome;
use crate::upstream::content;
use crate::upstream::failure::CallFailure;
use crate::upstream::http_settings::{HttpSettings, HttpVersion};
use crate::upstream::http1::client::Http1Client;
use crate::upstream::http2::Http2Client;
use crate::upstream::target;
use crate::upstream::tls::TlsError;

/// The connections of one worker to an upstream.
#[derive(Debug)]
pub struct HttpUpstream {
    client: Client,
    admission: Arc<Admission>,
    timeout: Duration,
    max_response_bytes: usize,
}

#[derive(Debug)]
enum Client {
    /// The crate's own client, which needs a third of reqwest's instructions.
    Http1(Http1Client),
    /// reqwest.
    Http2(Box<Http2Client>),
}

/// What the circuit breaker counts a call by.
#[derive(Clone, Copy)]
pub struct CallSource<'a> {
    /// The operation: server errors are counted for each.
    pub operation: Operation,
    /// Identifies the caller, as a hash. Called only while server errors are counted.
    pub caller: &'a (dyn Fn() -> Option<u64> + Sync),
}

/// Whether a call is retried if no connection can be made.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum RetryClass {
    /// Retry once: nothing was sent, and a repeated begin is harmless.
    Begin,
    /// Never retry.
    Finish,
}

// ===== impl HttpUpstream =====

impl HttpUpstream {
    /// Reads certificate authorities from disk. Does not connect yet.
    ///
    /// # Errors
    ///
    /// [`TlsError`] if the certificate authorities cannot be read.
    pub fn new(base: BaseUrl, settings: &HttpSettings, admission: Arc<Admission>) -> Result<Self, TlsError> {
        Ok(Self {
            client: match settings.http_version {
                HttpVersion::One => Client::Http1(Http1Client::new(&base, settings)?),
                HttpVersion::Two => Client::Http2(Box::new(Http2Client::new(base, settings)?)),
            },
            admission,
            timeout: settings.timeout_ms.millis(),
            max_response_bytes: settings.max_response_bytes.count(),
        })
    }

    /// The breaker and the concurrent calls of this upstream.
    #[must_use]
    pub fn admission(&self) -> &Admission {
        &self.admission
    }

    /// Sends `request`, whose target is a path and query below the base URL, and returns the decoded response.
    ///
    /// # Errors
    ///
    /// [`CallFailure`] if there is no complete response within the limits.
    pub async fn call(&self, request: &Request<Bytes>, class: RetryClass) -> Result<Response<Bytes>, CallFailure> {
        let source = CallSource { operation: Operation::LoginBegin, caller: &|| None };
        self.call_filtered(HeaderFilter::All, request, class, source).await
    }

    /// Like [`Self::call`], but keeps only some header fields of the response.
    ///
    /// # Errors
    ///
    /// Those of [`Self::call`].
    pub async fn call_filtered(
        &self,
        filter: HeaderFilter<'_>,
        request: &Request<Bytes>,
        class: RetryClass,
        source: CallSource<'_>,
    ) -> Result<Response<Bytes>, CallFailure> {
        let deadline = Instant::now() + self.timeout;
        let target = request.uri().path_and_query().ok_or(CallFailure::Unsendable)?;
        if !target::is_stable(target.as_str()) {
            return Err(CallFailure::Unsendable);
        }
        let permit = self.admission.admit(source.operation, deadline).await?;
        let attempts = timeout_at(deadline, self.attempts(filter, request, class));
        let outcome = attempts.await.unwrap_or(Err(CallFailure::TimedOut));
        permit.breaker.report(outcome_for_breaker(&outcome), source.caller);
        outcome
    }

    async fn attempts(
        &self,
        filter: HeaderFilter<'_>,
        request: &Request<Bytes>,
        class: RetryClass,
    ) -> Result<Response<Bytes>, CallFailure> {
        let first = self.attempt(filter, request).await;
        match (first, class) {
            (Err(CallFailure::Unreachable(_)), RetryClass::Begin) => self.attempt(filter, request).await,
            (outcome, RetryClass::Begin | RetryClass::Finish) => outcome,
        }
    }

    async fn attempt(
        &self,
        filter: HeaderFilter<'_>,
        request: &Request<Bytes>,
    ) -> Result<Response<Bytes>, CallFailure> {
        let encoded = match &self.client {
            Client::Http1(client) => client.call(request, self.max_response_bytes, filter).await?,
            Client::Http2(client) => Box::pin(client.call(request, self.max_response_bytes)).await?,
        };
        content::decode_response(encoded, self.max_response_bytes)
    }
}

/// Whether the outcome indicates an outage. An upstream that sends an invalid response is running.
fn outcome_for_breaker(outcome: &Result<Response<Bytes>, CallFailure>) -> CallOutcome {
    match outcome {
        Ok(response) if response.status().is_server_error() => CallOutcome::ServerError,
        Ok(_) => CallOutcome::Responded,
        Err(CallFailure::Unreachable(_) | CallFailure::TimedOut | CallFailure::Broken(_)) => CallOutcome::NoResponse,
        Err(
            CallFailure::Unsendable
            | CallFailure::Overloaded
            | CallFailure::BreakerOpen { .. }
            | CallFailure::TooLarge { .. }
            | CallFailure::Undecodable,
        ) => CallOutcome::Responded,
    }
}
