//! A document that is fetched from an address of the config, or from one beside it: one GET, bounded in
//! time and size.
//!
//! Whatever is no plain 200, a redirect among them, is a failure. The query of the address may hold
//! a key, so nothing but the origin is ever shown. No connection is kept: any worker may fetch next.

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
use crate::upstream::client::{ClientOptions, InvalidClient, client};
use crate::upstream::content;
use crate::upstream::failure::CallFailure;

/// A connection is not used again: the worker that drives it may be gone by then.
const IDLE_TIMEOUT: Duration = Duration::from_millis(1);

/// Where a document is, with the limits of fetching it.
pub struct RemoteDocument {
    address: Url,
    client: Client,
    timeout: Duration,
    max_bytes: usize,
}

/// Why a text is no address of a document. Does not repeat the text.
#[derive(Debug, thiserror::Error)]
pub enum InvalidAddress {
    /// It cannot be read as an absolute URL.
    #[error("not an absolute URL")]
    NotAUrl,
    /// The scheme is neither `https`, nor `http` to this machine itself.
    #[error("neither https://, nor http:// to a loopback address")]
    Scheme,
    /// It names a user or a password.
    #[error("the address carries a user or a password")]
    Credentials,
    /// The address is sound, and no client can be made.
    #[error(transparent)]
    Client(#[from] InvalidClient),
}

/// Why there is no document.
#[derive(Debug, thiserror::Error)]
pub enum FetchFailure {
    /// No complete answer.
    #[error(transparent)]
    Call(#[from] CallFailure),
    /// An answer, and no document.
    #[error("the answer has status {0}")]
    Status(StatusCode),
}

// ===== impl RemoteDocument =====

impl RemoteDocument {
    /// Checks an address; connects to nothing yet. `max_bytes` bounds the document as it is sent and
    /// once more as it is decoded.
    ///
    /// # Errors
    ///
    /// See [`InvalidAddress`].
    pub fn at(address: &str, timeout: Duration, max_bytes: usize) -> Result<Self, InvalidAddress> {
        let address = Url::parse(address).map_err(|_| InvalidAddress::NotAUrl)?;
        match address.scheme() {
            "https" => {}
            "http" if is_loopback(&address) => {}
            _ => return Err(InvalidAddress::Scheme),
        }
        if !address.username().is_empty() || address.password().is_some() {
            return Err(InvalidAddress::Credentials);
        }
        let origin = address.origin().ascii_serialization();
        let base: BaseUrl = origin.parse().map_err(|_| InvalidAddress::NotAUrl)?;
        let options =
            ClientOptions { connect_timeout: timeout, idle_timeout: IDLE_TIMEOUT, ca_file: None, http1_only: true };
        Ok(Self { client: client(&base, options)?, address, timeout, max_bytes })
    }

    /// The origin of the address, which can be shown.
    #[must_use]
    pub fn origin(&self) -> String {
        self.address.origin().ascii_serialization()
    }

    /// Fetches the document, within the time and the size it may have.
    ///
    /// # Errors
    ///
    /// See [`FetchFailure`].
    pub async fn fetch(&self) -> Result<Bytes, FetchFailure> {
        self.within_time(self.attempt(self.address.clone(), &HeaderMap::new())).await
    }

    /// Fetches another document of the same origin, with these header fields.
    ///
    /// # Errors
    ///
    /// See [`FetchFailure`]; an address of another origin is [`CallFailure::Unsendable`], and not asked.
    pub async fn fetch_beside(&self, address: &str, fields: &HeaderMap) -> Result<Bytes, FetchFailure> {
        let address = Url::parse(address).ok().filter(|address| address.origin() == self.address.origin());
        let address = address.ok_or(CallFailure::Unsendable)?;
        self.within_time(self.attempt(address, fields)).await
    }

    async fn within_time(
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
        let encoded = content::read(response, self.max_bytes).await?;
        Ok(content::decode(&mut fields, encoded, self.max_bytes)?)
    }
}

// By hand: the query of the address may hold a key.
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

    fn at(address: &str) -> Result<RemoteDocument, InvalidAddress> {
        RemoteDocument::at(address, Duration::from_secs(5), LIMIT)
    }

    /// Answers one connection with these bytes and closes it; what was asked comes back.
    async fn fetched_from(answer: Vec<u8>) -> (Result<Bytes, FetchFailure>, String) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let document = at(&format!("http://{}/keys?key=a", listener.local_addr().unwrap())).unwrap();
        let served = tokio::spawn(async move {
            let (mut connection, _) = listener.accept().await.unwrap();
            let mut asked = vec![0; 4096];
            let length = connection.read(&mut asked).await.unwrap();
            let _ = connection.write_all(&answer).await;
            asked.truncate(length);
            String::from_utf8(asked).unwrap()
        });
        let fetched = document.fetch().await;
        (fetched, served.await.unwrap())
    }

    fn answer(head: &str, content: &[u8]) -> Vec<u8> {
        let head = format!("HTTP/1.1 {head}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n", content.len());
        [head.as_bytes(), content].concat()
    }

    #[tokio::test]
    async fn a_document_is_asked_for_by_its_whole_address() {
        let (fetched, asked) = fetched_from(answer("200 OK", b"{}")).await;
        assert_eq!(fetched.unwrap(), "{}");
        assert!(asked.starts_with("GET /keys?key=a HTTP/1.1\r\n"), "{asked}");
    }

    #[tokio::test]
    async fn what_is_no_plain_success_is_a_failure() {
        let elsewhere = "302 Found\r\nlocation: http://127.0.0.1:1/";
        for (head, status) in [(elsewhere, 302), ("404 Not Found", 404), ("204 No Content", 204), ("500 Oh", 500)] {
            let failure = fetched_from(answer(head, b"")).await.0.unwrap_err();
            assert!(matches!(failure, FetchFailure::Status(told) if told == status), "{failure}");
        }
    }

    #[tokio::test]
    async fn a_document_beyond_the_limit_is_not_read() {
        assert!(fetched_from(answer("200 OK", &[b' '; LIMIT])).await.0.is_ok());
        for head in ["200 OK", "200 OK\r\ncontent-encoding: identity"] {
            let failure = fetched_from(answer(head, &[b' '; LIMIT + 1])).await.0.unwrap_err();
            assert!(matches!(failure, FetchFailure::Call(CallFailure::TooLarge { limit: LIMIT })), "{failure}");
        }
        let endless = [&b"HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n"[..], &[b' '; LIMIT + 1]].concat();
        let failure = fetched_from(endless).await.0.unwrap_err();
        assert!(matches!(failure, FetchFailure::Call(CallFailure::TooLarge { limit: LIMIT })), "{failure}");
    }

    #[tokio::test(start_paused = true)]
    async fn a_document_that_does_not_come_is_given_up() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let document = at(&format!("http://{}/", listener.local_addr().unwrap())).unwrap();
        // Stopped time may pass before the connection is there, or after.
        let failure = document.fetch().await.unwrap_err();
        let given_up = matches!(failure, FetchFailure::Call(CallFailure::TimedOut | CallFailure::Unreachable(_)));
        assert!(given_up, "{failure}");
    }

    #[test]
    fn clear_text_stays_on_this_machine() {
        for address in ["http://127.0.0.1:1/a", "http://[::1]/a", "http://localhost/a"] {
            assert!(at(address).is_ok(), "{address}");
        }
        for address in ["http://id.example/a", "http://127.0.0.1.example/", "http://192.0.2.1/", "ftp://id.example/"] {
            assert!(matches!(at(address), Err(InvalidAddress::Scheme)), "{address}");
        }
        assert!(matches!(at("keys.json"), Err(InvalidAddress::NotAUrl)));
        assert!(matches!(at("https://a:b@id.example/"), Err(InvalidAddress::Credentials)));
    }

    #[test]
    fn only_the_origin_is_shown() {
        let shown = format!("{:?}", at("http://127.0.0.1:81/keys?api_key=hunter2").unwrap());
        assert!(shown.contains("http://127.0.0.1:81") && !shown.contains("hunter2"), "{shown}");
    }
}
