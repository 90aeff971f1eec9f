//! Accepts connections from a listener until the server stops.
//!
//! A connection that is not admitted gets a 503 and is closed. Only the stop ends the loop: if the process
//! runs out of file descriptors, it waits.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

use crate::server::caller_stream::CallerStream;
use crate::server::connection_admission::{ConnectionAdmission, ConnectionPermit};
use crate::server::listen::Listener;

/// The delay before the next attempt if the system is out of descriptors or memory.
const RETRY_DELAY: Duration = Duration::from_millis(100);

const TOO_MANY_CONNECTIONS: &[u8] = b"HTTP/1.1 503 Service Unavailable\r\nretry-after: 1\r\nconnection: close\r\n\
    content-type: text/plain; charset=utf-8\r\ncontent-length: 30\r\n\r\ntoo many connections are open\n";

/// An accepted connection.
#[derive(Debug)]
pub(super) struct AcceptedConnection {
    pub(super) stream: CallerStream,
    /// `None` for a Unix socket.
    pub(super) peer: Option<SocketAddr>,
    pub(super) permit: ConnectionPermit,
    /// Whether it begins with a header of the PROXY protocol.
    pub(super) has_proxy_header: bool,
}

/// Passes every connection to `serve`, which must not block.
pub(super) async fn accept(
    listener: Listener,
    admission: &ConnectionAdmission,
    stop: &CancellationToken,
    serve: impl Fn(AcceptedConnection),
) {
    loop {
        let accepted = tokio::select! {
            biased;
            () = stop.cancelled() => return,
            accepted = listener.accept() => accepted,
        };
        match accepted {
            Ok((stream, peer)) => match admission.admit(stop).await {
                Some(permit) => {
                    stream.set_nodelay();
                    let has_proxy_header = listener.listen.proxy_protocol;
                    serve(AcceptedConnection { stream, peer, permit, has_proxy_header });
                }
                None => reject(stream, "max_connections reached"),
            },
            Err(error) if concerns_one_connection(&error) => {}
            Err(error) => {
                tracing::warn!(listen = %listener.listen, %error, "cannot accept connections, retrying");
                sleep(RETRY_DELAY).await;
            }
        }
    }
}

/// Best effort: the response fits the empty send buffer, or the caller only sees the connection close.
pub(super) fn reject(stream: CallerStream, reason: &'static str) {
    tracing::debug!(reason, "connection rejected");
    let _ = stream.close_with(TOO_MANY_CONNECTIONS);
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
