//! An upstream of the config: its kind, and the members that identify its users.

use std::path::Path;
use std::sync::Arc;

use crate::identity::map::Map;
use crate::provider::descriptor::Provider;
use crate::relying_party::config::EmbeddedSettings;
use crate::routes::provider_side::ProviderSide;
use crate::upstream::base_url::BaseUrl;
use crate::upstream::http_settings::HttpSettings;

/// An upstream.
#[derive(Debug)]
pub struct Upstream {
    /// Its name in the config.
    pub name: Arc<str>,
    /// Its kind.
    pub kind: UpstreamKind,
    /// The map between the caller's users and its own. Without one both sides name users alike.
    pub identity: Option<Arc<Map>>,
    /// The file with the user handles of its passkeys, as the config names it.
    pub handles: Option<Arc<Path>>,
}

/// The kind of an upstream.
#[derive(Debug, PartialEq)]
pub enum UpstreamKind {
    /// The embedded relying party.
    Embedded(EmbeddedSettings),
    /// A provider over HTTP.
    Http {
        /// Its API.
        provider: Arc<Provider>,
        /// The base URL of its API.
        base_url: BaseUrl,
        /// Limits.
        http: HttpSettings,
        /// Whether its credentials are discoverable, if the config declares it.
        discoverable: Option<bool>,
    },
}

impl Upstream {
    /// Its messages.
    pub fn side(&self) -> ProviderSide<'_> {
        match &self.kind {
            UpstreamKind::Embedded(_) => ProviderSide::Embedded,
            UpstreamKind::Http { provider, .. } => ProviderSide::Provider(provider),
        }
    }

    /// Whether its credentials are discoverable. Those of the embedded relying party always are.
    pub fn discoverable(&self) -> Option<bool> {
        match &self.kind {
            UpstreamKind::Embedded(_) => Some(true),
            UpstreamKind::Http { discoverable, .. } => *discoverable,
        }
    }
}
