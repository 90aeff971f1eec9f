//! An upstream that breaks HTTP itself.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex};

use tokio::sync::watch;

use super::peer::Origin;
use super::wire::Wire;
use super::within;

/// A listener that handles every connection with the current reaction.
pub struct Rogue {
    origin: Origin,
    shared: Arc<Shared>,
}

struct Shared {
    does: Mutex<Reaction>,
    requests: watch::Sender<Vec<String>>,
}

/// What happens after a request was read.
#[derive(Clone, Debug)]
pub enum Reaction {
    /// These bytes are sent, and the connection is closed.
    Sends(Vec<u8>),
    /// These bytes are sent, and nothing more happens.
    SendsAndHangs(Vec<u8>),
    /// These bytes are sent, and the connection is reset.
    SendsAndResets(Vec<u8>),
    /// The first bytes are sent, and then the others repeatedly until the peer disconnects.
    Floods(Vec<u8>, Vec<u8>),
}

// ===== impl Reaction =====

impl Reaction {
    pub fn sends(bytes: impl AsRef<[u8]>) -> Self {
        Self::Sends(bytes.as_ref().to_vec())
    }

    /// A complete response with this content.
    pub fn answers(content: impl AsRef<[u8]>) -> Self {
        Self::Sends(answer("", content.as_ref()))
    }

    /// The same with more header fields, each ended.
    pub fn answers_with(fields: &str, content: impl AsRef<[u8]>) -> Self {
        Self::Sends(answer(fields, content.as_ref()))
    }

    async fn do_to(self, mut wire: Wire) {
        match self {
            Self::Sends(bytes) => wire.send(bytes).await,
            Self::SendsAndHangs(bytes) => {
                wire.send(bytes).await;
                wire.is_closed().await;
            }
            Self::SendsAndResets(bytes) => {
                wire.send(bytes).await;
                wire.reset();
            }
            Self::Floods(first, others) => {
                wire.send(first).await;
                while wire.try_send(&others).await {}
            }
        }
    }
}

fn answer(fields: &str, content: &[u8]) -> Vec<u8> {
    let length = content.len();
    let head = format!("HTTP/1.1 200 OK\r\nconnection: close\r\n{fields}content-length: {length}\r\n\r\n");
    [head.as_bytes(), content].concat()
}

// ===== impl Rogue =====

impl Rogue {
    pub async fn start(does: Reaction) -> Self {
        Self::start_at(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)), does).await
    }

    pub async fn start_at(address: SocketAddr, does: Reaction) -> Self {
        let shared = Arc::new(Shared { does: Mutex::new(does), requests: watch::Sender::new(Vec::new()) });
        let serving = shared.clone();
        let origin = Origin::start_at(address, move |stream| serve(Wire::new(stream), serving.clone())).await;
        Self { origin, shared }
    }

    /// Answers each request with these bytes and closes.
    pub async fn sending(bytes: impl AsRef<[u8]>) -> Self {
        Self::start(Reaction::sends(bytes)).await
    }

    /// Closes the listener and returns its address.
    pub async fn stop(self) -> SocketAddr {
        self.origin.stop().await
    }

    /// Sets the reaction.
    pub fn does(&self, reaction: Reaction) {
        *self.shared.does.lock().unwrap() = reaction;
    }

    pub fn base_url(&self) -> String {
        self.origin.url()
    }

    /// The complete requests that arrived.
    pub fn requests(&self) -> Vec<String> {
        self.shared.requests.borrow().clone()
    }

    pub async fn wait_for(&self, count: usize) {
        within(self.shared.requests.subscribe().wait_for(|seen| seen.len() >= count)).await.unwrap();
    }
}

async fn serve(mut wire: Wire, shared: Arc<Shared>) {
    let Some(request) = wire.request().await else { return };
    shared.requests.send_modify(|requests| requests.push(request));
    let reaction = shared.does.lock().unwrap().clone();
    reaction.do_to(wire).await;
}
