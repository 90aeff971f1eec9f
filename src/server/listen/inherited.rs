//! Listening sockets that another process opened.

use std::env;
use std::io;

use listenfd::ListenFd;

use crate::server::listen::Socket;
use crate::server::listen_address::Address;

/// The name of a socket that systemd passes without a name.
const UNNAMED: &str = "unknown";

/// Sockets that were inherited and are not in use yet.
#[derive(Debug, Default)]
pub struct InheritedSockets(Vec<InheritedSocket>);

#[derive(Debug)]
struct InheritedSocket {
    /// The address of the config that it belongs to.
    address: Address,
    socket: Socket,
}

impl InheritedSockets {
    /// The sockets that systemd passes to this process (`LISTEN_FDS`). To be called once, before there are threads.
    ///
    /// # Errors
    ///
    /// If one of them is not a listening stream socket of TCP or Unix.
    pub fn from_systemd() -> io::Result<Self> {
        let names = env::var("LISTEN_FDNAMES").unwrap_or_default();
        let mut names = names.split(':').filter(|name| !name.is_empty());
        let mut passed = ListenFd::from_env();
        let mut sockets = Vec::new();
        for index in 0..passed.len() {
            let socket = match passed.take_tcp_listener(index) {
                Ok(socket) => socket.map(Socket::Tcp),
                Err(_) => passed.take_unix_listener(index)?.map(Socket::Unix),
            };
            let address = Address::Systemd(names.next().unwrap_or(UNNAMED).to_owned());
            sockets.extend(socket.map(|socket| InheritedSocket { address, socket }));
        }
        Ok(Self(sockets))
    }

    /// Takes the sockets of an address.
    pub(super) fn take(&mut self, address: &Address) -> Vec<Socket> {
        self.0.extract_if(.., |inherited| inherited.address == *address).map(|inherited| inherited.socket).collect()
    }

    /// The addresses of the sockets that were not taken.
    pub(crate) fn unused(&self) -> impl Iterator<Item = &Address> {
        self.0.iter().map(|inherited| &inherited.address)
    }
}
