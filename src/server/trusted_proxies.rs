//! The networks of the proxies in front of the gateway.

use std::borrow::Cow;
use std::net::IpAddr;
use std::str::FromStr;
use std::sync::Arc;

use ipnet::{IpNet, Ipv4Net};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::gateway::handler::{AddressLimits, Peer};

/// The networks of the trusted proxies. A clone shares them.
#[derive(Clone, Debug, Default, Eq, PartialEq, Deserialize, JsonSchema, Serialize)]
pub struct TrustedProxies(Arc<[Network]>);

/// A network, or one address.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Network(IpNet);

// ===== impl TrustedProxies =====

impl TrustedProxies {
    /// Whether an address is in one of the networks. An IPv4-mapped address counts as IPv4.
    pub fn contains(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        self.0.iter().any(|Network(network)| network.contains(&address))
    }

    /// Whether one of the networks is every address of its family.
    pub fn contains_everything(&self) -> bool {
        self.0.iter().any(|Network(network)| network.prefix_len() == 0)
    }

    /// Whether there is no network.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// How a peer is treated. One on a Unix socket is a local proxy, trusted if proxies are declared.
    pub fn classify(declared: Option<&Self>, peer: Peer) -> Peer {
        let Some(address) = peer.ip() else {
            return Peer { is_trusted: declared.is_some(), limits: AddressLimits::Exempt, ..peer };
        };
        let is_trusted = declared.is_some_and(|proxies| proxies.contains(address));
        let limits = match declared {
            Some(_) if is_trusted => AddressLimits::Exempt,
            Some(_) => AddressLimits::Enforced,
            None => AddressLimits::Observed,
        };
        Peer { is_trusted, limits, ..peer }
    }
}

impl FromIterator<Network> for TrustedProxies {
    fn from_iter<I: IntoIterator<Item = Network>>(networks: I) -> Self {
        Self(networks.into_iter().collect())
    }
}

// ===== impl Network =====

impl FromStr for Network {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let network = match (text.parse::<IpAddr>(), text.parse::<IpNet>()) {
            (Ok(address), _) => IpNet::from(address.to_canonical()),
            (Err(_), Ok(network)) => canonical(network),
            (Err(_), Err(_)) => return Err("must be an address or a network, such as 10.0.0.0/8".to_owned()),
        };
        match network == network.trunc() {
            true => Ok(Self(network)),
            false => Err(format!("must end with zeros after the first {} bits", network.prefix_len())),
        }
    }
}

/// A network of IPv4-mapped addresses as one of IPv4.
fn canonical(network: IpNet) -> IpNet {
    let IpNet::V6(mapped) = network else { return network };
    let address = mapped.addr().to_ipv4_mapped();
    let network_v4 = address
        .zip(mapped.prefix_len().checked_sub(96))
        .and_then(|(address, length)| Ipv4Net::new(address, length).ok());
    network_v4.map_or(network, IpNet::V4)
}

impl Serialize for Network {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Network {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Cow::<'_, str>::deserialize(deserializer)?.parse().map_err(D::Error::custom)
    }
}

impl JsonSchema for Network {
    fn schema_name() -> Cow<'static, str> {
        "Network".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "string",
            "title": "an address or a network, such as \"10.0.0.0/8\"",
            "examples": ["10.0.0.0/8"],
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn proxies(networks: &[&str]) -> TrustedProxies {
        networks.iter().map(|network| network.parse::<Network>().unwrap()).collect()
    }

    #[test]
    fn networks_and_addresses_contain_their_addresses() {
        let proxies = proxies(&["10.0.0.0/8", "192.0.2.1", "2001:db8::/32", "::ffff:198.51.100.0/120"]);
        let contained = ["10.1.2.3", "192.0.2.1", "2001:db8::5", "::ffff:10.1.2.3", "198.51.100.9"];
        for address in contained {
            assert!(proxies.contains(address.parse().unwrap()), "{address}");
        }
        for address in ["11.0.0.1", "192.0.2.2", "2001:db9::1", "::10.1.2.3", "198.51.101.1"] {
            assert!(!proxies.contains(address.parse().unwrap()), "{address}");
        }
    }

    #[test]
    fn a_peer_without_an_address_is_trusted_where_proxies_are_declared() {
        let declared = proxies(&[]);
        assert!(!TrustedProxies::classify(None, Peer::unknown()).is_trusted);
        let local = TrustedProxies::classify(Some(&declared), Peer::unknown());
        assert_eq!((local.is_trusted, local.limits), (true, AddressLimits::Exempt));
        for source in ["192.0.2.1:0", "0.0.0.0:0"] {
            let named = TrustedProxies::classify(Some(&declared), Peer::new(source.parse().unwrap()));
            assert_eq!((named.is_trusted, named.limits), (false, AddressLimits::Enforced), "{source}");
        }
    }

    #[test]
    fn a_network_with_host_bits_and_other_text_are_refused() {
        for (text, expected) in [
            ("10.0.0.1/8", "zeros after the first 8 bits"),
            ("10.0.0.0/33", "an address or a network"),
            ("proxy.example", "an address or a network"),
            ("", "an address or a network"),
        ] {
            let error = text.parse::<Network>().unwrap_err();
            assert!(error.contains(expected), "{text}: {error}");
        }
    }
}
