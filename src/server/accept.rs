//! Takes connections from a listener until told to stop, no more than there are places.
//!
//! A connection too many is told so and closed; running out of descriptors is waited out. Nothing here
//! ends the loop but the stop.

use std::io::{self, Write};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

/// How long to leave the listener alone when the system has no descriptor or memory left.
const EXHAUSTED: Duration = Duration::from_millis(100);

const FULL: &[u8] = b"HTTP/1.1 503 Service Unavailable\r\nretry-after: 1\r\nconnection: close\r\n\
    content-type: text/plain; charset=utf-8\r\ncontent-length: 30\r\n\r\ntoo many connections are open\n";

/// A connection with its place among all connections.
#[derive(Debug)]
pub(super) struct Accepted {
    pub(super) stream: TcpStream,
    pub(super) peer: SocketAddr,
    pub(super) place: Place,
}

/// A connection's place, kept by whoever holds the socket, also once it has left HTTP.
#[derive(Clone, Debug)]
pub(super) struct Place(#[expect(dead_code, reason = "held, never read")] Arc<OwnedSemaphorePermit>);

/// Hands every connection to `serve`, which must not wait.
pub(super) async fn accept(
    listener: TcpListener,
    places: &Arc<Semaphore>,
    stop: &CancellationToken,
    mut serve: impl FnMut(Accepted),
) {
    loop {
        let accepted = tokio::select! {
            biased;
            () = stop.cancelled() => return,
            accepted = listener.accept() => accepted,
        };
        match accepted {
            Ok((stream, peer)) => match places.clone().try_acquire_owned() {
                Ok(place) => {
                    // Fails only on a connection that is gone already, which reading will find.
                    let _ = stream.set_nodelay(true);
                    serve(Accepted { stream, peer, place: Place(Arc::new(place)) });
                }
                Err(_) => turn_away(stream),
            },
            Err(error) if concerns_one_connection(&error) => {}
            Err(error) => {
                tracing::warn!(%error, "cannot accept connections for the moment");
                sleep(EXHAUSTED).await;
            }
        }
    }
}

/// Best effort: the answer fits the empty send buffer, or the caller just sees the end.
fn turn_away(stream: TcpStream) {
    tracing::debug!("too many connections are open");
    if let Ok(mut stream) = stream.into_std() {
        let _ = stream.write_all(FULL);
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
    fn the_answer_to_one_too_many_is_framed_rightly() {
        let text = std::str::from_utf8(FULL).unwrap();
        let (head, content) = text.split_once("\r\n\r\n").unwrap();
        assert!(head.contains(&format!("content-length: {}", content.len())));
    }
}
