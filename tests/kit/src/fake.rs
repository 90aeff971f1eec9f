//! A provider imitated over HTTP/1.1 on loopback: it holds every request against its schema, checks
//! the credentials, and answers as documented, or as the test says.
//!
//! A request that breaks its schema, or that is no documented operation, fails the test when the
//! imitation is dropped.

use std::collections::HashMap;
use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;
use tokio::sync::{Semaphore, watch};

use super::config::{Credentials, OURS};
use super::contract::request_violations;
use super::message::{Request, Response};
use super::provider::Provider;
use super::within;

/// An imitated provider.
pub struct Fake {
    pub provider: Provider,
    pub address: SocketAddr,
    shared: Arc<Shared>,
}

struct Shared {
    provider: Provider,
    credentials: Credentials,
    script: Mutex<HashMap<String, Behaviour>>,
    seen: watch::Sender<Vec<Seen>>,
    violations: Mutex<Vec<String>>,
}

/// A request that arrived.
#[derive(Clone, Debug)]
pub struct Seen {
    pub operation: String,
    pub request: Request,
}

/// What an operation does instead of what is documented.
#[derive(Clone)]
enum Behaviour {
    Answers(Response),
    /// Answers as documented once there is a permit.
    Waits(Arc<Semaphore>),
}

// ===== impl Fake =====

impl Fake {
    /// A provider that knows the gateway's own credentials.
    pub async fn start(provider: Provider) -> Self {
        Self::start_knowing(provider, OURS).await
    }

    pub async fn start_knowing(provider: Provider, credentials: Credentials) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let shared = Arc::new(Shared {
            provider,
            credentials,
            script: Mutex::default(),
            seen: watch::Sender::new(Vec::new()),
            violations: Mutex::default(),
        });
        tokio::spawn(serve(listener, shared.clone()));
        Self { provider, address, shared }
    }

    /// Where its documented paths begin.
    pub fn base_url(&self) -> String {
        format!("http://{}{}", self.address, self.provider.prefix())
    }

    /// From now on the operation is answered with this.
    pub fn answers(&self, operation: &str, response: Response) {
        self.set(operation, Behaviour::Answers(response));
    }

    /// From now on the operation is answered with this documented refusal.
    pub fn refuses(&self, operation: &str, fault: &str) {
        self.answers(operation, Response::fixture(self.provider, &format!("{fault}.fault")));
    }

    /// From now on the operation waits for a permit before it answers.
    pub fn waits(&self, operation: &str) -> Arc<Semaphore> {
        let permits = Arc::new(Semaphore::new(0));
        self.set(operation, Behaviour::Waits(permits.clone()));
        permits
    }

    /// From now on the operation never answers.
    pub fn hangs(&self, operation: &str) {
        self.waits(operation);
    }

    fn set(&self, operation: &str, behaviour: Behaviour) {
        self.shared.script.lock().unwrap().insert(operation.to_owned(), behaviour);
    }

    /// The requests of an operation, as they arrived.
    pub fn requests(&self, operation: &str) -> Vec<Request> {
        let seen = self.shared.seen.borrow();
        seen.iter().filter(|seen| seen.operation == operation).map(|seen| seen.request.clone()).collect()
    }

    /// The one request of an operation.
    #[track_caller]
    pub fn only(&self, operation: &str) -> Request {
        let mut requests = self.requests(operation);
        assert_eq!(requests.len(), 1, "requests of {operation} at {}", self.provider.id());
        requests.remove(0)
    }

    /// Waits until that many requests have arrived, of whatever operation.
    pub async fn saw(&self, count: usize) {
        within(self.shared.seen.subscribe().wait_for(|seen| seen.len() >= count)).await.unwrap();
    }
}

impl Drop for Fake {
    fn drop(&mut self) {
        let violations = self.shared.violations.lock().unwrap();
        if !std::thread::panicking() {
            assert!(violations.is_empty(), "what arrived at {}: {violations:#?}", self.provider.id());
        }
    }
}

async fn serve(listener: TcpListener, shared: Arc<Shared>) {
    while let Ok((stream, _)) = listener.accept().await {
        let shared = shared.clone();
        tokio::spawn(async move {
            let service = service_fn(|request| answer(shared.clone(), request));
            // A caller that goes away in the middle is a test's own business.
            let _ = http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
        });
    }
}

async fn answer(
    shared: Arc<Shared>,
    request: hyper::Request<Incoming>,
) -> Result<hyper::Response<Full<Bytes>>, Infallible> {
    let request = received(request).await;
    let operation = shared.provider.operation(&request);
    shared.judge(operation, &request);
    let operation = operation.unwrap_or_default().to_owned();
    let is_known = shared.credentials.are_in(shared.provider, &operation, &request);
    let behaviour = shared.script.lock().unwrap().get(&operation).cloned();
    shared.seen.send_modify(|seen| seen.push(Seen { operation: operation.clone(), request }));
    let response = match behaviour {
        _ if !is_known => refused(shared.provider, &operation),
        Some(Behaviour::Answers(response)) => response,
        Some(Behaviour::Waits(permits)) => {
            permits.acquire().await.unwrap().forget();
            documented(shared.provider, &operation)
        }
        None => documented(shared.provider, &operation),
    };
    let mut answer = hyper::Response::builder().status(response.status);
    for (name, value) in &response.fields {
        answer = answer.header(name, value);
    }
    Ok(answer.body(Full::new(response.content.into())).unwrap())
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

/// The documented answer; a begin has a challenge of its own each time.
fn documented(provider: Provider, operation: &str) -> Response {
    match operation {
        "" => Response::json(404, "{}"),
        "login.begin" => provider.options_with(uuid::Uuid::new_v4().as_bytes()),
        operation => Response::fixture(provider, &format!("{operation}.response")),
    }
}

/// What the provider says to credentials it does not know.
fn refused(provider: Provider, operation: &str) -> Response {
    match (provider, operation.split_once('.')) {
        (Provider::Quiva, _) => Response::fixture(provider, "401_api_key.fault"),
        (Provider::Flashback, _) => Response::json(401, r#"{"success":false,"error":"Unauthorized"}"#),
        (Provider::Streambird, _) => Response::fixture(provider, "401_unauthorized.fault"),
        (Provider::Auth0, Some(("login" | "signup" | "session", _))) => {
            Response::fixture(provider, "401_invalid_client.fault")
        }
        (Provider::Auth0, _) => Response::fixture(provider, "401_me_problem.fault"),
        (Provider::Apifox, _) => Response::fixture(provider, "401_login_required.fault"),
    }
}

// ===== impl Shared =====

impl Shared {
    fn judge(&self, operation: Option<&str>, request: &Request) {
        let found = match operation {
            Some(operation) => request_violations(self.provider, operation, request),
            None => vec![format!("{} {} is not documented", request.method, request.target)],
        };
        self.violations.lock().unwrap().extend(found);
    }
}
