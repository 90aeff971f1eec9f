//! The input that routes are compiled from.

use std::collections::{BTreeMap, BTreeSet};
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
    /// The keys of the config with a mistake that is reported already.
    pub mistakes: &'c BTreeSet<String>,
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

impl CompileInput<'_> {
    /// The names of a section: of the tables that work, and of those with a mistake.
    pub(crate) fn names<'n>(
        &'n self,
        section: &'n str,
        working: impl Iterator<Item = &'n String>,
    ) -> impl Iterator<Item = &'n str> {
        let below =
            move |key: &'n String| key.strip_prefix(section)?.strip_prefix('.').filter(|name| !name.contains('.'));
        working.map(String::as_str).chain(self.mistakes.iter().filter_map(below))
    }

    /// Whether a setting on which the support of the route depends has a mistake. If so, nothing is reported as
    /// impossible.
    pub(crate) fn is_undecided(&self, route: &str, upstream: &str) -> bool {
        let of_route = ["callers", "set", "fill", "relax", "issuer"].map(|key| format!("routes.{route}.{key}"));
        let of_upstream =
            ["set", "identity", "handles", "discoverable"].map(|key| format!("upstreams.{upstream}.{key}"));
        let decides = |mistake: &str, key: &str| {
            mistake.strip_prefix(key).is_some_and(|rest| matches!(rest.bytes().next(), None | Some(b'.')))
        };
        of_route.iter().chain(&of_upstream).any(|key| self.mistakes.iter().any(|mistake| decides(mistake, key)))
    }
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
        /// Whether its credentials are discoverable, if the config declares it.
        discoverable: Option<bool>,
    },
}

/// The identity maps of a config, and the map and the file of user handles of each upstream.
#[derive(Debug, Default)]
pub struct Identities {
    /// `[identity]`: the valid maps.
    pub maps: BTreeMap<String, Arc<Map>>,
    /// The map of each upstream, by the upstream's name.
    pub named: BTreeMap<String, String>,
    /// The file of user handles of each upstream, by the upstream's name.
    pub handles: BTreeMap<String, PathBuf>,
}
