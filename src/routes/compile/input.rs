//! What routes are compiled from.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::base::document::Places;
use crate::base::hash_key::HashSecret;
use crate::identity::map::Map;
use crate::provider::registry::Registry;
use crate::relying_party::config::EmbeddedSettings;
use crate::routes::route_settings::{Assignments, RouteSettings};
use crate::upstream::base_url::BaseUrl;
use crate::upstream::http_settings::HttpSettings;

/// The config, as far as routes need it.
#[derive(Debug)]
pub struct CompileInput<'c> {
    /// Every provider.
    pub registry: &'c Registry,
    /// `[upstreams]`.
    pub upstreams: &'c BTreeMap<String, UpstreamSettings>,
    /// The upstreams of the config that could not be read.
    pub broken: &'c [String],
    /// `[identity]`, and which upstream has which map.
    pub identities: &'c Identities,
    /// `[routes]`.
    pub routes: &'c BTreeMap<String, RouteSettings>,
    /// The positions of the config's keys.
    pub places: &'c Places,
    /// The folder that relative paths start from.
    pub base: &'c Path,
    /// The secret of keyed hashes, where the config has one.
    pub hash_secret: Option<&'c HashSecret>,
}

/// `[upstreams.NAME]`.
#[derive(Clone, Debug)]
pub enum UpstreamSettings {
    /// The embedded relying party.
    Embedded(EmbeddedSettings),
    /// A provider over HTTP.
    Http {
        /// The provider's id.
        provider: String,
        /// The base URL of its API.
        base_url: BaseUrl,
        /// Limits.
        http: HttpSettings,
        /// Members of every request to this upstream.
        set: Assignments,
        /// Whether its credentials are discoverable, where the config says.
        discoverable: Option<bool>,
    },
}

/// The identity maps of a config, and the map and the file of user handles of each upstream.
#[derive(Debug, Default)]
pub struct Identities {
    /// `[identity]`: the valid maps.
    pub maps: BTreeMap<String, Arc<Map>>,
    /// The maps with errors.
    pub broken: Vec<String>,
    /// The map of each upstream, by the upstream's name.
    pub named: BTreeMap<String, String>,
    /// The file of user handles of each upstream, by the upstream's name.
    pub handles: BTreeMap<String, PathBuf>,
}
