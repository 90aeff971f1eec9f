//! The addresses of `server.listen`: TCP, Unix sockets, and sockets that systemd opened.

use std::borrow::Cow;
use std::fmt;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::str::FromStr;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::base::keyword_or::keyword_or;

/// What an address must be, for findings.
const EXPECTED: &str = "must be an address and port, \"unix:/PATH\" or \"systemd:NAME\"";
/// The longest path of a Unix socket on Linux, in bytes.
const MAX_PATH_BYTES: usize = 107;

/// The addresses to listen on. There is at least one, and none twice.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
#[serde(transparent)]
pub struct ListenAddresses(Vec<ListenAddress>);

/// An address, and how to listen on it.
#[derive(Clone, Debug, Eq, JsonSchema, PartialEq, Serialize)]
pub struct ListenAddress {
    /// `"127.0.0.1:8080"`, `"[::1]:8080"`, `"unix:/run/passbridge/http.sock"`, or `"systemd:NAME"` for the sockets
    /// that systemd opened under that `FileDescriptorName`. Port 0 selects a free port.
    #[schemars(with = "String")]
    pub address: Address,
    /// The permissions of the file of a Unix socket, as octal digits. Default "600".
    pub mode: Option<FileMode>,
    /// Whether each connection must begin with a header of the PROXY protocol, version 1 or 2, which gives the address of
    /// the peer. Connections are accepted only from `trusted_proxies`. Default: false.
    #[schemars(default)]
    pub proxy_protocol: bool,
}

/// An address.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Address {
    /// An IPv4 or IPv6 address and a port.
    Tcp(SocketAddr),
    /// A Unix socket.
    Unix(PathBuf),
    /// The sockets that systemd opened under a name.
    Systemd(String),
}

/// The permissions of a file.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct FileMode(u32);

// ===== impl ListenAddresses =====

impl ListenAddresses {
    /// The addresses.
    pub fn iter(&self) -> impl Iterator<Item = &ListenAddress> {
        self.0.iter()
    }

    /// The first address that other machines may reach.
    #[must_use]
    pub fn reachable(&self) -> Option<&ListenAddress> {
        self.0.iter().find(|listen| match &listen.address {
            Address::Tcp(address) => !address.ip().is_loopback(),
            Address::Unix(_) => false,
            Address::Systemd(_) => true,
        })
    }

    fn new(addresses: Vec<ListenAddress>) -> Result<Self, String> {
        if addresses.is_empty() {
            return Err("must not be empty".to_owned());
        }
        let is_repeated = |(index, listen): (usize, &ListenAddress)| {
            let is_port_0 = matches!(&listen.address, Address::Tcp(address) if address.port() == 0);
            !is_port_0 && addresses[..index].iter().any(|earlier| earlier.address == listen.address)
        };
        match addresses.iter().enumerate().any(is_repeated) {
            true => Err("must not contain an address twice".to_owned()),
            false => Ok(Self(addresses)),
        }
    }
}

impl Default for ListenAddresses {
    fn default() -> Self {
        SocketAddr::from((Ipv4Addr::LOCALHOST, 8080)).into()
    }
}

impl From<SocketAddr> for ListenAddresses {
    fn from(address: SocketAddr) -> Self {
        Self(vec![address.into()])
    }
}

impl FromStr for ListenAddresses {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Ok(Self(vec![text.parse()?]))
    }
}

impl fmt::Display for ListenAddresses {
    fn fmt(&self, text: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, listen) in self.0.iter().enumerate() {
            write!(text, "{}{listen}", if index == 0 { "" } else { ", " })?;
        }
        Ok(())
    }
}

impl<'de> Deserialize<'de> for ListenAddresses {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        keyword_or(deserializer, |address: ListenAddress| Self(vec![address]), |CheckedList(list)| list)
    }
}

/// A list that is not empty and has no address twice.
#[derive(Deserialize)]
#[serde(try_from = "Vec<ListenAddress>")]
struct CheckedList(ListenAddresses);

impl TryFrom<Vec<ListenAddress>> for CheckedList {
    type Error = String;

    fn try_from(addresses: Vec<ListenAddress>) -> Result<Self, String> {
        ListenAddresses::new(addresses).map(Self)
    }
}

impl JsonSchema for ListenAddresses {
    fn schema_name() -> Cow<'static, str> {
        "ListenAddresses".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let text = json_schema!({
            "type": "string",
            "title": "an address and port, such as \"127.0.0.1:8080\"",
            "examples": ["127.0.0.1:8080"],
        });
        let table = generator.subschema_for::<ListenAddress>();
        let item = json_schema!({ "anyOf": [text, table] });
        json_schema!({ "anyOf": [text, { "type": "array", "title": "a list of addresses", "items": item, "minItems": 1 }] })
    }
}

// ===== impl ListenAddress =====

impl ListenAddress {
    fn plain(address: Address) -> Self {
        Self { address, mode: None, proxy_protocol: false }
    }
}

impl From<SocketAddr> for ListenAddress {
    fn from(address: SocketAddr) -> Self {
        Self::plain(Address::Tcp(address))
    }
}

impl FromStr for ListenAddress {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        text.parse().map(Self::plain)
    }
}

impl fmt::Display for ListenAddress {
    fn fmt(&self, text: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.address.fmt(text)
    }
}

impl<'de> Deserialize<'de> for ListenAddress {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        keyword_or(deserializer, Self::plain, |CheckedTable(table)| table)
    }
}

/// The keys of the table.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ListenTable {
    address: Address,
    mode: Option<FileMode>,
    #[serde(default)]
    proxy_protocol: bool,
}

/// A table whose keys suit its address.
#[derive(Deserialize)]
#[serde(try_from = "ListenTable")]
struct CheckedTable(ListenAddress);

impl TryFrom<ListenTable> for CheckedTable {
    type Error = &'static str;

    fn try_from(ListenTable { address, mode, proxy_protocol }: ListenTable) -> Result<Self, Self::Error> {
        match (&address, mode) {
            (Address::Tcp(_) | Address::Systemd(_), Some(_)) => {
                Err("must not have `mode`, which is for the file of a Unix socket")
            }
            _ => Ok(Self(ListenAddress { address, mode, proxy_protocol })),
        }
    }
}

// ===== impl Address =====

impl FromStr for Address {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if let Some(path) = text.strip_prefix("unix:") {
            return match Path::new(path).is_absolute() && path.len() <= MAX_PATH_BYTES {
                true => Ok(Self::Unix(path.into())),
                false => Err(format!("must have an absolute path of at most {MAX_PATH_BYTES} bytes after \"unix:\"")),
            };
        }
        match text.strip_prefix("systemd:") {
            Some("") => Err("must have a name after \"systemd:\", the `FileDescriptorName` of the socket".to_owned()),
            Some(name) => Ok(Self::Systemd(name.to_owned())),
            None => text.parse().map(Self::Tcp).map_err(|_| EXPECTED.to_owned()),
        }
    }
}

impl fmt::Display for Address {
    fn fmt(&self, text: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp(address) => address.fmt(text),
            Self::Unix(path) => write!(text, "unix:{}", path.display()),
            Self::Systemd(name) => write!(text, "systemd:{name}"),
        }
    }
}

impl Serialize for Address {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Address {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Cow::<'_, str>::deserialize(deserializer)?.parse().map_err(D::Error::custom)
    }
}

// ===== impl FileMode =====

impl FileMode {
    /// Only the owner may connect.
    pub(super) const OWNER: Self = Self(0o600);

    /// The permission bits.
    #[must_use]
    pub fn bits(self) -> u32 {
        self.0
    }
}

impl Serialize for FileMode {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&format_args!("{:o}", self.0))
    }
}

impl<'de> Deserialize<'de> for FileMode {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Cow::<'_, str>::deserialize(deserializer)?;
        let bits = u32::from_str_radix(&text, 8).ok().filter(|bits| *bits <= 0o777 && !text.starts_with('+'));
        bits.map(Self).ok_or_else(|| D::Error::custom("must be three octal digits, such as \"660\""))
    }
}

impl JsonSchema for FileMode {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "FileMode".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "pattern": "^0?[0-7]{3}$", "examples": ["660"] })
    }
}
