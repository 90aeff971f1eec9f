//! A server under test.

use std::net::SocketAddr;

pub(crate) use kit::peer::Origin;
pub(crate) use kit::wire::{Reply, Wire, field};
pub(crate) use kit::within;
use passbridge::base::bounded::Bounded;
use passbridge::server::lifecycle::Lifecycle;
use passbridge::server::passthrough::target_settings::{HostPattern, PassthroughSettings, Target, TargetSettings};
use passbridge::server::server_settings::ServerSettings;
use passbridge::server::trusted_proxies::{Network, TrustedProxies};
use passbridge::server::workers::{RunningServer, Server};

use super::toy::Toy;

/// Settings for one worker on a free port.
pub(crate) fn settings() -> ServerSettings {
    ServerSettings { listen: "127.0.0.1:0".parse().unwrap(), workers: Bounded::new(1), ..Default::default() }
}

/// Networks of trusted proxies.
pub(crate) fn networks(networks: &[&str]) -> TrustedProxies {
    networks.iter().map(|network| network.parse::<Network>().unwrap()).collect()
}

/// A server with a toy gateway.
pub(crate) struct Rig {
    pub(crate) address: SocketAddr,
    /// All addresses, as text.
    pub(crate) addresses: Vec<String>,
    pub(crate) toy: Toy,
    pub(crate) lifecycle: Lifecycle,
    pub(crate) running: RunningServer,
}

pub(crate) fn start(settings: &ServerSettings) -> Rig {
    start_with(settings, &PassthroughSettings::default())
}

/// A server that forwards everything to `origin`.
pub(crate) fn start_before(origin: &Origin) -> Rig {
    start_with(&settings(), &everything_to(target(origin)))
}

pub(crate) fn start_with(settings: &ServerSettings, passthrough: &PassthroughSettings) -> Rig {
    let (toy, lifecycle) = (Toy::new(), Lifecycle::new());
    let server = Server::bind(settings).unwrap();
    let address = server.address();
    let addresses = server.addresses().map(str::to_owned).collect();
    let running = server.start(passthrough, &lifecycle, toy.build()).unwrap();
    Rig { address, addresses, toy, lifecycle, running }
}

pub(crate) fn target(origin: &Origin) -> TargetSettings {
    TargetSettings::to(origin.url().parse().unwrap())
}

pub(crate) fn everything_to(target: TargetSettings) -> PassthroughSettings {
    PassthroughSettings([(HostPattern::new("*").unwrap(), Target(target))].into())
}

impl Rig {
    pub(crate) async fn connect(&self) -> Wire {
        Wire::connect(self.address).await
    }

    /// Sends one request on a new connection and reads the response.
    pub(crate) async fn ask(&self, head: &str) -> Reply {
        let mut wire = self.connect().await;
        wire.send(head).await;
        wire.reply().await
    }
}
