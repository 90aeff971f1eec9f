//! One listening socket for each worker, all on one port; the kernel spreads connections over them.
//!
//! Sharing a port also lets another process of the same user take half of the connections unnoticed,
//! so the port must be free of foreign listeners before ours share it.

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::time::Duration;

use socket2::{Domain, Protocol, Socket, TcpKeepalive, Type};

/// Connections the kernel completes before a worker takes them.
const BACKLOG: i32 = 1024;
/// When to ask a silent peer whether it is still there: upgraded connections have no other limit.
const PROBE_AFTER: Duration = Duration::from_secs(60);
/// How long sent bytes may stay unacknowledged, or a peer may refuse to read.
const UNREAD_FOR: Duration = Duration::from_secs(30);

/// Binds `count` listeners to `address`, of which all know the really bound port.
///
/// # Errors
///
/// The system's: the address is in use, not ours, or not allowed.
pub(super) fn bind(address: SocketAddr, count: usize) -> io::Result<Vec<TcpListener>> {
    let first = bind_first(address, count > 1)?;
    let bound = first.local_addr()?;
    let mut listeners = vec![first];
    for _ in 1..count {
        listeners.push(listen(socket(bound, true)?)?);
    }
    Ok(listeners)
}

fn bind_first(address: SocketAddr, shared: bool) -> io::Result<TcpListener> {
    if shared && address.port() != 0 {
        // Fails if anybody listens there, which a shared bind would not.
        drop(socket(address, false)?);
    }
    listen(socket(address, shared)?)
}

fn socket(address: SocketAddr, shared: bool) -> io::Result<Socket> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    socket.set_reuse_address(true)?;
    socket.set_reuse_port(shared)?;
    socket.set_nonblocking(true)?;
    socket.bind(&address.into())?;
    Ok(socket)
}

/// Connections inherit these options, which saves a system call for each of them.
fn listen(socket: Socket) -> io::Result<TcpListener> {
    socket.set_tcp_keepalive(&TcpKeepalive::new().with_time(PROBE_AFTER))?;
    #[cfg(target_os = "linux")]
    socket.set_tcp_user_timeout(Some(UNREAD_FOR))?;
    socket.listen(BACKLOG)?;
    Ok(socket.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_workers_share_one_port_and_nobody_else_does() {
        let any: SocketAddr = "127.0.0.1:0".parse().unwrap();
        let listeners = bind(any, 3).unwrap();
        let bound = listeners[0].local_addr().unwrap();
        assert_ne!(bound.port(), 0);
        assert!(listeners.iter().all(|listener| listener.local_addr().unwrap() == bound));
        for count in [1, 2] {
            assert_eq!(bind(bound, count).unwrap_err().kind(), io::ErrorKind::AddrInUse);
        }
        drop(listeners);
        assert_eq!(bind(bound, 2).unwrap().len(), 2);
    }
}
