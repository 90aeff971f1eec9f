//! The certificate authorities of a `ca_file`.

use std::fs;
use std::path::Path;

use rustls::RootCertStore;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;

use crate::upstream::client::InvalidClient;

/// Proves that a file can be used.
///
/// # Errors
///
/// [`InvalidClient::Unreadable`], [`InvalidClient::NoCertificate`], and [`InvalidClient::Tls`] for what is
/// in PEM and no certificate.
pub fn prove(file: &Path) -> Result<(), InvalidClient> {
    let mut roots = RootCertStore::empty();
    for certificate in read(file)? {
        roots.add(certificate).map_err(|error| InvalidClient::Tls(error.into()))?;
    }
    Ok(())
}

/// Every certificate of a file in PEM; there is at least one.
///
/// # Errors
///
/// [`InvalidClient::Unreadable`] and [`InvalidClient::NoCertificate`].
pub(super) fn read(file: &Path) -> Result<Vec<CertificateDer<'static>>, InvalidClient> {
    let pem = fs::read(file).map_err(|error| InvalidClient::Unreadable(file.to_owned(), error))?;
    match CertificateDer::pem_slice_iter(&pem).collect::<Result<Vec<_>, _>>() {
        Ok(certificates) if !certificates.is_empty() => Ok(certificates),
        Ok(_) | Err(_) => Err(InvalidClient::NoCertificate(file.to_owned())),
    }
}
