//! References to secrets: `env:NAME` or `file:PATH`. The config never contains the secret itself.
//!
//! A reference may be shown in findings and logs; the secret must not.

use std::env;
use std::fmt;
use std::fs;
use std::path::Path;

use schemars::JsonSchema;
use secrecy::SecretString;
use serde::{Deserialize, Deserializer};

/// The maximum size of a file with a secret, in bytes.
const MAX_FILE_BYTES: u64 = 64 * 1024;

/// A reference to a secret.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, JsonSchema)]
#[schemars(
    with = "String",
    extend("title" = "`env:NAME` or `file:PATH`", "pattern" = "^(env|file):.+$", "examples" = ["env:NAME"])
)]
pub enum SecretReference {
    /// An environment variable.
    Environment(String),
    /// A file; white space at its end is ignored.
    File(String),
}

impl SecretReference {
    /// Parses `env:NAME` or `file:PATH`; `None` for anything else.
    pub fn parse(text: &str) -> Option<Self> {
        match text.split_once(':') {
            Some(("env", name)) if !name.is_empty() => Some(Self::Environment(name.to_owned())),
            Some(("file", path)) if !path.is_empty() => Some(Self::File(path.to_owned())),
            _ => None,
        }
    }

    /// What to do if there is no secret.
    pub fn remedy(&self) -> String {
        match self {
            Self::Environment(name) => format!("set {name} in the environment of the gateway"),
            Self::File(path) => format!("write the secret to {path}, and make the file readable by the gateway"),
        }
    }

    /// Reads the secret; a relative path starts at `base`.
    ///
    /// # Errors
    /// A message, which does not contain the secret, if it cannot be read or is empty.
    pub fn resolve(&self, base: &Path) -> Result<SecretString, String> {
        let text = match self {
            Self::Environment(name) => {
                env::var(name).map_err(|_| format!("the environment variable {name} is not set"))?
            }
            Self::File(path) => {
                let path = base.join(path);
                let shown = path.display();
                let size =
                    fs::metadata(&path).map_err(|error| format!("the file {shown} cannot be read: {error}"))?.len();
                if size > MAX_FILE_BYTES {
                    return Err(format!("the file {shown} is larger than {MAX_FILE_BYTES} bytes"));
                }
                fs::read_to_string(&path).map_err(|error| format!("the file {shown} cannot be read: {error}"))?
            }
        };
        let text = text.trim_end();
        if text.is_empty() {
            return Err(format!("{self} is empty"));
        }
        Ok(SecretString::from(text))
    }
}

impl fmt::Display for SecretReference {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Environment(name) => write!(formatter, "the environment variable {name}"),
            Self::File(path) => write!(formatter, "the file {path}"),
        }
    }
}

impl<'de> Deserialize<'de> for SecretReference {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).ok_or_else(|| {
            serde::de::Error::custom("must be `env:NAME` or `file:PATH`: the config must not contain the secret itself")
        })
    }
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret as _;

    use super::*;

    #[test]
    fn secret_of_a_file_has_no_line_end() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("key"), "s3cret\n").unwrap();
        let secret = SecretReference::parse("file:key").unwrap().resolve(folder.path()).unwrap();
        assert_eq!(secret.expose_secret(), "s3cret");
    }

    #[test]
    fn missing_and_empty_secrets_are_reported_by_name() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("empty"), "\n").unwrap();
        let error = |text| SecretReference::parse(text).unwrap().resolve(folder.path()).unwrap_err();
        assert_eq!(error("file:empty"), "the file empty is empty");
        assert_eq!(error("env:PASSBRIDGE_NO_SUCH"), "the environment variable PASSBRIDGE_NO_SUCH is not set");
    }

    #[test]
    fn literal_is_rejected_and_not_repeated() {
        assert_eq!(SecretReference::parse("hunter2"), None);
        let error = serde_json::from_str::<SecretReference>("\"hunter2\"").unwrap_err().to_string();
        assert!(!error.contains("hunter2"), "{error}");
    }
}
