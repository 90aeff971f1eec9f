//! The settings of the embedded relying party, and their checked form.
//!
//! An origin that cannot belong to `rp_id` is an error here, because every ceremony from it would fail.

use std::path::{Path, PathBuf};

use schemars::JsonSchema;
use serde::Deserialize;
use url::Url;

use crate::model::user_verification::UserVerification;
use crate::relying_party::directory::Store;
use crate::relying_party::error::{InvalidSetting, RelyingPartyError};

/// An upstream of the kind `embedded`: this program is the relying party.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct EmbeddedSettings {
    /// The relying party identifier: the domain of the passkeys, such as `example.com`.
    pub rp_id: String,
    /// The relying party's display name. Default: `rp_id`.
    pub rp_name: Option<String>,
    /// The origins of ceremonies, such as `https://login.example.com`. The host is `rp_id` or a subdomain of it, and
    /// the scheme is `https`, or `http` on localhost. An Android application's origin is `android:apk-key-hash:` and
    /// its hash.
    pub origins: Vec<String>,
    /// The SQLite file of users, passkeys and signing keys, created when missing. A relative path is relative
    /// to the directory of the config file.
    pub database: PathBuf,
    /// How long a user may take for a ceremony, in milliseconds, from 1000 to 3600000. Default: 300000.
    #[serde(default = "default_timeout")]
    pub timeout_ms: u32,
    /// Whether the authenticator must verify the user (PIN, fingerprint). Default: `preferred`.
    #[serde(default)]
    pub user_verification: UserVerification,
    /// Whether to add a demo user at the first start. Default: `false`.
    #[serde(default)]
    pub demo: bool,
    /// The issuer URL of the tokens. Set it if the gateway's host is not that of the first origin: APIs fetch the
    /// discovery document and the keys below it. Default: the first `http` or `https` origin, followed by a slash.
    pub issuer: Option<String>,
    /// The audience that every access token has, and that the gateway requires. Default: the issuer.
    pub audience: Option<String>,
    /// Further audiences that a client may request. Default: none.
    #[serde(default)]
    pub audiences: Vec<String>,
    /// The scopes that a client may be granted; others are omitted from the grant.
    /// Default: `openid`, `profile`, `email`, `offline_access`.
    #[serde(default = "default_scopes")]
    pub scopes: Vec<String>,
    /// The lifetime of access and id tokens, in seconds, from 1 to 86400. Default: 3600.
    #[serde(default = "default_access_lifetime")]
    pub access_lifetime: u32,
    /// The lifetime of a refresh token, in seconds, from 1 to 31536000. Default: 1209600 (14 days).
    #[serde(default = "default_refresh_lifetime")]
    pub refresh_lifetime: u32,
}

impl EmbeddedSettings {
    /// All invalid settings.
    pub fn problems(&self) -> Vec<InvalidSetting> {
        let mut problems = Vec::new();
        let rp_id = check_rp_id(&self.rp_id);
        // With an invalid domain, every origin would be invalid.
        if rp_id.is_ok() {
            problems.extend(self.origins.iter().filter_map(|origin| check_origin(origin, &self.rp_id).err()));
        }
        problems.extend(rp_id.err());
        if self.origins.is_empty() {
            problems.push(invalid("origins", "must have at least one origin", ORIGINS));
        }
        let ranges = [
            ("timeout_ms", self.timeout_ms, 1_000..=3_600_000, "must be from 1000 to 3600000"),
            ("access_lifetime", self.access_lifetime, 1..=86_400, "must be from 1 to 86400"),
            ("refresh_lifetime", self.refresh_lifetime, 1..=31_536_000, "must be from 1 to 31536000"),
        ];
        let outside = ranges.into_iter().filter(|(_, value, range, _)| !range.contains(value));
        problems.extend(outside.map(|(setting, _, _, problem)| invalid(setting, problem, LIFETIME)));
        match &self.issuer {
            Some(issuer) => problems.extend(check_issuer(issuer).err()),
            None if default_issuer(&self.origins).is_none() && !self.origins.is_empty() => {
                problems.push(invalid("issuer", "is required if no origin is http(s)", ISSUER));
            }
            None => {}
        }
        problems
    }

    /// Opens the directory, which a running relying party may have open too. A relative path starts at `base_dir`.
    ///
    /// # Errors
    /// See [`RelyingPartyError`].
    pub fn open_directory(&self, base_dir: &Path) -> Result<Store, RelyingPartyError> {
        RelyingPartyConfig::checked(self)?;
        Ok(Store::open(&base_dir.join(&self.database))?)
    }
}

/// The checked settings, with defaults.
#[derive(Clone, Debug)]
pub(crate) struct RelyingPartyConfig {
    pub(crate) rp_id: String,
    pub(crate) rp_name: String,
    pub(crate) origins: Vec<String>,
    pub(crate) timeout_ms: i64,
    pub(crate) user_verification: UserVerification,
    pub(crate) issuer: String,
    pub(crate) audience: String,
    pub(crate) audiences: Vec<String>,
    pub(crate) scopes: Vec<String>,
    pub(crate) access_lifetime: i64,
    pub(crate) refresh_lifetime: i64,
}

impl RelyingPartyConfig {
    pub(crate) fn checked(settings: &EmbeddedSettings) -> Result<Self, InvalidSetting> {
        if let Some(first) = settings.problems().into_iter().next() {
            return Err(first);
        }
        let issuer = settings.issuer.clone().or_else(|| default_issuer(&settings.origins));
        let issuer = issuer.expect("settings without a problem have an issuer");
        Ok(Self {
            rp_id: settings.rp_id.clone(),
            rp_name: settings.rp_name.clone().unwrap_or_else(|| settings.rp_id.clone()),
            origins: settings.origins.clone(),
            timeout_ms: settings.timeout_ms.into(),
            user_verification: settings.user_verification,
            audience: settings.audience.clone().unwrap_or_else(|| issuer.clone()),
            issuer,
            audiences: settings.audiences.clone(),
            scopes: settings.scopes.clone(),
            access_lifetime: settings.access_lifetime.into(),
            refresh_lifetime: settings.refresh_lifetime.into(),
        })
    }
}

fn default_timeout() -> u32 {
    300_000
}

fn default_scopes() -> Vec<String> {
    ["openid", "profile", "email", "offline_access"].map(str::to_owned).into()
}

fn default_access_lifetime() -> u32 {
    3_600
}

fn default_refresh_lifetime() -> u32 {
    1_209_600
}

const RP_ID: &str = "write the domain of the passkeys, such as `example.com`";
const ORIGINS: &str = "write scheme and host, and the port if it is not the default: `https://login.example.com`";
const ISSUER: &str = "write a URL such as `https://login.example.com/`";
const LIFETIME: &str = "write a number in that range, or remove the key";

fn invalid(setting: &'static str, problem: &'static str, remedy: &'static str) -> InvalidSetting {
    InvalidSetting { setting, problem, remedy }
}

fn check_rp_id(rp_id: &str) -> Result<(), InvalidSetting> {
    // Parsing a URL leaves its host unchanged only if it is in canonical form.
    match Url::parse(&format!("https://{rp_id}/")) {
        Ok(url) if url.domain() == Some(rp_id) => Ok(()),
        _ => Err(invalid("rp_id", "must be a domain in lower case, without scheme, port or path", RP_ID)),
    }
}

fn check_origin(origin: &str, rp_id: &str) -> Result<(), InvalidSetting> {
    if origin.strip_prefix("android:apk-key-hash:").is_some_and(|hash| !hash.is_empty()) {
        return Ok(());
    }
    let wrong = |problem| invalid("origins", problem, ORIGINS);
    let url = Url::parse(origin).map_err(|_| wrong("must contain only origins"))?;
    if url.origin().ascii_serialization() != origin {
        return Err(wrong("must have scheme, host and port in lower case, and nothing after them"));
    }
    let host = url.domain().unwrap_or_default();
    if host != rp_id && !host.strip_suffix(rp_id).is_some_and(|above| above.ends_with('.')) {
        return Err(wrong("must be origins whose host is `rp_id` or a subdomain of it"));
    }
    let local = host == "localhost" || host.ends_with(".localhost");
    match url.scheme() {
        "https" => Ok(()),
        "http" if local => Ok(()),
        _ => Err(wrong("must have https origins, or http origins on localhost")),
    }
}

fn check_issuer(issuer: &str) -> Result<(), InvalidSetting> {
    match Url::parse(issuer) {
        Ok(url) if matches!(url.scheme(), "https" | "http") && url.query().is_none() && url.fragment().is_none() => {
            Ok(())
        }
        _ => Err(invalid("issuer", "must be an http(s) URL without query or fragment", ISSUER)),
    }
}

/// The first origin that is a URL, with a slash.
fn default_issuer(origins: &[String]) -> Option<String> {
    let first = origins.iter().find(|origin| origin.starts_with("http"))?;
    Some(format!("{first}/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(toml: &str) -> EmbeddedSettings {
        toml::from_str(toml).unwrap()
    }

    fn problem(toml: &str) -> String {
        RelyingPartyConfig::checked(&settings(toml)).unwrap_err().to_string()
    }

    #[test]
    fn defaults_are_as_documented() {
        let config = RelyingPartyConfig::checked(&settings(
            "rp_id = 'localhost'\norigins = ['http://localhost:8080']\ndatabase = 'passbridge.db'",
        ))
        .unwrap();
        assert_eq!(config.rp_name, "localhost");
        assert_eq!(config.timeout_ms, 300_000);
        assert_eq!(config.user_verification, UserVerification::Preferred);
        assert_eq!(config.issuer, "http://localhost:8080/");
        assert_eq!(config.audience, "http://localhost:8080/");
        assert_eq!((config.access_lifetime, config.refresh_lifetime), (3600, 1_209_600));
    }

    #[test]
    fn unknown_settings_are_refused() {
        let error = toml::from_str::<EmbeddedSettings>("rp_id='a.b'\norigins=[]\ndatabase='x'\nrpid='a'").unwrap_err();
        assert!(error.to_string().contains("unknown field"), "{error}");
    }

    #[test]
    fn settings_that_fail_every_ceremony_are_errors() {
        let with =
            |rp_id: &str, origin: &str| problem(&format!("rp_id = '{rp_id}'\norigins = ['{origin}']\ndatabase = 'x'"));
        assert!(with("https://example.com", "https://example.com").starts_with("`rp_id` "));
        assert!(with("Example.com", "https://example.com").starts_with("`rp_id` "));
        assert!(with("127.0.0.1", "http://127.0.0.1").starts_with("`rp_id` "));
        for origin in [
            "https://example.org",
            "https://evilexample.com",
            "https://example.com/",
            "https://example.com:443",
            "https://EXAMPLE.com",
            "http://example.com",
            "ftp://example.com",
            "example.com",
            "android:apk-key-hash:",
        ] {
            assert!(with("example.com", origin).starts_with("`origins` "), "{origin}");
        }
        assert!(problem("rp_id='a.b'\norigins=[]\ndatabase='x'").starts_with("`origins` "));
        assert!(
            problem("rp_id='a.b'\norigins=['https://a.b']\ndatabase='x'\ntimeout_ms=1").starts_with("`timeout_ms` ")
        );
        assert!(problem("rp_id='a.b'\norigins=['https://a.b']\ndatabase='x'\nissuer='x'").starts_with("`issuer` "));
    }

    #[test]
    fn origins_of_subdomains_and_applications_are_accepted() {
        let config = RelyingPartyConfig::checked(&settings(
            "rp_id='example.com'\norigins=['android:apk-key-hash:abc','https://login.example.com:8443']\ndatabase='x'",
        ))
        .unwrap();
        assert_eq!(config.issuer, "https://login.example.com:8443/");
    }
}
