//! Where a PostgreSQL database is, and whether TLS is spoken on the way.
//!
//! To this machine itself it is not, to any other it is, and then the server proves who it is. Plain
//! words to another machine must be asked for with `sslmode=disable`. Nothing here repeats the text: it
//! holds a password.

use std::fmt;
use std::net::IpAddr;
use std::path::Path;
use std::time::Duration;

use tokio_postgres::Config;
use tokio_postgres::config::{Host, SslMode};

use crate::identity::postgres::tls::Tls;
use crate::upstream::tls::TlsError;

/// After so long without a word the network is asked whether a connection still lives.
const ASK_AFTER: Duration = Duration::from_secs(60);

/// The address.
pub(crate) struct Address {
    pub(super) config: Config,
    pub(super) way: Way,
}

/// What is spoken on the way.
pub(super) enum Way {
    Plain,
    Tls(Tls),
}

/// Why a text is no address. Does not repeat the text.
#[derive(Debug, thiserror::Error)]
pub(crate) enum InvalidAddress {
    #[error("no connection string of PostgreSQL")]
    NotOne,
    #[error("a connection string with an `sslmode` other than `disable` and `require`")]
    SslMode,
    #[error("a connection string without a host")]
    NoHost,
    #[error("a connection string without a user")]
    NoUser,
    /// No TLS can be spoken.
    #[error(transparent)]
    Tls(#[from] TlsError),
}

impl Address {
    /// Reads `postgres://user:password@host/database` or `host=... user=...`. What is trusted to name
    /// other machines is in `ca_file`, else what the system trusts.
    pub(crate) fn parse(text: &str, ca_file: Option<&Path>, timeout: Duration) -> Result<Self, InvalidAddress> {
        let mut config: Config = text.parse().map_err(|_| match text.contains("sslmode") {
            true => InvalidAddress::SslMode,
            false => InvalidAddress::NotOne,
        })?;
        let (hosts, addresses) = (config.get_hosts(), config.get_hostaddrs());
        if hosts.is_empty() && addresses.is_empty() {
            return Err(InvalidAddress::NoHost);
        }
        // Else the library would take the name of whoever runs the gateway.
        if config.get_user().is_none_or(str::is_empty) {
            return Err(InvalidAddress::NoUser);
        }
        let stays_here = match addresses {
            [] => hosts.iter().all(is_here),
            addresses => addresses.iter().all(IpAddr::is_loopback),
        };
        let is_plain = match config.get_ssl_mode() {
            SslMode::Disable => true,
            SslMode::Require => false,
            _ => stays_here,
        };
        config.ssl_mode(if is_plain { SslMode::Disable } else { SslMode::Require });
        config.application_name("passbridge").keepalives_idle(ASK_AFTER).tcp_user_timeout(timeout);
        let way = if is_plain { Way::Plain } else { Way::Tls(Tls::trusting(ca_file)?) };
        Ok(Self { config, way })
    }
}

// By hand: the config holds a password.
impl fmt::Debug for Address {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Address").finish_non_exhaustive()
    }
}

fn is_here(host: &Host) -> bool {
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
    fn tls_is_spoken_to_every_other_machine() {
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
            assert_eq!(matches!(address.way, Way::Plain), is_plain, "{text}");
            let mode = if is_plain { SslMode::Disable } else { SslMode::Require };
            assert_eq!(address.config.get_ssl_mode(), mode, "{text}");
        }
    }

    #[test]
    fn what_is_wrong_is_told_without_the_text() {
        for text in [
            "hunter2",
            "https://u:hunter2@a.example",
            "postgres://u:hunter2@a.example?sslmode=verify-full",
            "postgres:///d?password=hunter2",
            "postgres://:hunter2@a.example/d",
            "host=a.example password=hunter2 hunter2=1",
        ] {
            let told = parse(text).unwrap_err().to_string();
            assert!(!told.contains("hunter2"), "{told}");
        }
        assert!(matches!(parse("postgres://u@a?sslmode=verify-full"), Err(InvalidAddress::SslMode)));
        assert!(matches!(parse("postgres:///d?user=u"), Err(InvalidAddress::NoHost)));
        assert!(matches!(parse("postgres://a.example/d"), Err(InvalidAddress::NoUser)));
        assert!(!format!("{:?}", parse("postgres://u:hunter2@localhost").unwrap()).contains("hunter2"));
    }
}
