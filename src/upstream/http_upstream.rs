//! One HTTP upstream as one worker sees it: its own connections behind the door all workers share.
//!
//! A call is admitted, made and read to its end before its deadline, or it is a
//! [`CallFailure`]. A redirect is an answer like any other. Only a connection that could not be made
//! is tried again, once, and only for a begin: whatever may have arrived is never sent twice.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use tokio::time::{Instant, timeout_at};

use crate::upstream::admission::Admission;
use crate::upstream::base_url::BaseUrl;
use crate::upstream::client::InvalidClient;
use crate::upstream::content;
use crate::upstream::failure::CallFailure;
use crate::upstream::header_filter::HeaderFilter;
use crate::upstream::http1::client::WireClient;
use crate::upstream::http2::LibraryClient;
use crate::upstream::settings::{HttpSettings, HttpVersion};
use crate::upstream::target;

/// A named upstream's base URL with the connections of one worker to it.
#[derive(Debug)]
pub struct HttpUpstream {
    client: Client,
    admission: Arc<Admission>,
    timeout: Duration,
    max_response_bytes: usize,
}

/// Who carries the calls.
#[derive(Debug)]
enum Client {
    /// Ours: HTTP/1.1, and a third of the library's instructions.
    Wire(WireClient),
    /// The library's, which speaks HTTP/2.
    Library(LibraryClient),
}

/// What may be done when a call's connection cannot be made.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum RetryClass {
    /// Try once more: nothing was sent, and a new begin harms nobody.
    Begin,
    /// Report it: a finish is tried once, whatever happens.
    Finish,
}

// ===== impl HttpUpstream =====

impl HttpUpstream {
    /// Makes the connections' pool; connects to nothing yet. Reads certificate authorities from disk.
    ///
    /// # Errors
    ///
    /// [`InvalidClient`] if they cannot be read: an error of the config or the system.
    pub fn new(base: BaseUrl, settings: &HttpSettings, admission: Arc<Admission>) -> Result<Self, InvalidClient> {
        Ok(Self {
            client: match settings.http_version {
                HttpVersion::One => Client::Wire(WireClient::new(&base, settings)?),
                HttpVersion::Two => Client::Library(LibraryClient::new(base, settings)?),
            },
            admission,
            timeout: settings.timeout_ms.millis(),
            max_response_bytes: settings.max_response_bytes.count(),
        })
    }

    /// The door this upstream's calls go through: its breaker and its calls under way.
    #[must_use]
    pub fn admission(&self) -> &Admission {
        &self.admission
    }

    /// Sends `request`, whose target is only a path and query and stands behind the base URL, and
    /// brings back the whole answer, decoded.
    ///
    /// # Errors
    ///
    /// [`CallFailure`] if there is no complete answer within the limits.
    pub async fn call(&self, request: &Request<Bytes>, class: RetryClass) -> Result<Response<Bytes>, CallFailure> {
        self.call_keeping(HeaderFilter::All, request, class).await
    }

    /// The same, for one who reads only some of the answer's fields.
    ///
    /// # Errors
    ///
    /// Those of [`Self::call`].
    pub async fn call_keeping(
        &self,
        kept: HeaderFilter<'_>,
        request: &Request<Bytes>,
        class: RetryClass,
    ) -> Result<Response<Bytes>, CallFailure> {
        let deadline = Instant::now() + self.timeout;
        let target = request.uri().path_and_query().ok_or(CallFailure::Unsendable)?;
        if !target::is_stable(target.as_str()) {
            return Err(CallFailure::Unsendable);
        }
        let admitted = self.admission.enter(deadline).await?;
        let attempts = timeout_at(deadline, self.attempts(kept, request, class));
        let outcome = attempts.await.unwrap_or(Err(CallFailure::TimedOut));
        if counts_as_failure(&outcome) {
            admitted.ticket.failed();
        } else {
            admitted.ticket.succeeded();
        }
        outcome
    }

    async fn attempts(
        &self,
        kept: HeaderFilter<'_>,
        request: &Request<Bytes>,
        class: RetryClass,
    ) -> Result<Response<Bytes>, CallFailure> {
        let first = self.attempt(kept, request).await;
        match (first, class) {
            (Err(CallFailure::Unreachable(_)), RetryClass::Begin) => self.attempt(kept, request).await,
            (outcome, RetryClass::Begin | RetryClass::Finish) => outcome,
        }
    }

    async fn attempt(&self, kept: HeaderFilter<'_>, request: &Request<Bytes>) -> Result<Response<Bytes>, CallFailure> {
        let encoded = match &self.client {
            Client::Wire(client) => client.exchange(request, self.max_response_bytes, kept).await?,
            Client::Library(client) => Box::pin(client.exchange(request, self.max_response_bytes)).await?,
        };
        content::decoded(encoded, self.max_response_bytes)
    }
}

/// What speaks for an outage. A refusal or an absurd answer comes from an upstream that is there.
fn counts_as_failure(outcome: &Result<Response<Bytes>, CallFailure>) -> bool {
    match outcome {
        Ok(answer) => answer.status().is_server_error(),
        Err(CallFailure::Unreachable(_) | CallFailure::TimedOut | CallFailure::Broken(_)) => true,
        Err(
            CallFailure::Unsendable
            | CallFailure::Overloaded
            | CallFailure::BreakerOpen { .. }
            | CallFailure::TooLarge { .. }
            | CallFailure::Undecodable,
        ) => false,
    }
}
