//! Listening sockets: opened, or inherited from systemd or from the previous process.
//!
//! Every worker gets a socket of each address. TCP sockets share the port (`SO_REUSEPORT`), and the kernel distributes
//! connections. Other sockets are shared between the workers.

pub mod inherited;
pub(super) mod tcp;
pub(super) mod unix_socket;

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::os::unix::net::UnixListener;
use std::sync::Arc;

use crate::server::caller_stream::CallerStream;
use crate::server::listen::inherited::InheritedSockets;
use crate::server::listen::unix_socket::SocketFile;
use crate::server::listen_address::{Address, ListenAddress};

/// The listening sockets of one address.
#[derive(Debug)]
pub(super) struct BoundAddress {
    pub(super) listen: Arc<ListenAddress>,
    /// What it is bound to, as text: with the port that the system assigned, and of what systemd opened.
    pub(super) text: Vec<String>,
    /// The first TCP address.
    pub(super) tcp: Option<SocketAddr>,
    /// At least one for each worker.
    pub(super) sockets: Vec<Socket>,
    /// The file of a Unix socket, which is removed when this is dropped.
    pub(super) file: Option<SocketFile>,
}

/// A listening socket.
#[derive(Debug)]
pub(super) enum Socket {
    Tcp(TcpListener),
    Unix(UnixListener),
}

/// A listening socket of a worker, and how to listen on it.
#[derive(Debug)]
pub(super) struct BoundSocket {
    pub(super) listen: Arc<ListenAddress>,
    pub(super) socket: Socket,
}

/// A listening socket on a runtime.
#[derive(Debug)]
pub(super) struct Listener {
    pub(super) listen: Arc<ListenAddress>,
    socket: AsyncSocket,
}

#[derive(Debug)]
enum AsyncSocket {
    Tcp(tokio::net::TcpListener),
    Unix(tokio::net::UnixListener),
}

// ===== impl BoundAddress =====

impl BoundAddress {
    /// Takes the inherited sockets of an address, or binds it, for `workers` workers.
    pub(super) fn bind(
        listen: Arc<ListenAddress>,
        inherited: &mut InheritedSockets,
        workers: usize,
    ) -> io::Result<Self> {
        let taken = inherited.take(&listen.address);
        let mut file = None;
        let sockets = match &listen.address {
            _ if !taken.is_empty() => taken,
            Address::Tcp(address) => {
                tcp::bind(*address, workers, tcp::Family::Own)?.into_iter().map(Socket::Tcp).collect()
            }
            Address::Unix(path) => {
                let (socket, created) = unix_socket::bind(path, listen.mode)?;
                file = Some(created);
                vec![Socket::Unix(socket)]
            }
            Address::Systemd(name) => {
                let problem = format!("systemd passed no socket with the name `{name}`");
                return Err(io::Error::new(io::ErrorKind::NotFound, problem));
            }
        };
        if let (None, Address::Unix(path)) = (&file, &listen.address) {
            file = SocketFile::of(path).ok();
        }
        let tcp = sockets.iter().find_map(|socket| socket.tcp_address());
        let mut text = Vec::new();
        for socket in &sockets {
            let address = match &listen.address {
                Address::Unix(_) => listen.to_string(), // it was bound under another name
                Address::Tcp(_) | Address::Systemd(_) => socket.text(),
            };
            if !text.contains(&address) {
                text.push(address);
            }
        }
        Ok(Self { listen, text, tcp, sockets: for_workers(sockets, workers)?, file })
    }
}

/// At least one socket for each worker.
fn for_workers(mut sockets: Vec<Socket>, workers: usize) -> io::Result<Vec<Socket>> {
    let distinct = sockets.len();
    for worker in distinct..workers {
        sockets.push(sockets[worker % distinct].try_clone()?);
    }
    Ok(sockets)
}

// ===== impl Socket =====

impl Socket {
    pub(super) fn try_clone(&self) -> io::Result<Self> {
        match self {
            Self::Tcp(socket) => socket.try_clone().map(Self::Tcp),
            Self::Unix(socket) => socket.try_clone().map(Self::Unix),
        }
    }

    fn into_async(self) -> io::Result<AsyncSocket> {
        match self {
            Self::Tcp(socket) => {
                socket.set_nonblocking(true)?;
                tokio::net::TcpListener::from_std(socket).map(AsyncSocket::Tcp)
            }
            Self::Unix(socket) => {
                socket.set_nonblocking(true)?;
                tokio::net::UnixListener::from_std(socket).map(AsyncSocket::Unix)
            }
        }
    }

    fn tcp_address(&self) -> Option<SocketAddr> {
        match self {
            Self::Tcp(socket) => socket.local_addr().ok(),
            Self::Unix(_) => None,
        }
    }

    fn text(&self) -> String {
        let unnamed = || "unix:".to_owned();
        match self {
            Self::Tcp(socket) => socket.local_addr().map_or_else(|_| String::new(), |address| address.to_string()),
            Self::Unix(socket) => {
                let address = socket.local_addr().ok();
                let path = address.as_ref().and_then(|address| address.as_pathname());
                path.map_or_else(unnamed, |path| format!("unix:{}", path.display()))
            }
        }
    }
}

// ===== impl BoundSocket =====

impl BoundSocket {
    /// Registers it with the current runtime.
    pub(super) fn into_listener(self) -> io::Result<Listener> {
        Ok(Listener { socket: self.socket.into_async()?, listen: self.listen })
    }
}

// ===== impl Listener =====

impl Listener {
    /// The next connection, and the address of its peer; a Unix socket's peer has none.
    pub(super) async fn accept(&self) -> io::Result<(CallerStream, Option<SocketAddr>)> {
        match &self.socket {
            AsyncSocket::Tcp(listener) => {
                listener.accept().await.map(|(stream, peer)| (CallerStream::Tcp(stream), Some(peer)))
            }
            AsyncSocket::Unix(listener) => {
                listener.accept().await.map(|(stream, _)| (CallerStream::Unix(stream), None))
            }
        }
    }
}
