//! How much user verification a ceremony asks for (WebAuthn 5.8.6).

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How much a ceremony insists on user verification, weakest first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum UserVerification {
    /// The user should not be bothered.
    Discouraged,
    /// The user is verified where the authenticator can.
    #[default]
    Preferred,
    /// An answer without user verification is refused.
    Required,
}

impl UserVerification {
    /// The word WebAuthn has for it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Discouraged => "discouraged",
            Self::Preferred => "preferred",
            Self::Required => "required",
        }
    }

    /// Reads a word; one that WebAuthn does not know counts as absent, which is `preferred`.
    pub fn read(word: &str) -> Self {
        match word {
            "required" => Self::Required,
            "discouraged" => Self::Discouraged,
            _ => Self::Preferred,
        }
    }
}
