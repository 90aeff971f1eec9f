//! The address of a PostgreSQL database, and whether TLS is used.
//!
//! TLS with a verified certificate is used for every host except the local machine, unless `sslmode=disable` turns it
//! off. Errors never contain the connection string, because it has a password.

use std::fmt;
use std::net::IpAddr;
use std::path::Path;
use std::time::Duration;

use tokio_postgres::Config;
use tokio_postgres::config::{Host, SslMode};

use crate::identity::postgres::tls::Tls;
use crate::upstream::tls::TlsError;

/// The idle time after which TCP keepalive probes are sent.
const KEEPALIVE_IDLE: Duration = Duration::from_secs(60);

/// The address.
pub(crate) struct Address {
    pub(super) config: Config,
    pub(super) transport: Transport,
}

/// The transport.
pub(super) enum Transport {
    Plain,
    Tls(Tls),
}

/// Why a connection string is not valid. Never contains the text.
#[derive(Debug, thiserror::Error)]
pub(crate) enum InvalidAddress {
    #[error("a text that is not a PostgreSQL connection string")]
    NotAConnectionString,
    #[error("a connection string with an `sslmode` other than `disable` or `require`")]
    SslMode,
    #[error("a connection string without a host")]
    NoHost,
    #[error("a connection string without a user")]
    NoUser,
    /// TLS cannot be set up.
    #[error(transparent)]
    Tls(#[from] TlsError),
}

impl Address {
    /// Parses `postgres://user:password@host/database` or `host=... user=...`. The trusted certificate authorities are
    /// those in `ca_file`, or else those of the system.
    pub(crate) fn parse(text: &str, ca_file: Option<&Path>, timeout: Duration) -> Result<Self, InvalidAddress> {
        let mut config: Config = text.parse().map_err(|_| match text.contains("sslmode") {
            true => InvalidAddress::SslMode,
            false => InvalidAddress::NotAConnectionString,
        })?;
        let (hosts, addresses) = (config.get_hosts(), config.get_hostaddrs());
        if hosts.is_empty() && addresses.is_empty() {
            return Err(InvalidAddress::NoHost);
        }
        // Otherwise the library would use the name of the user that runs the gateway.
        if config.get_user().is_none_or(str::is_empty) {
            return Err(InvalidAddress::NoUser);
        }
        let is_local = match addresses {
            [] => hosts.iter().all(is_local_host),
            addresses => addresses.iter().all(IpAddr::is_loopback),
        };
        let is_plain = match config.get_ssl_mode() {
            SslMode::Disable => true,
            SslMode::Require => false,
            _ => is_local,
        };
        config.ssl_mode(if is_plain { SslMode::Disable } else { SslMode::Require });
        config.application_name("passbridge").keepalives_idle(KEEPALIVE_IDLE).tcp_user_timeout(timeout);
        let transport = if is_plain { Transport::Plain } else { Transport::Tls(Tls::trusting(ca_file)?) };
        Ok(Self { config, transport })
    }
}

// Not derived: the config contains a password.
impl fmt::Debug for Address {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Address").finish_non_exhaustive()
    }
}

fn is_local_host(host: &Host) -> bool {
    match host {
        Host::Tcp(name) => name == "localhost" || name.parse().is_ok_and(|address: IpAddr| address.is_loopback()),
        Host::Unix(_) => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Address, InvalidAddress> {
        Address::parse(text, None, Duration::from_secs(1))
    }

    #[test]
    fn tls_is_used_for_every_remote_host() {
        for (text, is_plain) in [
            ("postgres://u:p@127.0.0.1:1/d", true),
            ("postgres://u@localhost/d", true),
            ("postgres://u@[::1]/d", true),
            ("host=/run/postgresql user=u", true),
            ("postgres://u@127.0.0.1/d?sslmode=require", false),
            ("postgres://u@db.example/d", false),
            ("postgres://u@db.example/d?sslmode=prefer", false),
            ("postgres://u@localhost,db.example/d", false),
            ("host=localhost hostaddr=192.0.2.1 user=u", false),
            ("postgres://u@db.example/d?sslmode=disable", true),
        ] {
            let address = parse(text).unwrap();
            assert_eq!(matches!(address.transport, Transport::Plain), is_plain, "{text}");
            let mode = if is_plain { SslMode::Disable } else { SslMode::Require };
            assert_eq!(address.config.get_ssl_mode(), mode, "{text}");
        }
    }

    #[test]
    fn errors_do_not_contain_the_connection_string() {
        for text in [
            "hunter2",
            "https://u:hunter2@a.example",
            "postgres://u:hunter2@a.example?sslmode=verify-full",
            "postgres:///d?password=hunter2",
            "postgres://:hunter2@a.example/d",
            "host=a.example password=hunter2 hunter2=1",
        ] {
            let error = parse(text).unwrap_err().to_string();
            assert!(!error.contains("hunter2"), "{error}");
        }
        assert!(matches!(parse("postgres://u@a?sslmode=verify-full"), Err(InvalidAddress::SslMode)));
        assert!(matches!(parse("postgres:///d?user=u"), Err(InvalidAddress::NoHost)));
        assert!(matches!(parse("postgres://a.example/d"), Err(InvalidAddress::NoUser)));
        assert!(!format!("{:?}", parse("postgres://u:hunter2@localhost").unwrap()).contains("hunter2"));
    }
}
