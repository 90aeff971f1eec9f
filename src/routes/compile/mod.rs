//! From the config's routes to compiled ones, before a port is bound.
//!
//! Every mistake of every route is reported at once. A route without an error can serve every operation that it
//! offers. Start with [`compile`]; each other file compiles one part of a route.

pub(crate) mod backends;
pub(crate) mod builder;
pub(crate) mod decoys;
pub(crate) mod fallback;
pub(crate) mod findings;
pub mod identity;
pub(crate) mod key_learning;
pub(crate) mod policies;
pub(crate) mod route;
pub(crate) mod settings;
pub(crate) mod split;
pub(crate) mod user_handles;

use std::collections::BTreeMap;
use std::path::Path;

use crate::base::diagnostic::Diagnostics;
use crate::base::document::Places;
use crate::base::hash_key::HashSecret;
use crate::provider::registry::Registry;
use crate::relying_party::config::EmbeddedSettings;
use crate::routes::Plan;
use crate::routes::compile::builder::Builder;
use crate::routes::compile::identity::Identities;
use crate::routes::route::Route;
use crate::routes::route_settings::{Assignments, RouteSettings};
use crate::routes::router::Router;
use crate::upstream::base_url::BaseUrl;
use crate::upstream::settings::HttpSettings;

/// What routes are compiled from.
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

/// Compiles the routes of a config. With an error among the diagnostics they must not be served.
pub fn compile(input: &CompileInput<'_>) -> (Plan, Diagnostics) {
    let mut builder = Builder::new(input);
    for (name, settings) in input.upstreams {
        builder.upstream(name, settings);
    }
    let mut routes: Vec<Route> =
        input.routes.iter().filter_map(|(name, settings)| builder.route(name, settings)).collect();
    let mut router = Router::default();
    for index in 0..routes.len() {
        routes[index].index = index;
        builder.add_paths(&mut router, &routes, index);
    }
    builder.handles_apart();
    builder.unused_upstreams(&routes);
    builder.unused_maps();
    (Plan { routes, upstreams: builder.upstreams, router }, builder.diagnostics)
}
