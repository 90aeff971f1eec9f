//! Fetches a document from a configured URL, or from another URL of the same origin: one GET, limited in
//! time and size.
//!
//! Every status other than 200, redirects included, is a failure. The query of the URL may contain a key,
//! so only the origin is shown. Connections are not kept, because any worker may fetch next.

use std::fmt;
use std::future::Future;
use std::time::Duration;

use bytes::Bytes;
use http::header::ACCEPT_ENCODING;
use http::{HeaderMap, HeaderValue, Method, StatusCode};
use reqwest::{Client, Url};
use tokio::time::timeout;
use url::Host;

use crate::upstream::base_url::BaseUrl;
use crate::upstream::client::{ClientOptions, client};
use crate::upstream::content;
use crate::upstream::failure::CallFailure;
use crate::upstream::tls::TlsError;

/// A connection is not reused: the worker that drives it may have ended.
const IDLE_TIMEOUT: Duration = Duration::from_millis(1);

/// The URL of a document, and the limits for fetching it.
pub struct RemoteDocument {
    address: Url,
    client: Client,
    timeout: Duration,
    max_bytes: usize,
}

/// Why a text is not the URL of a document. The text is not repeated.
#[derive(Debug, thiserror::Error)]
pub enum InvalidDocumentUrl {
    /// It is not an absolute URL.
    #[error("not an absolute URL")]
    NotAUrl,
    /// The scheme is neither `https`, nor `http` with a loopback address.
    #[error("it must begin with https://, or with http:// and a loopback address")]
    Scheme,
    /// It contains a user or a password.
    #[error("the URL contains a user or a password")]
    Credentials,
    /// The URL is valid, but TLS cannot be set up.
    #[error(transparent)]
    Tls(#[from] TlsError),
}

/// Why a document was not fetched.
#[derive(Debug, thiserror::Error)]
pub enum FetchFailure {
    /// There is no complete response.
    #[error(transparent)]
    Call(#[from] CallFailure),
    /// The response has another status than 200.
    #[error("the response has status {0}")]
    Status(StatusCode),
}

// ===== impl RemoteDocument =====

impl RemoteDocument {
    /// Validates `address`. Does not connect yet. `max_bytes` limits the document before and after decoding.
    ///
    /// # Errors
    ///
    /// See [`InvalidDocumentUrl`].
    pub fn at(address: &str, timeout: Duration, max_bytes: usize) -> Result<Self, InvalidDocumentUrl> {
        let address = Url::parse(address).map_err(|_| InvalidDocumentUrl::NotAUrl)?;
        match address.scheme() {
            "https" => {}
            "http" if is_loopback(&address) => {}
            _ => return Err(InvalidDocumentUrl::Scheme),
        }
        if !address.username().is_empty() || address.password().is_some() {
            return Err(InvalidDocumentUrl::Credentials);
        }
        let origin = address.origin().ascii_serialization();
        let base: BaseUrl = origin.parse().map_err(|_| InvalidDocumentUrl::NotAUrl)?;
        let options =
            ClientOptions { connect_timeout: timeout, idle_timeout: IDLE_TIMEOUT, ca_file: None, http1_only: true };
        Ok(Self { client: client(&base, options)?, address, timeout, max_bytes })
    }

    /// The origin, which may be shown.
    #[must_use]
    pub fn origin(&self) -> String {
        self.address.origin().ascii_serialization()
    }

    /// Fetches the document.
    ///
    /// # Errors
    ///
    /// See [`FetchFailure`].
    pub async fn fetch(&self) -> Result<Bytes, FetchFailure> {
        self.with_timeout(self.attempt(self.address.clone(), &HeaderMap::new())).await
    }

    /// Fetches another document of the same origin, with additional header fields.
    ///
    /// # Errors
    ///
    /// See [`FetchFailure`]; the URL of another origin is [`CallFailure::Unsendable`].
    pub async fn fetch_same_origin(&self, address: &str, fields: &HeaderMap) -> Result<Bytes, FetchFailure> {
        let address = Url::parse(address).ok().filter(|address| address.origin() == self.address.origin());
        let address = address.ok_or(CallFailure::Unsendable)?;
        self.with_timeout(self.attempt(address, fields)).await
    }

    async fn with_timeout(
        &self,
        attempt: impl Future<Output = Result<Bytes, FetchFailure>>,
    ) -> Result<Bytes, FetchFailure> {
        timeout(self.timeout, attempt).await.unwrap_or(Err(FetchFailure::Call(CallFailure::TimedOut)))
    }

    async fn attempt(&self, address: Url, fields: &HeaderMap) -> Result<Bytes, FetchFailure> {
        let mut request = reqwest::Request::new(Method::GET, address);
        request.headers_mut().extend(fields.clone());
        request.headers_mut().insert(ACCEPT_ENCODING, HeaderValue::from_static("identity"));
        let response = self.client.execute(request).await.map_err(CallFailure::from_client)?;
        if response.status() != StatusCode::OK {
            return Err(FetchFailure::Status(response.status()));
        }
        let mut fields = response.headers().clone();
        let encoded = content::read(reqwest::Body::from(response), self.max_bytes).await?;
        Ok(content::decode(&mut fields, encoded, self.max_bytes)?)
    }
}

// By hand: the query may contain a key.
impl fmt::Debug for RemoteDocument {
    fn fmt(&self, text: &mut fmt::Formatter<'_>) -> fmt::Result {
        text.debug_struct("RemoteDocument").field("origin", &self.origin()).finish_non_exhaustive()
    }
}

fn is_loopback(address: &Url) -> bool {
    match address.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;

    use super::*;

    const LIMIT: usize = 1000;

    fn at(address: &str) -> Result<RemoteDocument, InvalidDocumentUrl> {
        RemoteDocument::at(address, Duration::from_secs(5), LIMIT)
    }

    /// Fetches from a server that answers with `response`; returns the request too.
    async fn fetch_from(response: Vec<u8>) -> (Result<Bytes, FetchFailure>, String) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let document = at(&format!("http://{}/keys?key=a", listener.local_addr().unwrap())).unwrap();
        let served = tokio::spawn(async move {
            let (mut connection, _) = listener.accept().await.unwrap();
            let mut request = vec![0; 4096];
            let length = connection.read(&mut request).await.unwrap();
            let _ = connection.write_all(&response).await;
            request.truncate(length);
            String::from_utf8(request).unwrap()
        });
        let fetched = document.fetch().await;
        (fetched, served.await.unwrap())
    }

    fn response(head: &str, content: &[u8]) -> Vec<u8> {
        let head = format!("HTTP/1.1 {head}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n", content.len());
        [head.as_bytes(), content].concat()
    }

    #[tokio::test]
    async fn the_query_is_part_of_the_request() {
        let (fetched, request) = fetch_from(response("200 OK", b"{}")).await;
        assert_eq!(fetched.unwrap(), "{}");
        assert!(request.starts_with("GET /keys?key=a HTTP/1.1\r\n"), "{request}");
    }

    #[tokio::test]
    async fn a_status_other_than_200_is_a_failure() {
        let elsewhere = "302 Found\r\nlocation: http://127.0.0.1:1/";
        for (head, status) in [(elsewhere, 302), ("404 Not Found", 404), ("204 No Content", 204), ("500 Oh", 500)] {
            let failure = fetch_from(response(head, b"")).await.0.unwrap_err();
            assert!(matches!(failure, FetchFailure::Status(received) if received == status), "{failure}");
        }
    }

    #[tokio::test]
    async fn a_document_beyond_the_limit_is_refused() {
        assert!(fetch_from(response("200 OK", &[b' '; LIMIT])).await.0.is_ok());
        for head in ["200 OK", "200 OK\r\ncontent-encoding: identity"] {
            let failure = fetch_from(response(head, &[b' '; LIMIT + 1])).await.0.unwrap_err();
            assert!(matches!(failure, FetchFailure::Call(CallFailure::TooLarge { limit: LIMIT })), "{failure}");
        }
        let endless = [&b"HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n"[..], &[b' '; LIMIT + 1]].concat();
        let failure = fetch_from(endless).await.0.unwrap_err();
        assert!(matches!(failure, FetchFailure::Call(CallFailure::TooLarge { limit: LIMIT })), "{failure}");
    }

    #[tokio::test(start_paused = true)]
    async fn a_server_that_does_not_respond_times_out() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let document = at(&format!("http://{}/", listener.local_addr().unwrap())).unwrap();
        // Paused time may advance before or after the connection is made.
        let failure = document.fetch().await.unwrap_err();
        let is_timeout = matches!(failure, FetchFailure::Call(CallFailure::TimedOut | CallFailure::Unreachable(_)));
        assert!(is_timeout, "{failure}");
    }

    #[test]
    fn http_is_accepted_for_loopback_addresses_only() {
        for address in ["http://127.0.0.1:1/a", "http://[::1]/a", "http://localhost/a"] {
            assert!(at(address).is_ok(), "{address}");
        }
        for address in ["http://id.example/a", "http://127.0.0.1.example/", "http://192.0.2.1/", "ftp://id.example/"] {
            assert!(matches!(at(address), Err(InvalidDocumentUrl::Scheme)), "{address}");
        }
        assert!(matches!(at("keys.json"), Err(InvalidDocumentUrl::NotAUrl)));
        assert!(matches!(at("https://a:b@id.example/"), Err(InvalidDocumentUrl::Credentials)));
    }

    #[test]
    fn debug_output_shows_only_the_origin() {
        let shown = format!("{:?}", at("http://127.0.0.1:81/keys?api_key=hunter2").unwrap());
        assert!(shown.contains("http://127.0.0.1:81") && !shown.contains("hunter2"), "{shown}");
    }
}
