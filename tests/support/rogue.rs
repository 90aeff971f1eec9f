//! An upstream that misbehaves in bytes, where HTTP itself is broken or lied about.

use std::net::SocketAddr;
use std::sync::Arc;

use tokio::net::TcpListener;
use tokio::sync::watch;

use super::wire::Wire;
use super::within;

/// A listener that does the same to every connection.
pub(crate) struct Rogue {
    pub(crate) address: SocketAddr,
    requests: Arc<watch::Sender<Vec<String>>>,
}

// ===== impl Rogue =====

impl Rogue {
    /// Reads each request and then does `then` with the connection.
    pub(crate) async fn start<F, T>(then: F) -> Self
    where
        F: Fn(Wire) -> T + Clone + Send + 'static,
        T: Future<Output = ()> + Send,
    {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let requests = Arc::new(watch::Sender::new(Vec::new()));
        let seen = requests.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (then, seen) = (then.clone(), seen.clone());
                tokio::spawn(async move {
                    let mut wire = Wire::new(stream);
                    if let Some(request) = wire.request().await {
                        seen.send_modify(|requests| requests.push(request));
                        then(wire).await;
                    }
                });
            }
        });
        Self { address, requests }
    }

    /// Answers each request with these bytes and closes.
    pub(crate) async fn saying(bytes: impl Into<Vec<u8>>) -> Self {
        let bytes: Arc<[u8]> = bytes.into().into();
        Self::start(move |mut wire| {
            let bytes = bytes.clone();
            async move { wire.send(&bytes).await }
        })
        .await
    }

    pub(crate) fn base_url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The requests that arrived, whole.
    pub(crate) fn requests(&self) -> Vec<String> {
        self.requests.borrow().clone()
    }

    pub(crate) async fn saw(&self, count: usize) {
        within(self.requests.subscribe().wait_for(|seen| seen.len() >= count)).await.unwrap();
    }
}
