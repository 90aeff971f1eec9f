//! A gateway that can be replaced while it runs, when the config is loaded anew.
//!
//! What is under way goes on with the gateway it came to; what was begun is finished by the config it
//! was begun under.

use std::error::Error;
use std::sync::{Arc, PoisonError, RwLock};

use bytes::Bytes;
use http::{Response, request};
use http_body::Body;

use crate::gateway::handler::{Arrival, Content, Handler, Refusal};
use crate::gateway::pipeline::Gateway;

/// One worker's gateway of the moment. Clones are the same one.
#[derive(Clone, Debug)]
pub struct Reloadable(Arc<RwLock<Arc<Gateway>>>);

impl Reloadable {
    /// Starts with a gateway.
    pub fn new(gateway: Gateway) -> Self {
        Self(Arc::new(RwLock::new(Arc::new(gateway))))
    }

    /// Goes on with another one.
    pub fn replace(&self, gateway: Gateway) {
        let mut current = self.0.write().unwrap_or_else(PoisonError::into_inner);
        *current = Arc::new(gateway.after(&current));
    }

    /// The gateway of this moment.
    pub(crate) fn current(&self) -> Arc<Gateway> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Handler for Reloadable {
    async fn exchange<B>(
        &self,
        head: &request::Parts,
        arrival: &Arrival,
        host: Option<&str>,
        content: &mut Content<B>,
    ) -> Option<Response<Bytes>>
    where
        B: Body<Data = Bytes> + Send + Unpin,
        B::Error: Into<Box<dyn Error + Send + Sync>>,
    {
        self.current().exchange(head, arrival, host, content).await
    }

    fn refuse(&self, head: &request::Parts, arrival: &Arrival, refusal: Refusal) -> Option<Response<Bytes>> {
        self.current().refuse(head, arrival, refusal)
    }
}
