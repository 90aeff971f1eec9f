//! The user verification requirement of a ceremony (WebAuthn 5.8.6).

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The user verification requirement of a ceremony, weakest first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum UserVerification {
    /// The user should not be verified.
    Discouraged,
    /// The user is verified if the authenticator can do so.
    #[default]
    Preferred,
    /// A response without user verification is refused.
    Required,
}

impl UserVerification {
    /// Its name in WebAuthn.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Discouraged => "discouraged",
            Self::Preferred => "preferred",
            Self::Required => "required",
        }
    }

    /// Parses a name. An unknown name counts as absent, which means `preferred`.
    pub fn read(word: &str) -> Self {
        match word {
            "required" => Self::Required,
            "discouraged" => Self::Discouraged,
            _ => Self::Preferred,
        }
    }
}
