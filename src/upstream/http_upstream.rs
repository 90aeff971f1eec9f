//! One HTTP upstream as one worker sees it: its own connections behind the door all workers share.
//!
//! A call is admitted, made and read to its end before its deadline, or it is a
//! [`CallFailure`]. A redirect is an answer like any other. Only a connection that could not be made
//! is tried again, once, and only for a begin: whatever may have arrived is never sent twice.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::header::{ACCEPT_ENCODING, CONTENT_LENGTH, HOST};
use http::{HeaderValue, Request, Response};
use reqwest::{Client, Url};
use tokio::time::{Instant, timeout_at};

use crate::upstream::admission::Admission;
use crate::upstream::base_url::BaseUrl;
use crate::upstream::client::{ClientOptions, InvalidClient, client};
use crate::upstream::content;
use crate::upstream::failure::CallFailure;
use crate::upstream::settings::HttpSettings;

/// A named upstream's base URL with the connections of one worker to it.
#[derive(Debug)]
pub struct HttpUpstream {
    base: BaseUrl,
    client: Client,
    admission: Arc<Admission>,
    timeout: Duration,
    max_response_bytes: usize,
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
        let options = ClientOptions {
            connect_timeout: settings.connect_timeout_ms.millis(),
            idle_timeout: settings.idle_timeout_ms.millis(),
            ca_file: settings.ca_file.as_deref(),
            http1_only: false,
        };
        Ok(Self {
            client: client(&base, options)?,
            base,
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
    pub async fn call(&self, request: Request<Bytes>, class: RetryClass) -> Result<Response<Bytes>, CallFailure> {
        let deadline = Instant::now() + self.timeout;
        let target = request.uri().path_and_query().ok_or(CallFailure::Unsendable)?;
        let url = self.base.with_target(target).ok_or(CallFailure::Unsendable)?;

        let admitted = self.admission.enter(deadline).await?;
        let outcome = by(deadline, self.attempts(&url, &request, class)).await;
        if counts_as_failure(&outcome) {
            admitted.ticket.failed();
        } else {
            admitted.ticket.succeeded();
        }
        outcome
    }

    async fn attempts(
        &self,
        url: &Url,
        request: &Request<Bytes>,
        class: RetryClass,
    ) -> Result<Response<Bytes>, CallFailure> {
        let first = self.attempt(url.clone(), request).await;
        match (first, class) {
            (Err(CallFailure::Unreachable(_)), RetryClass::Begin) => self.attempt(url.clone(), request).await,
            (outcome, RetryClass::Begin | RetryClass::Finish) => outcome,
        }
    }

    async fn attempt(&self, url: Url, request: &Request<Bytes>) -> Result<Response<Bytes>, CallFailure> {
        let mut outgoing = reqwest::Request::new(request.method().clone(), url);
        let headers = outgoing.headers_mut();
        headers.clone_from(request.headers());
        headers.remove(HOST); // the client writes the upstream's own
        headers.remove(CONTENT_LENGTH); // and the length it really sends
        headers.insert(ACCEPT_ENCODING, HeaderValue::from_static("identity"));
        *outgoing.body_mut() = Some(request.body().clone().into());

        let response = self.client.execute(outgoing).await.map_err(CallFailure::from_client)?;
        let status = response.status();
        let version = response.version();
        let mut headers = response.headers().clone();
        let encoded = content::read(response, self.max_response_bytes).await?;
        let decoded = content::decode(&mut headers, encoded, self.max_response_bytes)?;

        let mut answer = Response::new(decoded);
        *answer.status_mut() = status;
        *answer.version_mut() = version;
        *answer.headers_mut() = headers;
        Ok(answer)
    }
}

async fn by<T>(deadline: Instant, work: impl Future<Output = Result<T, CallFailure>>) -> Result<T, CallFailure> {
    timeout_at(deadline, work).await.unwrap_or(Err(CallFailure::TimedOut))
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
