//! The HTTP/2 client of one upstream.

use bytes::Bytes;
use http::header::{ACCEPT_ENCODING, CONTENT_LENGTH, HOST};
use http::{HeaderValue, Request, Response};
use reqwest::Client;

use crate::upstream::base_url::BaseUrl;
use crate::upstream::client::{ClientOptions, client};
use crate::upstream::content;
use crate::upstream::default_headers;
use crate::upstream::failure::CallFailure;
use crate::upstream::http_settings::HttpSettings;
use crate::upstream::tls::TlsError;

/// Uses HTTP/2, or HTTP/1.1 if the upstream offers nothing else.
#[derive(Debug)]
pub(super) struct Http2Client {
    base: BaseUrl,
    client: Client,
}

// ===== impl Http2Client =====

impl Http2Client {
    /// Reads certificate authorities from disk. Does not connect yet.
    pub(super) fn new(base: BaseUrl, settings: &HttpSettings) -> Result<Self, TlsError> {
        let options = ClientOptions {
            connect_timeout: settings.connect_timeout_ms.millis(),
            idle_timeout: settings.idle_timeout_ms.millis(),
            ca_file: settings.ca_file.as_deref(),
            http1_only: false,
        };
        Ok(Self { client: client(&base, options)?, base })
    }

    /// Sends `request` and reads the response, at most `limit` bytes of content, which stays encoded.
    pub(super) async fn call(&self, request: &Request<Bytes>, limit: usize) -> Result<Response<Bytes>, CallFailure> {
        let target = request.uri().path_and_query().ok_or(CallFailure::Unsendable)?;
        let url = self.base.with_target(target).ok_or(CallFailure::Unsendable)?;
        let mut outgoing = reqwest::Request::new(request.method().clone(), url);
        let headers = outgoing.headers_mut();
        headers.clone_from(request.headers());
        headers.remove(HOST); // the client writes the host of the base URL
        headers.remove(CONTENT_LENGTH); // and the actual length
        default_headers::add_missing(headers, !request.body().is_empty());
        headers.insert(ACCEPT_ENCODING, HeaderValue::from_static("identity"));
        *outgoing.body_mut() = Some(request.body().clone().into());

        let mut incoming = self.client.execute(outgoing).await.map_err(CallFailure::from_client)?;
        let mut response = Response::new(Bytes::new());
        *response.status_mut() = incoming.status();
        *response.version_mut() = incoming.version();
        *response.headers_mut() = std::mem::take(incoming.headers_mut());
        *response.body_mut() = content::read(incoming, limit).await?;
        Ok(response)
    }
}
