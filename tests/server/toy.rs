//! A gateway that answers a few paths and passes everything else through.

use std::convert::Infallible;
use std::error::Error;
use std::sync::Arc;

use bytes::Bytes;
use http::{Response, request};
use http_body::Body;
use http_body_util::BodyExt;
use passbridge::gateway::handler::{Arrival, Content, EdgeRejection, Handler};
use passbridge::routes::route::RouteName;
use tokio::sync::Semaphore;

/// The gateway, shared with its test.
#[derive(Clone)]
pub(crate) struct Toy {
    /// Gains a permit for every request to `/wait` that has arrived.
    pub(crate) arrived: Arc<Semaphore>,
    /// Each permit releases one request to `/wait`.
    pub(crate) released: Arc<Semaphore>,
}

impl Toy {
    pub(crate) fn new() -> Self {
        Self { arrived: Arc::new(Semaphore::new(0)), released: Arc::new(Semaphore::new(0)) }
    }

    pub(crate) fn build(&self) -> impl Fn() -> Result<Self, Infallible> + Send + Sync + 'static {
        let toy = self.clone();
        move || Ok(toy.clone())
    }

    /// Waits for one more request to `/wait`.
    pub(crate) async fn arrival(&self) {
        super::rig::within(self.arrived.acquire()).await.unwrap().forget();
    }
}

impl Handler for Toy {
    async fn handle<B>(
        &self,
        head: &request::Parts,
        arrival: &Arrival,
        _: Option<&str>,
        content: &mut Content<B>,
    ) -> Option<Response<Bytes>>
    where
        B: Body<Data = Bytes> + Send + Unpin,
        B::Error: Into<Box<dyn Error + Send + Sync>>,
    {
        match head.uri.path() {
            "/hello" => answered("hello"),
            "/named" => {
                let mut response = Response::new(Bytes::from_static(b"named"));
                response.extensions_mut().insert(RouteName("ios_app login.begin".into()));
                Some(response)
            }
            "/who" => answered(format!(
                "{} {}",
                arrival.peer.address.map_or_else(String::new, |address| address.to_string()),
                arrival.id.as_str()
            )),
            "/echo" => answered(read(content).await.unwrap_or_else(|error| format!("error: {error}").into())),
            "/panic" => panic!("the toy panics when asked to"),
            "/wait" => {
                self.arrived.add_permits(1);
                self.released.acquire().await.unwrap().forget();
                answered("waited")
            }
            path if path.starts_with("/read/") => {
                *content = Content::Read(read(content).await.unwrap());
                None
            }
            _ => None,
        }
    }

    fn reject(&self, head: &request::Parts, _: &Arrival, rejection: EdgeRejection) -> Option<Response<Bytes>> {
        (head.uri.path() == "/enveloped")
            .then(|| Response::builder().status(418).body(format!("{{\"refused\":\"{rejection:?}\"}}").into()).unwrap())
    }
}

async fn read<B>(content: &mut Content<B>) -> Result<Bytes, Box<dyn Error + Send + Sync>>
where
    B: Body<Data = Bytes> + Send + Unpin,
    B::Error: Into<Box<dyn Error + Send + Sync>>,
{
    match content {
        Content::Read(content) => Ok(content.clone()),
        Content::Unread(body) => Ok(body.collect().await.map_err(Into::into)?.to_bytes()),
    }
}

fn answered(text: impl Into<Bytes>) -> Option<Response<Bytes>> {
    Some(Response::new(text.into()))
}
