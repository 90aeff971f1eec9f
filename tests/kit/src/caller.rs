//! A caller that sends well-formed HTTP/1.1 and reads whole responses.
//!
//! Malformed requests need a [`Wire`](super::wire::Wire).

use std::net::SocketAddr;

use reqwest::Client;
use reqwest::redirect::Policy;

use super::message::{Request, Response};
use super::within;

/// A caller of one address.
#[derive(Clone, Debug)]
pub struct Caller {
    address: SocketAddr,
    client: Client,
}

// ===== impl Caller =====

impl Caller {
    pub fn of(address: SocketAddr) -> Self {
        let client = Client::builder().no_proxy().redirect(Policy::none()).tls_certs_only([]).build().unwrap();
        Self { address, client }
    }

    pub async fn ask(&self, request: &Request) -> Response {
        within(self.send(request)).await.unwrap_or_else(|error| panic!("{error:?}\n{request:?}"))
    }

    async fn send(&self, request: &Request) -> Result<Response, reqwest::Error> {
        let method = request.method.parse().expect("a test's method");
        let mut builder = self.client.request(method, format!("http://{}{}", self.address, request.target));
        for (name, value) in &request.fields {
            builder = builder.header(name, value);
        }
        if !request.content.is_empty() {
            builder = builder.body(request.content.clone());
        }
        let answer = builder.send().await?;
        let status = answer.status().as_u16();
        let field = |(name, value): (&http::HeaderName, &http::HeaderValue)| {
            (name.to_string(), String::from_utf8_lossy(value.as_bytes()).into_owned())
        };
        let fields = answer.headers().iter().map(field).collect();
        Ok(Response { status, fields, content: answer.bytes().await?.to_vec() })
    }
}
