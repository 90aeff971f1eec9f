//! The HTTP/2 client of one upstream.

use bytes::Bytes;
use http::header::{ACCEPT_ENCODING, CONTENT_LENGTH};
use http::{HeaderValue, Request, Response};
use http_body_util::Full;

use crate::upstream::base_url::BaseUrl;
use crate::upstream::content;
use crate::upstream::default_headers;
use crate::upstream::failure::CallFailure;
use crate::upstream::http_settings::HttpSettings;
use crate::upstream::streaming::{StreamingClient, StreamingError, StreamingOptions};
use crate::upstream::tls::TlsError;

/// Uses HTTP/2, or HTTP/1.1 if the upstream offers nothing else.
#[derive(Debug)]
pub(super) struct Http2Client {
    base: BaseUrl,
    client: StreamingClient<Full<Bytes>>,
}

// ===== impl Http2Client =====

impl Http2Client {
    /// Reads certificate authorities from disk. Does not connect yet.
    pub(super) fn new(base: BaseUrl, settings: &HttpSettings) -> Result<Self, TlsError> {
        let options = StreamingOptions {
            connect_timeout: settings.connect_timeout_ms.millis(),
            idle_timeout: settings.idle_timeout_ms.millis(),
            ca_file: settings.ca_file.as_deref(),
            http1_only: false,
        };
        Ok(Self { client: StreamingClient::new(&base, options)?, base })
    }

    /// Sends `request` and reads the response, at most `limit` bytes of content, which stays encoded.
    pub(super) async fn call(&self, request: &Request<Bytes>, limit: usize) -> Result<Response<Bytes>, CallFailure> {
        let target = request.uri().path_and_query().ok_or(CallFailure::Unsendable)?;
        let url = self.base.with_target(target).ok_or(CallFailure::Unsendable)?;
        let target = &url[url::Position::BeforePath..];
        let mut outgoing = Request::new(Full::new(request.body().clone()));
        *outgoing.method_mut() = request.method().clone();
        *outgoing.uri_mut() = target.parse().map_err(|_| CallFailure::Unsendable)?;
        let headers = outgoing.headers_mut();
        headers.clone_from(request.headers());
        headers.remove(CONTENT_LENGTH); // the client writes the actual length
        default_headers::add_missing(headers, !request.body().is_empty());
        headers.insert(ACCEPT_ENCODING, HeaderValue::from_static("identity"));

        let incoming = self.client.send(outgoing).await.map_err(|error| match error {
            StreamingError::Unreachable(error) => CallFailure::Unreachable(error.into()),
            error => CallFailure::Broken(error.into()),
        })?;
        let (parts, body) = incoming.into_parts();
        Ok(Response::from_parts(parts, content::read(body, limit).await?))
    }
}
