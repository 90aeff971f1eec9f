//! Files of certificate authorities. They are checked when the config is read, so that an unusable one is a finding.

use std::path::{Path, PathBuf};

use crate::base::diagnostic::Diagnostic;
use crate::base::document::Places;
use crate::upstream::tls::{TlsError, check_ca_file};

/// The path of the file that `key` names, relative to the folder of the config, and what is wrong with the file.
pub(crate) fn find(base: &Path, named: &Path, key: &str, places: &Places) -> (PathBuf, Option<Diagnostic>) {
    let file = base.join(named);
    let shown = file.display();
    let problem = match check_ca_file(&file) {
        Ok(()) => return (file, None),
        Err(TlsError::Unreadable(_, error)) => format!("the file {shown} cannot be read: {error}"),
        Err(TlsError::NoCertificate(_)) => format!("the file {shown} contains no PEM certificate"),
        Err(TlsError::Setup(_)) => format!("the file {shown} contains an invalid certificate"),
    };
    let remedy = "use a PEM file of certificate authorities, or remove the key to trust those of the system";
    let diagnostic = places.locate(Diagnostic::error(problem).label("this file").remedy(remedy), key);
    (file, Some(diagnostic))
}
