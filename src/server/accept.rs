//! Accepts connections from a listener, up to a maximum, until the server stops.
//!
//! A connection beyond the maximum gets a 503 and is closed. Only the stop ends the loop: if the process
//! runs out of file descriptors, it waits.

use std::io::{self, Write};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

/// The delay before the next attempt if the system is out of descriptors or memory.
const RETRY_DELAY: Duration = Duration::from_millis(100);

const TOO_MANY_CONNECTIONS: &[u8] = b"HTTP/1.1 503 Service Unavailable\r\nretry-after: 1\r\nconnection: close\r\n\
    content-type: text/plain; charset=utf-8\r\ncontent-length: 30\r\n\r\ntoo many connections are open\n";

/// An accepted connection.
#[derive(Debug)]
pub(super) struct AcceptedConnection {
    pub(super) stream: TcpStream,
    pub(super) peer: SocketAddr,
    pub(super) permit: ConnectionPermit,
}

/// Counts towards the maximum of connections until it is dropped, also after the connection was upgraded.
#[derive(Clone, Debug)]
pub(super) struct ConnectionPermit(#[expect(dead_code, reason = "held, never read")] Arc<OwnedSemaphorePermit>);

/// Passes every connection to `serve`, which must not block.
pub(super) async fn accept(
    listener: TcpListener,
    permits: &Arc<Semaphore>,
    stop: &CancellationToken,
    mut serve: impl FnMut(AcceptedConnection),
) {
    loop {
        let accepted = tokio::select! {
            biased;
            () = stop.cancelled() => return,
            accepted = listener.accept() => accepted,
        };
        match accepted {
            Ok((stream, peer)) => match permits.clone().try_acquire_owned() {
                Ok(permit) => {
                    // Fails only if the connection is closed already, and then reading fails too.
                    let _ = stream.set_nodelay(true);
                    serve(AcceptedConnection { stream, peer, permit: ConnectionPermit(Arc::new(permit)) });
                }
                Err(_) => reject(stream),
            },
            Err(error) if concerns_one_connection(&error) => {}
            Err(error) => {
                tracing::warn!(%error, "cannot accept connections, retrying");
                sleep(RETRY_DELAY).await;
            }
        }
    }
}

/// Best effort: the response fits the empty send buffer, or the caller only sees the connection close.
fn reject(stream: TcpStream) {
    tracing::debug!("connection rejected, max_connections reached");
    if let Ok(mut stream) = stream.into_std() {
        let _ = stream.write_all(TOO_MANY_CONNECTIONS);
    }
}

fn concerns_one_connection(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionReset, Interrupted};
    matches!(error.kind(), ConnectionAborted | ConnectionReset | Interrupted)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rejection_has_the_right_content_length() {
        let text = std::str::from_utf8(TOO_MANY_CONNECTIONS).unwrap();
        let (head, content) = text.split_once("\r\n\r\n").unwrap();
        assert!(head.contains(&format!("content-length: {}", content.len())));
    }
}
