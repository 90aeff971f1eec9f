//! An imitated provider: it validates every request against its schema, checks the credentials, and sends the
//! documented response or the one that the test sets.
//!
//! A request that violates its schema or is not a documented operation fails the test when the imitation is dropped.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use tokio::sync::{Semaphore, watch};

use super::config::{Credentials, OURS};
use super::contract::request_violations;
use super::message::{Request, Response};
use super::peer::Origin;
use super::provider::Provider;
use super::within;

/// The documented behaviour of a provider.
pub trait Documents: Copy + Send + Sync + 'static {
    fn id(self) -> &'static str;
    /// The path in front of all documented paths.
    fn prefix(self) -> &'static str {
        ""
    }
    fn operation(self, request: &Request) -> Option<&'static str>;
    /// How a request violates its schema.
    fn violations(self, operation: &str, request: &Request) -> Vec<String>;
    /// Whether these credentials are in a request.
    fn knows(self, credentials: &Credentials, operation: &str, request: &Request) -> bool;
    /// The documented response, given all requests so far.
    fn answer(self, operation: &str, seen: &[Seen]) -> Response;
    /// The response to unknown credentials.
    fn unauthorized(self, operation: &str) -> Response;
}

/// An imitated provider.
pub struct Fake<D: Documents = Provider> {
    pub provider: D,
    pub address: SocketAddr,
    shared: Arc<Shared>,
}

struct Shared {
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

/// The behaviour of an operation instead of the documented one.
#[derive(Clone)]
enum Behaviour {
    Answers(Response),
    /// Answers as documented once there is a permit.
    Waits(Arc<Semaphore>),
}

// ===== impl Fake =====

impl<D: Documents> Fake<D> {
    /// A provider that knows the gateway's own credentials.
    pub async fn start(provider: D) -> Self {
        Self::start_knowing(provider, OURS).await
    }

    pub async fn start_knowing(provider: D, credentials: Credentials) -> Self {
        let shared = Arc::new(Shared {
            credentials,
            script: Mutex::default(),
            seen: watch::Sender::new(Vec::new()),
            violations: Mutex::default(),
        });
        let serving = shared.clone();
        let origin = Origin::answering(move |request| answer(provider, serving.clone(), request)).await;
        Self { provider, address: origin.address, shared }
    }

    /// Where its documented paths begin.
    pub fn base_url(&self) -> String {
        format!("http://{}{}", self.address, self.provider.prefix())
    }

    /// From now on the operation gets this response.
    pub fn answers(&self, operation: &str, response: Response) {
        self.set(operation, Behaviour::Answers(response));
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

    /// Waits until that many requests of any operation have arrived.
    pub async fn wait_for(&self, count: usize) {
        within(self.shared.seen.subscribe().wait_for(|seen| seen.len() >= count)).await.unwrap();
    }
}

impl Fake {
    /// From now on the operation gets this documented fault.
    pub fn refuses(&self, operation: &str, fault: &str) {
        self.answers(operation, Response::fixture(self.provider, &format!("{fault}.fault")));
    }
}

impl<D: Documents> Drop for Fake<D> {
    fn drop(&mut self) {
        let violations = self.shared.violations.lock().unwrap();
        if !std::thread::panicking() {
            assert!(violations.is_empty(), "what arrived at {}: {violations:#?}", self.provider.id());
        }
    }
}

async fn answer<D: Documents>(provider: D, shared: Arc<Shared>, request: Request) -> Response {
    let Some(operation) = provider.operation(&request) else {
        let violation = format!("{} {} is not documented", request.method, request.target);
        shared.violations.lock().unwrap().push(violation);
        return Response::json(404, "{}");
    };
    shared.violations.lock().unwrap().extend(provider.violations(operation, &request));
    let is_known = provider.knows(&shared.credentials, operation, &request);
    let behaviour = shared.script.lock().unwrap().get(operation).cloned();
    shared.seen.send_modify(|seen| seen.push(Seen { operation: operation.to_owned(), request }));
    match behaviour {
        _ if !is_known => return provider.unauthorized(operation),
        Some(Behaviour::Answers(response)) => return response,
        Some(Behaviour::Waits(permits)) => permits.acquire().await.unwrap().forget(),
        None => {}
    }
    provider.answer(operation, &shared.seen.borrow())
}

impl Documents for Provider {
    fn id(self) -> &'static str {
        self.id()
    }

    fn prefix(self) -> &'static str {
        self.prefix()
    }

    fn operation(self, request: &Request) -> Option<&'static str> {
        self.operation(request)
    }

    fn violations(self, operation: &str, request: &Request) -> Vec<String> {
        request_violations(self, operation, request)
    }

    fn knows(self, credentials: &Credentials, operation: &str, request: &Request) -> bool {
        credentials.are_in(self, operation, request)
    }

    /// A begin has a new challenge each time.
    fn answer(self, operation: &str, _: &[Seen]) -> Response {
        match operation {
            "login.begin" => self.options_with(uuid::Uuid::new_v4().as_bytes()),
            operation => Response::fixture(self, &format!("{operation}.response")),
        }
    }

    fn unauthorized(self, operation: &str) -> Response {
        match (self, operation.split_once('.')) {
            (Self::Quiva, _) => Response::fixture(self, "401_api_key.fault"),
            (Self::Flashback, _) => Response::json(401, r#"{"success":false,"error":"Unauthorized"}"#),
            (Self::Streambird, _) => Response::fixture(self, "401_unauthorized.fault"),
            (Self::Auth0, Some(("login" | "signup" | "session", _))) => {
                Response::fixture(self, "401_invalid_client.fault")
            }
            (Self::Auth0, _) => Response::fixture(self, "401_me_problem.fault"),
            (Self::Apifox, _) => Response::fixture(self, "401_login_required.fault"),
        }
    }
}
