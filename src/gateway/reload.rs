//! A gateway that is replaced while it runs, when the config is reloaded.
//!
//! Requests in progress continue with the gateway they started with. Ceremonies are finished under the config that
//! began them.

use std::error::Error;
use std::sync::{Arc, PoisonError, RwLock};

use bytes::Bytes;
use http::{Response, request};
use http_body::Body;

use crate::gateway::Gateway;
use crate::gateway::handler::{Arrival, Content, EdgeRejection, Handler};

/// The current gateway of one worker thread. Clones share it.
#[derive(Clone, Debug)]
pub struct Reloadable(Arc<RwLock<Arc<Gateway>>>);

impl Reloadable {
    /// A reloadable gateway.
    pub fn new(gateway: Gateway) -> Self {
        Self(Arc::new(RwLock::new(Arc::new(gateway))))
    }

    /// Replaces the gateway.
    pub fn replace(&self, gateway: Gateway) {
        let mut current = self.0.write().unwrap_or_else(PoisonError::into_inner);
        *current = Arc::new(gateway.replacing(&current));
    }

    /// The current gateway.
    pub(crate) fn current(&self) -> Arc<Gateway> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Handler for Reloadable {
    async fn handle<B>(
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
        self.current().handle(head, arrival, host, content).await
    }

    fn reject(&self, head: &request::Parts, arrival: &Arrival, rejection: EdgeRejection) -> Option<Response<Bytes>> {
        self.current().reject(head, arrival, rejection)
    }
}
