//! Makes connections: name look-up, TCP, TLS, all within one timeout.
//!
//! A name with addresses of both families is tried in both (RFC 8305): a network that swallows IPv6
//! costs a moment, not the call.

use std::fmt;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use tokio::net::{TcpStream, lookup_host};
use tokio::time::{sleep, timeout};
use tokio_rustls::TlsConnector;
use url::{Host, Url};

use crate::upstream::client::InvalidClient;
use crate::upstream::http1::stream::Stream;

/// How long the addresses of the preferred family are tried alone.
const HEAD_START: Duration = Duration::from_millis(300);

/// Where an upstream is, and how it is reached.
pub(super) struct Connector {
    place: Place,
    tls: Option<(TlsConnector, ServerName<'static>)>,
    timeout: Duration,
}

#[derive(Debug)]
enum Place {
    Address(SocketAddr),
    Name(Box<str>, u16),
}

// ===== impl Connector =====

impl Connector {
    /// To the host of `base`; in TLS as `tls` has it, or in clear text.
    pub(super) fn new(base: &Url, tls: Option<Arc<ClientConfig>>, timeout: Duration) -> Result<Self, InvalidClient> {
        let port = base.port_or_known_default().unwrap_or_default();
        let place = match base.host() {
            Some(Host::Ipv4(address)) => Place::Address(SocketAddr::new(IpAddr::V4(address), port)),
            Some(Host::Ipv6(address)) => Place::Address(SocketAddr::new(IpAddr::V6(address), port)),
            Some(Host::Domain(name)) => Place::Name(name.into(), port),
            None => Place::Name("".into(), port),
        };
        let name = match &place {
            Place::Address(address) => Ok(ServerName::from(address.ip())),
            Place::Name(name, _) => ServerName::try_from(name.to_string()),
        };
        let tls = match tls {
            Some(config) => {
                let name = name.map_err(|error| InvalidClient::Tls(error.into()))?;
                Some((TlsConnector::from(config), name))
            }
            None => None,
        };
        Ok(Self { place, tls, timeout })
    }

    /// A new connection over which nothing was sent.
    pub(super) async fn connect(&self) -> io::Result<Stream> {
        timeout(self.timeout, self.attempt()).await.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()))
    }

    async fn attempt(&self) -> io::Result<Stream> {
        let stream = match &self.place {
            Place::Address(address) => TcpStream::connect(address).await?,
            Place::Name(name, port) => {
                let addresses: Vec<_> = lookup_host((&**name, *port)).await?.collect();
                reach(&addresses, self.timeout).await?
            }
        };
        stream.set_nodelay(true)?;
        match &self.tls {
            None => Ok(Stream::Plain(stream)),
            Some((connector, name)) => {
                let stream = connector.connect(name.clone(), stream).await?;
                Ok(Stream::Tls(Box::new(stream)))
            }
        }
    }
}

// By hand: the connector cannot be shown.
impl fmt::Debug for Connector {
    fn fmt(&self, text: &mut fmt::Formatter<'_>) -> fmt::Result {
        text.debug_struct("Connector").field("place", &self.place).finish_non_exhaustive()
    }
}

/// The first connection that any of the addresses gives. The first one's family is preferred.
async fn reach(addresses: &[SocketAddr], within: Duration) -> io::Result<TcpStream> {
    let is_preferred = |address: &SocketAddr| address.is_ipv4() == addresses[0].is_ipv4();
    let (preferred, other): (Vec<_>, Vec<_>) = addresses.iter().copied().partition(is_preferred);
    if other.is_empty() {
        return one_of(&preferred, within).await;
    }
    let mut preferred = pin!(one_of(&preferred, within));
    tokio::select! {
        biased;
        reached = preferred.as_mut() => return match reached {
            Ok(stream) => Ok(stream),
            Err(_) => one_of(&other, within).await,
        },
        () = sleep(HEAD_START) => {}
    }
    let mut other = pin!(one_of(&other, within));
    tokio::select! {
        biased;
        reached = preferred.as_mut() => match reached {
            Ok(stream) => Ok(stream),
            Err(_) => other.await,
        },
        reached = other.as_mut() => match reached {
            Ok(stream) => Ok(stream),
            Err(_) => preferred.await,
        },
    }
}

/// Tries one after the other, each for its share of the time.
async fn one_of(addresses: &[SocketAddr], within: Duration) -> io::Result<TcpStream> {
    let share = within / u32::try_from(addresses.len()).unwrap_or(u32::MAX).max(1);
    let mut last = io::ErrorKind::NotFound.into(); // where a name has no address
    for address in addresses {
        match timeout(share, TcpStream::connect(address)).await {
            Ok(Ok(stream)) => return Ok(stream),
            Ok(Err(error)) => last = error,
            Err(_) => last = io::ErrorKind::TimedOut.into(),
        }
    }
    Err(last)
}
