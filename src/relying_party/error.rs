//! Why an embedded relying party cannot start.

use crate::storage::error::OpenError;

/// Why the relying party cannot start.
#[derive(Debug, thiserror::Error)]
pub enum RelyingPartyError {
    /// A setting is invalid.
    #[error(transparent)]
    Setting(#[from] InvalidSetting),
    /// The directory cannot be opened.
    #[error(transparent)]
    Directory(#[from] OpenError),
}

/// An invalid setting.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{setting}` {problem}")]
pub struct InvalidSetting {
    /// The config key.
    pub setting: &'static str,
    /// The rule that its value breaks. The value is not repeated.
    pub problem: &'static str,
    /// What to write instead.
    pub remedy: &'static str,
}
