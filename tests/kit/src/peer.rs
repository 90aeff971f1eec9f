//! The other side of a connection: servers on loopback whose behaviour a test sets.

use std::convert::Infallible;
use std::future::Future;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{JoinHandle, JoinSet};

use super::message::{Request, Response};
use super::wire::Wire;

/// A server that runs a function for every connection.
pub struct Origin {
    pub address: SocketAddr,
    accepted: Arc<AtomicUsize>,
    accepting: JoinHandle<()>,
}

// ===== impl Origin =====

impl Origin {
    pub async fn start<F>(serve: impl Fn(Wire) -> F + Send + 'static) -> Self
    where
        F: Future<Output = ()> + Send + 'static,
    {
        Self::start_at(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)), move |stream| serve(Wire::new(stream))).await
    }

    pub async fn start_at<F>(address: SocketAddr, serve: impl Fn(TcpStream) -> F + Send + 'static) -> Self
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let listener = TcpListener::bind(address).await.unwrap();
        let address = listener.local_addr().unwrap();
        let accepted = Arc::new(AtomicUsize::new(0));
        let count = accepted.clone();
        let accepting = tokio::spawn(async move {
            let mut connections = JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                count.fetch_add(1, Ordering::SeqCst);
                connections.spawn(serve(stream));
            }
        });
        Self { address, accepted, accepting }
    }

    /// Answers requests with HTTP/1.1 messages. A caller that disconnects early is not an error.
    pub async fn answering<F>(answer: impl Fn(Request) -> F + Clone + Send + Sync + 'static) -> Self
    where
        F: Future<Output = Response> + Send + 'static,
    {
        Self::start_at(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)), move |stream| {
            let answer = answer.clone();
            async move {
                let service = service_fn(|request| {
                    let answer = answer.clone();
                    async move { Ok::<_, Infallible>(sent(answer(received(request).await).await)) }
                });
                let _ = http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
            }
        })
        .await
    }

    /// Sends the same bytes after every head.
    pub async fn sending(reply: &'static str) -> Self {
        Self::start(move |mut wire| async move {
            while wire.try_head().await.is_some() {
                wire.send(reply).await;
            }
        })
        .await
    }

    /// Answers every request with its head.
    pub async fn mirror() -> Self {
        Self::start(|mut wire| async move {
            while let Some(head) = wire.try_head().await {
                let length = head.len();
                wire.send(&format!("HTTP/1.1 200 OK\r\ncontent-length: {length}\r\n\r\n{head}")).await;
            }
        })
        .await
    }

    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// How many connections were accepted.
    pub fn accepted(&self) -> usize {
        self.accepted.load(Ordering::SeqCst)
    }

    /// Closes the listener and every connection, and returns the address.
    pub async fn stop(mut self) -> SocketAddr {
        self.switch_off();
        let _ = (&mut self.accepting).await;
        self.address
    }

    pub fn switch_off(&self) {
        self.accepting.abort();
    }
}

async fn received(request: hyper::Request<Incoming>) -> Request {
    let (head, body) = request.into_parts();
    let content = body.collect().await.map(|whole| whole.to_bytes().to_vec()).unwrap_or_default();
    let field = |(name, value): (&http::HeaderName, &http::HeaderValue)| {
        (name.to_string(), String::from_utf8_lossy(value.as_bytes()).into_owned())
    };
    let fields = head.headers.iter().map(field).collect();
    Request { method: head.method.to_string(), target: head.uri.to_string(), fields, content }
}

fn sent(response: Response) -> hyper::Response<Full<Bytes>> {
    let mut answer = hyper::Response::builder().status(response.status);
    for (name, value) in &response.fields {
        answer = answer.header(name, value);
    }
    answer.body(Full::new(response.content.into())).unwrap()
}
