//! The sixth provider imitated over HTTP on loopback: it holds every request against its schema,
//! checks the credentials, and answers as documented.
//!
//! A request that is not as documented fails the test when the imitation is dropped.

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

use crate::sixth_provider::kelpie;
use kit::message::{Request, Response};

/// The provider.
pub(crate) struct Imitation {
    pub(crate) address: SocketAddr,
    shared: Arc<Shared>,
}

struct Shared {
    key: &'static str,
    /// What each operation is answered instead of what is documented.
    script: Mutex<Vec<(&'static str, Response)>>,
    seen: Mutex<Vec<(&'static str, Request)>>,
    violations: Mutex<Vec<String>>,
}

// ===== impl Imitation =====

impl Imitation {
    /// A provider that knows one API key.
    pub(crate) async fn start(key: &'static str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let shared =
            Arc::new(Shared { key, script: Mutex::default(), seen: Mutex::default(), violations: Mutex::default() });
        tokio::spawn(serve(listener, shared.clone()));
        Self { address, shared }
    }

    /// `[upstreams.new]` for it; `set` are members it is always given.
    pub(crate) fn upstream(&self, set: &str) -> String {
        let address = self.address;
        format!("[upstreams.new]\nprovider = \"kelpie\"\nbase_url = \"http://{address}\"\n[upstreams.new.set]\n{set}\n")
    }

    /// From now on the operation is answered with this.
    pub(crate) fn answers(&self, operation: &'static str, response: Response) {
        self.shared.script.lock().unwrap().push((operation, response));
    }

    /// The one request of an operation.
    #[track_caller]
    pub(crate) fn only(&self, operation: &str) -> Request {
        let seen = self.shared.seen.lock().unwrap();
        let requests: Vec<_> = seen.iter().filter(|(name, _)| *name == operation).collect();
        assert_eq!(requests.len(), 1, "requests of {operation}");
        requests[0].1.clone()
    }
}

impl Drop for Imitation {
    fn drop(&mut self) {
        let violations = self.shared.violations.lock().unwrap();
        if !std::thread::panicking() {
            assert!(violations.is_empty(), "what arrived: {violations:#?}");
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
    let (head, body) = request.into_parts();
    let content = body.collect().await.map(|whole| whole.to_bytes().to_vec()).unwrap_or_default();
    let field = |(name, value): (&http::HeaderName, &http::HeaderValue)| {
        (name.to_string(), String::from_utf8_lossy(value.as_bytes()).into_owned())
    };
    let fields = head.headers.iter().map(field).collect();
    let request = Request { method: head.method.to_string(), target: head.uri.to_string(), fields, content };
    let response = shared.answer(request);
    let mut answer = hyper::Response::builder().status(response.status);
    for (name, value) in &response.fields {
        answer = answer.header(name, value);
    }
    Ok(answer.body(Full::new(response.content.into())).unwrap())
}

/// Which operation a request is, by the provider's documents.
fn operation(request: &Request) -> Option<&'static str> {
    let segments: Vec<_> = request.path().split('/').skip(1).collect();
    Some(match (request.method.as_str(), &segments[..]) {
        ("POST", ["v3", "realms", _, "users", _, "logins"]) => "login.begin",
        ("PUT", ["v3", "logins"]) => "login.finish",
        ("POST", ["v3", "me", "passkeys"]) => "registration.begin",
        ("PUT", ["v3", "me", "passkeys"]) => "registration.finish",
        ("GET", ["v3", "me", "passkeys"]) => "credentials.list",
        ("DELETE", ["v3", "me", "passkeys", _]) => "credentials.delete",
        _ => return None,
    })
}

// ===== impl Shared =====

impl Shared {
    fn answer(&self, request: Request) -> Response {
        let Some(operation) = operation(&request) else {
            let told = format!("{} {} is not documented", request.method, request.target);
            self.violations.lock().unwrap().push(told);
            return Response::json(404, "{}");
        };
        self.violations.lock().unwrap().extend(kelpie::violations_of(operation, &request));
        let is_known = request.field("x-kelpie-key").is_none_or(|key| key == self.key);
        self.seen.lock().unwrap().push((operation, request));
        if !is_known {
            return kelpie::response("4010_key.fault");
        }
        let script = self.script.lock().unwrap();
        match script.iter().rev().find(|(name, _)| *name == operation) {
            Some((_, response)) => response.clone(),
            None if operation == "login.finish" => self.signed_in(),
            None => kelpie::response(&format!("{operation}.response")),
        }
    }

    /// The documented answer to a finish, for the user of the begin.
    fn signed_in(&self) -> Response {
        let seen = self.seen.lock().unwrap();
        let (_, begin) = seen.iter().rev().find(|(name, _)| *name == "login.begin").unwrap();
        let user = begin.path().split('/').nth(5).unwrap().replace("%40", "@");
        let documented = kelpie::response("login.finish.response").replacing("user@example.com", &user);
        documented.replacing("2025-01-01T01:00", "2099-01-01T01:00")
    }
}
