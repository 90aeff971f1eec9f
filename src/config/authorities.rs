//! The files of certificate authorities that a config names.
//!
//! Like every path of the config they start at its folder. Each is looked at when the config is read:
//! one that cannot be used is a mistake of the config, not a failure of the start.

use std::path::{Path, PathBuf};

use crate::base::diagnostic::Diagnostic;
use crate::base::document::Places;
use crate::upstream::tls::{TlsError, check_ca_file};

/// Where a file is that the config names at `key`, and what is wrong with it.
pub(crate) fn find(base: &Path, named: &Path, key: &str, places: &Places) -> (PathBuf, Option<Diagnostic>) {
    let file = base.join(named);
    let shown = file.display();
    let problem = match check_ca_file(&file) {
        Ok(()) => return (file, None),
        Err(TlsError::Unreadable(_, error)) => format!("the file {shown} cannot be read: {error}"),
        Err(TlsError::NoCertificate(_)) => format!("the file {shown} holds no PEM certificate"),
        Err(TlsError::Setup(_)) => format!("the file {shown} holds what is no certificate"),
    };
    let remedy = "name a PEM file of certificate authorities, or leave it out to trust the system's";
    let diagnostic = places.locate(Diagnostic::error(problem).label("this file").remedy(remedy), key);
    (file, Some(diagnostic))
}
