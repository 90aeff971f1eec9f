//! A relay between the gateway and its database that limits connections and can stall them. A starting
//! gateway queries its database while the test waits for it, so such a test needs a second thread.

use std::net::SocketAddr;
use std::sync::Arc;

use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};

/// The relay.
pub(crate) struct Relay {
    pub(crate) address: SocketAddr,
    places: Arc<Semaphore>,
    silence: watch::Sender<()>,
}

impl Relay {
    /// A relay to this port without a limit.
    pub(crate) async fn start(port: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (places, silence) = (Arc::new(Semaphore::new(Semaphore::MAX_PERMITS)), watch::Sender::new(()));
        let (free, silenced) = (places.clone(), silence.subscribe());
        tokio::spawn(async move {
            while let Ok((connection, _)) = listener.accept().await {
                tokio::spawn(pass(connection, port, free.clone(), silenced.clone()));
            }
        });
        Self { address, places, silence }
    }

    /// Accepts that many more connections in order from now on; the others wait.
    pub(crate) fn accepts_more(&self, connections: usize) {
        self.places.forget_permits(Semaphore::MAX_PERMITS);
        self.places.add_permits(connections);
    }

    /// Stops forwarding on open connections and keeps them open.
    pub(crate) fn stalls(&self) {
        self.silence.send_replace(());
    }
}

async fn pass(mut connection: TcpStream, port: u16, places: Arc<Semaphore>, mut silenced: watch::Receiver<()>) {
    places.acquire().await.unwrap().forget();
    let mut server = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
    // Without this, a query in several small packets waits for acknowledgements.
    connection.set_nodelay(true).unwrap();
    server.set_nodelay(true).unwrap();
    silenced.mark_unchanged();
    tokio::select! {
        // Either side may end it.
        _ = copy_bidirectional(&mut connection, &mut server) => {}
        _ = silenced.changed() => std::future::pending().await,
    }
}
