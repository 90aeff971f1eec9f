//! TLS to upstreams and databases: the process's crypto provider, the system's or one file's certificate
//! authorities, one application protocol, session resumption.

use std::error::Error;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::crypto::{CryptoProvider, aws_lc_rs};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use rustls::{ClientConfig, RootCertStore};
use rustls_platform_verifier::Verifier;

/// Why TLS cannot be set up.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// The file of certificate authorities cannot be read.
    #[error("cannot read ca_file {0}")]
    Unreadable(PathBuf, #[source] io::Error),
    /// The file contains no certificate in PEM.
    #[error("ca_file {0} contains no PEM certificate")]
    NoCertificate(PathBuf),
    /// A certificate is invalid, or the system has no certificate authorities.
    #[error("TLS cannot be set up; are certificate authorities installed on this system?")]
    Setup(#[source] Box<dyn Error + Send + Sync>),
}

/// Checks that `file` contains certificate authorities that can be used.
///
/// # Errors
///
/// See [`TlsError`].
pub fn check_ca_file(file: &Path) -> Result<(), TlsError> {
    roots(file).map(drop)
}

/// The certificates in `file`; there is at least one.
///
/// # Errors
///
/// [`TlsError::Unreadable`] and [`TlsError::NoCertificate`].
pub(super) fn read_ca_file(file: &Path) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let pem = fs::read(file).map_err(|error| TlsError::Unreadable(file.to_owned(), error))?;
    match CertificateDer::pem_slice_iter(&pem).collect::<Result<Vec<_>, _>>() {
        Ok(certificates) if !certificates.is_empty() => Ok(certificates),
        Ok(_) | Err(_) => Err(TlsError::NoCertificate(file.to_owned())),
    }
}

/// Reads the certificate authorities from disk. `protocols` are the ALPN names of the
/// application protocols, the preferred one first.
pub(crate) fn client_config(ca_file: Option<&Path>, protocols: &[&str]) -> Result<Arc<ClientConfig>, TlsError> {
    let provider = CryptoProvider::get_default().cloned().unwrap_or_else(|| Arc::new(aws_lc_rs::default_provider()));
    let builder = ClientConfig::builder_with_provider(provider.clone());
    let builder = builder.with_safe_default_protocol_versions().map_err(setup)?;
    let builder = match ca_file {
        Some(file) => builder.with_root_certificates(roots(file)?),
        None => {
            let system = Arc::new(Verifier::new(provider).map_err(setup)?);
            builder.dangerous().with_custom_certificate_verifier(system)
        }
    };
    let mut config = builder.with_no_client_auth();
    config.alpn_protocols = protocols.iter().map(|name| name.as_bytes().to_vec()).collect();
    Ok(Arc::new(config))
}

fn roots(file: &Path) -> Result<RootCertStore, TlsError> {
    let mut roots = RootCertStore::empty();
    for certificate in read_ca_file(file)? {
        roots.add(certificate).map_err(setup)?;
    }
    Ok(roots)
}

fn setup(error: rustls::Error) -> TlsError {
    TlsError::Setup(error.into())
}
