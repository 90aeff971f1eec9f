//! The state that every operation of the relying party uses, on any thread.

use std::path::PathBuf;

use crate::relying_party::config::RelyingPartyConfig;
use crate::relying_party::tokens::keys::SigningKeys;

/// The settings and signing keys of a running relying party.
#[derive(Debug)]
pub(crate) struct RelyingPartyContext {
    pub(crate) config: RelyingPartyConfig,
    pub(crate) keys: SigningKeys,
    /// The file of the directory.
    pub(crate) database: PathBuf,
}
