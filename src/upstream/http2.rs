//! The library's client behind one upstream, for what ours does not speak: HTTP/2.

use bytes::Bytes;
use http::header::{ACCEPT_ENCODING, CONTENT_LENGTH, HOST};
use http::{HeaderValue, Request, Response};
use reqwest::Client;

use crate::upstream::base_url::BaseUrl;
use crate::upstream::client::{ClientOptions, InvalidClient, client};
use crate::upstream::content;
use crate::upstream::default_headers;
use crate::upstream::failure::CallFailure;
use crate::upstream::settings::HttpSettings;

/// HTTP/2 to one upstream, or HTTP/1.1 where that is all it offers.
#[derive(Debug)]
pub(super) struct LibraryClient {
    base: BaseUrl,
    client: Client,
}

// ===== impl LibraryClient =====

impl LibraryClient {
    /// Connects to nothing yet. Reads certificate authorities from disk.
    pub(super) fn new(base: BaseUrl, settings: &HttpSettings) -> Result<Self, InvalidClient> {
        let options = ClientOptions {
            connect_timeout: settings.connect_timeout_ms.millis(),
            idle_timeout: settings.idle_timeout_ms.millis(),
            ca_file: settings.ca_file.as_deref(),
            http1_only: false,
        };
        Ok(Self { client: client(&base, options)?, base })
    }

    /// Sends `request` and reads the whole answer, its content as it was sent and at most `limit` bytes.
    pub(super) async fn exchange(
        &self,
        request: &Request<Bytes>,
        limit: usize,
    ) -> Result<Response<Bytes>, CallFailure> {
        let target = request.uri().path_and_query().ok_or(CallFailure::Unsendable)?;
        let url = self.base.with_target(target).ok_or(CallFailure::Unsendable)?;
        let mut outgoing = reqwest::Request::new(request.method().clone(), url);
        let headers = outgoing.headers_mut();
        headers.clone_from(request.headers());
        headers.remove(HOST); // the client writes the upstream's own
        headers.remove(CONTENT_LENGTH); // and the length it really sends
        default_headers::complete(headers, !request.body().is_empty());
        headers.insert(ACCEPT_ENCODING, HeaderValue::from_static("identity"));
        *outgoing.body_mut() = Some(request.body().clone().into());

        let mut response = self.client.execute(outgoing).await.map_err(CallFailure::from_client)?;
        let mut answer = Response::new(Bytes::new());
        *answer.status_mut() = response.status();
        *answer.version_mut() = response.version();
        *answer.headers_mut() = std::mem::take(response.headers_mut());
        *answer.body_mut() = content::read(response, limit).await?;
        Ok(answer)
    }
}
