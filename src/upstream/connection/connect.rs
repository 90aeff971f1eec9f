//! Establishes connections: name lookup, TCP and TLS within one timeout.
//!
//! If a name has IPv4 and IPv6 addresses, both families are tried (RFC 8305), so that a broken IPv6 route
//! delays a call only briefly.

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

use crate::upstream::connection::stream::Stream;
use crate::upstream::tls::TlsError;

/// How long only the preferred address family is tried.
const FALLBACK_DELAY: Duration = Duration::from_millis(300);

/// Connects to one upstream.
pub(in crate::upstream) struct Connector {
    endpoint: Endpoint,
    tls: Option<(TlsConnector, ServerName<'static>)>,
    timeout: Duration,
}

#[derive(Debug)]
enum Endpoint {
    Address(SocketAddr),
    Name(Box<str>, u16),
}

// ===== impl Connector =====

impl Connector {
    /// Connects to the host of `base`, with TLS if `tls` is given.
    pub(in crate::upstream) fn new(
        base: &Url,
        tls: Option<Arc<ClientConfig>>,
        timeout: Duration,
    ) -> Result<Self, TlsError> {
        let port = base.port_or_known_default().unwrap_or_default();
        let endpoint = match base.host() {
            Some(Host::Ipv4(address)) => Endpoint::Address(SocketAddr::new(IpAddr::V4(address), port)),
            Some(Host::Ipv6(address)) => Endpoint::Address(SocketAddr::new(IpAddr::V6(address), port)),
            Some(Host::Domain(name)) => Endpoint::Name(name.into(), port),
            None => Endpoint::Name("".into(), port),
        };
        let name = match &endpoint {
            Endpoint::Address(address) => Ok(ServerName::from(address.ip())),
            Endpoint::Name(name, _) => ServerName::try_from(name.to_string()),
        };
        let tls = match tls {
            Some(config) => {
                let name = name.map_err(|error| TlsError::Setup(error.into()))?;
                Some((TlsConnector::from(config), name))
            }
            None => None,
        };
        Ok(Self { endpoint, tls, timeout })
    }

    /// Opens a new connection.
    pub(in crate::upstream) async fn connect(&self) -> io::Result<Stream> {
        timeout(self.timeout, self.attempt()).await.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()))
    }

    async fn attempt(&self) -> io::Result<Stream> {
        let stream = match &self.endpoint {
            Endpoint::Address(address) => TcpStream::connect(address).await?,
            Endpoint::Name(name, port) => {
                let addresses: Vec<_> = lookup_host((&**name, *port)).await?.collect();
                connect_either_family(&addresses, self.timeout).await?
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

// By hand: `TlsConnector` does not implement `Debug`.
impl fmt::Debug for Connector {
    fn fmt(&self, text: &mut fmt::Formatter<'_>) -> fmt::Result {
        text.debug_struct("Connector").field("endpoint", &self.endpoint).finish_non_exhaustive()
    }
}

/// Connects to whichever address answers first. The family of the first address is preferred.
async fn connect_either_family(addresses: &[SocketAddr], limit: Duration) -> io::Result<TcpStream> {
    let is_preferred = |address: &SocketAddr| address.is_ipv4() == addresses[0].is_ipv4();
    let (preferred, other): (Vec<_>, Vec<_>) = addresses.iter().copied().partition(is_preferred);
    if other.is_empty() {
        return connect_in_order(&preferred, limit).await;
    }
    let mut preferred = pin!(connect_in_order(&preferred, limit));
    tokio::select! {
        biased;
        connected = preferred.as_mut() => return match connected {
            Ok(stream) => Ok(stream),
            Err(_) => connect_in_order(&other, limit).await,
        },
        () = sleep(FALLBACK_DELAY) => {}
    }
    let mut other = pin!(connect_in_order(&other, limit));
    tokio::select! {
        biased;
        connected = preferred.as_mut() => match connected {
            Ok(stream) => Ok(stream),
            Err(_) => other.await,
        },
        connected = other.as_mut() => match connected {
            Ok(stream) => Ok(stream),
            Err(_) => preferred.await,
        },
    }
}

/// Tries one address after the other, each for its share of `limit`.
async fn connect_in_order(addresses: &[SocketAddr], limit: Duration) -> io::Result<TcpStream> {
    let share = limit / u32::try_from(addresses.len()).unwrap_or(u32::MAX).max(1);
    let mut last = io::ErrorKind::NotFound.into(); // the name has no address
    for address in addresses {
        match timeout(share, TcpStream::connect(address)).await {
            Ok(Ok(stream)) => return Ok(stream),
            Ok(Err(error)) => last = error,
            Err(_) => last = io::ErrorKind::TimedOut.into(),
        }
    }
    Err(last)
}
