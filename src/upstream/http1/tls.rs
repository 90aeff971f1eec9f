//! How TLS is spoken to an upstream: the process's provider, the system's authorities or one file's,
//! one protocol and nothing else, sessions kept and resumed.

use std::path::Path;
use std::sync::Arc;

use rustls::crypto::{CryptoProvider, aws_lc_rs};
use rustls::{ClientConfig, Error, RootCertStore};
use rustls_platform_verifier::Verifier;

use crate::upstream::authorities;
use crate::upstream::client::InvalidClient;

/// Reads the authorities from disk; `protocol` is what is spoken within, by its name in RFC 7301.
pub(crate) fn config(ca_file: Option<&Path>, protocol: &str) -> Result<Arc<ClientConfig>, InvalidClient> {
    let provider = CryptoProvider::get_default().cloned().unwrap_or_else(|| Arc::new(aws_lc_rs::default_provider()));
    let builder = ClientConfig::builder_with_provider(provider.clone());
    let builder = builder.with_safe_default_protocol_versions().map_err(unusable)?;
    let builder = match ca_file {
        Some(file) => {
            let mut roots = RootCertStore::empty();
            for certificate in authorities::read(file)? {
                roots.add(certificate).map_err(unusable)?;
            }
            builder.with_root_certificates(roots)
        }
        None => {
            let system = Arc::new(Verifier::new(provider).map_err(unusable)?);
            builder.dangerous().with_custom_certificate_verifier(system)
        }
    };
    let mut config = builder.with_no_client_auth();
    config.alpn_protocols = vec![protocol.as_bytes().to_vec()];
    Ok(Arc::new(config))
}

fn unusable(error: Error) -> InvalidClient {
    InvalidClient::Tls(error.into())
}
