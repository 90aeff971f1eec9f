//! Builds the reqwest client that fetches documents.
//!
//! Proxies from the environment, redirects, `Referer`, cookies, decompression, retries and the second
//! resolver are turned off: a request is sent as written, once, to the configured address. The client still
//! adds `Accept: */*` to a request without `Accept`.

use std::path::Path;
use std::time::Duration;

use reqwest::redirect::Policy;
use reqwest::{Certificate, Client};

use crate::upstream::base_url::BaseUrl;
use crate::upstream::tls::{self, TlsError};

/// How often an HTTP/2 connection is pinged.
const PING_INTERVAL: Duration = Duration::from_secs(20);
/// How long a ping may take. Without this, a dead connection blocks every call that shares it.
const PING_TIMEOUT: Duration = Duration::from_secs(5);

/// The options of a client.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ClientOptions<'a> {
    pub(crate) connect_timeout: Duration,
    pub(crate) idle_timeout: Duration,
    pub(crate) ca_file: Option<&'a Path>,
    /// Needed for upgrades, which exist only in HTTP/1.1.
    pub(crate) http1_only: bool,
}

/// Builds the client for `base`. This reads certificate authorities from disk, so build it once and keep it.
///
/// # Errors
///
/// See [`TlsError`].
pub(crate) fn client(base: &BaseUrl, options: ClientOptions<'_>) -> Result<Client, TlsError> {
    let mut builder = Client::builder()
        .no_proxy()
        .redirect(Policy::none())
        .referer(false)
        .retry(reqwest::retry::never())
        .no_hickory_dns()
        .https_only(!base.is_plain())
        .connect_timeout(options.connect_timeout)
        .pool_idle_timeout(options.idle_timeout)
        .http2_keep_alive_interval(PING_INTERVAL)
        .http2_keep_alive_timeout(PING_TIMEOUT)
        .http2_keep_alive_while_idle(true);
    if options.http1_only {
        builder = builder.http1_only();
    }
    if let Some(file) = options.ca_file {
        let certificates = tls::read_ca_file(file)?.into_iter().map(|der| Certificate::from_der(&der));
        builder = builder.tls_certs_only(certificates.collect::<Result<Vec<_>, _>>().map_err(setup)?);
    } else if base.is_plain() {
        // A plain upstream needs no TLS, so it works on a system without certificate authorities.
        builder = builder.tls_certs_only([]);
    }
    builder.build().map_err(setup)
}

fn setup(error: reqwest::Error) -> TlsError {
    TlsError::Setup(error.into())
}
