//! TCP: one listening socket per worker on one port (`SO_REUSEPORT`). The kernel distributes connections.
//!
//! With a shared port, another process of the same user could take half of the connections unnoticed, so
//! the port must be free before the workers share it.

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::time::Duration;

use socket2::{Domain, Protocol, Socket, TcpKeepalive, Type};

/// The connections that the kernel completes before a worker accepts them.
const BACKLOG: i32 = 1024;
/// When to probe an idle peer. Upgraded connections have no other timeout.
const KEEPALIVE_TIME: Duration = Duration::from_secs(60);
/// How long sent bytes may stay unacknowledged.
const USER_TIMEOUT: Duration = Duration::from_secs(30);

/// Whether `[::]` is for IPv6 only.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(in crate::server) enum Family {
    /// For the family of the address only, so that `0.0.0.0` and `[::]` can have the same port.
    Own,
    /// For both, if the system's settings say so.
    Both,
}

/// Binds `count` listeners to `address`. If its port is 0, they share the port that the system assigns.
///
/// # Errors
///
/// If the address is in use, not local, or not permitted.
pub(in crate::server) fn bind(address: SocketAddr, count: usize, family: Family) -> io::Result<Vec<TcpListener>> {
    let first = bind_first(address, count > 1, family)?;
    let bound = first.local_addr()?;
    let mut listeners = vec![first];
    for _ in 1..count {
        listeners.push(listen(socket(bound, true, family)?)?);
    }
    Ok(listeners)
}

fn bind_first(address: SocketAddr, shared: bool, family: Family) -> io::Result<TcpListener> {
    if shared && address.port() != 0 {
        // Fails if another process listens there; a shared bind would not.
        drop(socket(address, false, family)?);
    }
    listen(socket(address, shared, family)?)
}

fn socket(address: SocketAddr, shared: bool, family: Family) -> io::Result<Socket> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    if address.is_ipv6() && family == Family::Own {
        socket.set_only_v6(true)?;
    }
    socket.set_reuse_address(true)?;
    socket.set_reuse_port(shared)?;
    socket.set_nonblocking(true)?;
    socket.bind(&address.into())?;
    Ok(socket)
}

/// Accepted connections inherit these options, which saves system calls.
fn listen(socket: Socket) -> io::Result<TcpListener> {
    socket.set_tcp_keepalive(&TcpKeepalive::new().with_time(KEEPALIVE_TIME))?;
    #[cfg(target_os = "linux")]
    socket.set_tcp_user_timeout(Some(USER_TIMEOUT))?;
    socket.listen(BACKLOG)?;
    Ok(socket.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn workers_share_a_port_that_no_other_process_can_bind() {
        let any: SocketAddr = "127.0.0.1:0".parse().unwrap();
        let listeners = bind(any, 3, Family::Own).unwrap();
        let bound = listeners[0].local_addr().unwrap();
        assert_ne!(bound.port(), 0);
        assert!(listeners.iter().all(|listener| listener.local_addr().unwrap() == bound));
        for count in [1, 2] {
            assert_eq!(bind(bound, count, Family::Own).unwrap_err().kind(), io::ErrorKind::AddrInUse);
        }
        drop(listeners);
        assert_eq!(bind(bound, 2, Family::Own).unwrap().len(), 2);
    }
}
