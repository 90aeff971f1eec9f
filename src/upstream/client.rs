//! The library's HTTP client of one upstream or passthrough target, with every convenience turned off.
//!
//! No proxy from the environment, no redirect, no `Referer`, no cookie, no decompression, no retry,
//! no second resolver: what leaves is what was written, once, to the address in the config.
//! One convenience cannot be turned off: a request without `Accept` goes out with `Accept: */*`.

use std::error::Error;
use std::path::{Path, PathBuf};
use std::time::Duration;

use reqwest::redirect::Policy;
use reqwest::{Certificate, Client};

use crate::upstream::authorities;
use crate::upstream::base_url::BaseUrl;

/// How often an HTTP/2 connection is asked whether it still lives.
const PING_EVERY: Duration = Duration::from_secs(20);
/// How long it may take to answer. Without this, a dead connection hangs every call that shares it.
const PING_WITHIN: Duration = Duration::from_secs(5);

/// What differs between clients.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ClientOptions<'a> {
    /// Milliseconds are the unit of the config; durations are the unit here.
    pub(crate) connect_timeout: Duration,
    pub(crate) idle_timeout: Duration,
    pub(crate) ca_file: Option<&'a Path>,
    /// Upgraded connections exist in HTTP/1.1 only.
    pub(crate) http1_only: bool,
}

/// Why no client could be made. The operator has to act.
#[derive(Debug, thiserror::Error)]
pub enum InvalidClient {
    /// The file of certificate authorities cannot be read.
    #[error("cannot read ca_file {0}")]
    Unreadable(PathBuf, #[source] std::io::Error),
    /// The file holds no certificate in PEM.
    #[error("ca_file {0} holds no PEM certificate")]
    NoCertificate(PathBuf),
    /// TLS cannot be set up, as on a system without any certificate authority.
    #[error("TLS cannot be set up; are certificate authorities installed on this system?")]
    Tls(#[source] Box<dyn Error + Send + Sync>),
}

/// Makes the client for `base`. Reads the system's or the given certificate authorities, so make it
/// once and keep it.
///
/// # Errors
///
/// See [`InvalidClient`].
pub(crate) fn client(base: &BaseUrl, options: ClientOptions<'_>) -> Result<Client, InvalidClient> {
    let mut builder = Client::builder()
        .no_proxy()
        .redirect(Policy::none())
        .referer(false)
        .retry(reqwest::retry::never())
        .no_hickory_dns()
        .https_only(!base.is_plain())
        .connect_timeout(options.connect_timeout)
        .pool_idle_timeout(options.idle_timeout)
        .http2_keep_alive_interval(PING_EVERY)
        .http2_keep_alive_timeout(PING_WITHIN)
        .http2_keep_alive_while_idle(true);
    if options.http1_only {
        builder = builder.http1_only();
    }
    if let Some(file) = options.ca_file {
        let certificates = authorities::read(file)?.into_iter().map(|der| Certificate::from_der(&der));
        builder = builder.tls_certs_only(certificates.collect::<Result<Vec<_>, _>>().map_err(unusable)?);
    } else if base.is_plain() {
        // No TLS is ever spoken, so a system without any authority can still run.
        builder = builder.tls_certs_only([]);
    }
    builder.build().map_err(unusable)
}

fn unusable(error: reqwest::Error) -> InvalidClient {
    InvalidClient::Tls(error.into())
}
