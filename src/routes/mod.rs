//! The routes of a config, proved to work before a port is bound.
//!
//! Every mistake of every route is found in one go. A plan that was built without an error is what
//! the gateway runs by.

pub mod assignment;
pub mod compatibility;
pub mod compile;
pub(crate) mod forwarding;
pub mod provider_side;
pub mod route_settings;
pub mod router;

use std::collections::BTreeMap;
use std::iter;
use std::path::Path;
use std::sync::Arc;

use crate::base::diagnostic::Diagnostics;
use crate::base::document::Places;
use crate::base::hash_key::HashSecret;
use crate::caller_auth::{Callers, Relation};
use crate::features::decoys::Decoys;
use crate::features::key_learning::observe::Observes;
use crate::gateway::handler::RouteName;
use crate::gateway::metrics::RouteCounters;
use crate::identity::map::Map;
use crate::model::member::Member;
use crate::model::operation::Operation;
use crate::model::user_verification::UserVerification;
use crate::model::value::Value;
use crate::policy::Policy;
use crate::policy::shadow::Shadow;
use crate::provider::descriptor::Provider;
use crate::provider::registry::Registry;
use crate::relying_party::RelyingParty;
use crate::relying_party::config::EmbeddedSettings;
use crate::routes::assignment::{Assignment, Given};
use crate::routes::compatibility::OperationSupport;
use crate::routes::compile::builder::Builder;
use crate::routes::compile::identity::Identities;
use crate::routes::provider_side::ProviderSide;
use crate::routes::route_settings::{Assignments, CorsSettings, RouteSettings};
use crate::routes::router::Router;
use crate::upstream::base_url::BaseUrl;
use crate::upstream::settings::HttpSettings;

/// What a plan is made of.
#[derive(Debug)]
pub struct CompileInput<'c> {
    /// Every provider.
    pub registry: &'c Registry,
    /// `[upstreams]`.
    pub upstreams: &'c BTreeMap<String, UpstreamSettings>,
    /// The upstreams that are in the config and could not be read.
    pub broken: &'c [String],
    /// `[identity]`, and which upstream has which map.
    pub identities: &'c Identities,
    /// `[routes]`.
    pub routes: &'c BTreeMap<String, RouteSettings>,
    /// Where everything stands.
    pub places: &'c Places,
    /// Where relative paths start.
    pub base: &'c Path,
    /// What hashes are keyed with, where the config has a secret for that.
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
        /// Where its API stands.
        base_url: BaseUrl,
        /// Limits.
        http: HttpSettings,
        /// Members this upstream is always given.
        set: Assignments,
        /// Whether its credentials are discoverable, where that was said.
        discoverable: Option<bool>,
    },
}

/// Every route and upstream, ready to run.
#[derive(Debug)]
pub struct Plan {
    /// The routes.
    pub routes: Vec<Route>,
    /// The upstreams.
    pub upstreams: Vec<Upstream>,
    /// Which route a request is for.
    pub router: Router,
}

/// An upstream that does the work of routes.
#[derive(Debug)]
pub struct Upstream {
    /// Its name in the config.
    pub name: Arc<str>,
    /// What it is.
    pub kind: UpstreamKind,
    /// What says who the caller's user is there; without it both sides name users alike.
    pub identity: Option<Arc<Map>>,
    /// The file with the user handles of its passkeys, as the config names it.
    pub handles: Option<Arc<Path>>,
}

/// What an upstream is.
#[derive(Debug, PartialEq)]
pub enum UpstreamKind {
    /// The embedded relying party.
    Embedded(EmbeddedSettings),
    /// A provider over HTTP.
    Http {
        /// Its API.
        provider: Arc<Provider>,
        /// Where that stands.
        base_url: BaseUrl,
        /// Limits.
        http: HttpSettings,
        /// Whether its credentials are discoverable, where that was said.
        discoverable: Option<bool>,
    },
}

/// A route.
#[derive(Debug)]
pub struct Route {
    /// Its name in the config.
    pub name: Arc<str>,
    /// The provider whose API its callers speak.
    pub dialect: Arc<Provider>,
    /// What stands before the dialect's paths.
    pub prefix: String,
    /// For which hosts, in lower case; none is any.
    pub hosts: Vec<String>,
    /// Who does the work, by its place in the plan.
    pub upstream: usize,
    /// Who may call.
    pub callers: Arc<Callers>,
    /// What requests are given: the upstream's own first, then the route's.
    pub set: Vec<Assignment>,
    /// What responses are given where the upstream gave nothing.
    pub fill: Vec<Assignment>,
    /// Required members that may be written empty.
    pub relax: Vec<Member>,
    /// Whether it was accepted that nothing proves the user.
    pub relax_subject: bool,
    /// Whether it was accepted that every caller acts as one user of the upstream.
    pub relax_one_user: bool,
    /// The least user verification.
    pub verification: Option<UserVerification>,
    /// Whether a finish whose begin was never seen passes through.
    pub passes_unseen: bool,
    /// What users who are not there are answered with, where that is to be kept from callers.
    pub decoys: Option<Arc<Decoys>>,
    /// Which pages may call from a browser.
    pub cors: Option<CorsSettings>,
    /// The embedded upstream whose issuer makes the tokens, by its place in the plan.
    pub issuer: Option<usize>,
    /// Which embedded upstream watches the sign-ins.
    pub observes: Option<Observes>,
    /// How the upstream stands to the dialect.
    pub relation: Relation,
    /// Whether the upstream is asked for one and the same user, whoever the caller names.
    pub constant_user: bool,
    /// How the access line calls each operation of the dialect.
    pub line_names: BTreeMap<Operation, RouteName>,
    /// Where each operation of the dialect is counted.
    pub meters: BTreeMap<Operation, RouteCounters>,
    /// How each operation of the dialect is carried.
    pub carriages: BTreeMap<Operation, OperationSupport>,
    /// The other upstreams it may use, and who goes there.
    pub(crate) policy: Option<Box<Policy>>,
}

impl Upstream {
    /// The side of a route it stands on.
    pub fn side(&self) -> ProviderSide<'_> {
        match &self.kind {
            UpstreamKind::Embedded(_) => ProviderSide::Embedded,
            UpstreamKind::Http { provider, .. } => ProviderSide::Provider(provider),
        }
    }
}

impl Upstream {
    /// Whether its credentials are discoverable; those of the embedded relying party are.
    pub fn discoverable(&self) -> Option<bool> {
        match &self.kind {
            UpstreamKind::Embedded(_) => Some(true),
            UpstreamKind::Http { discoverable, .. } => *discoverable,
        }
    }
}

impl Route {
    /// The ways it has: itself first.
    pub fn ways(&self) -> impl Iterator<Item = &Self> {
        iter::once(self).chain(self.policy.iter().flat_map(|policy| &policy.ways))
    }

    /// What its logins are tried at too.
    pub(crate) fn shadow(&self) -> Option<&Shadow> {
        self.policy.as_ref()?.shadow.as_ref()
    }

    fn shadow_mut(&mut self) -> Option<&mut Shadow> {
        self.policy.as_mut()?.shadow.as_mut()
    }

    /// One of its ways; itself where it has no such.
    pub(crate) fn way(&self, way: usize) -> &Self {
        self.ways().nth(way).unwrap_or(self)
    }

    /// The way of whoever made a refresh token: it is no one else's to renew, or to see. `None` where none
    /// of them did.
    pub(crate) fn way_of_token(&self, token: Option<&str>) -> Option<&Self> {
        if token.is_some_and(RelyingParty::may_have_made) {
            return match self.issuer {
                Some(_) => Some(self),
                None => self.makers(token).next(),
            };
        }
        self.ways().find(|way| way.issuer.is_none() && way.relation == Relation::SameProvider)
    }

    /// The ways of the embedded relying parties that may have made a refresh token: what it looks like does
    /// not tell them apart.
    pub(crate) fn makers(&self, token: Option<&str>) -> impl Iterator<Item = &Self> {
        let is_theirs = self.issuer.is_none() && token.is_some_and(RelyingParty::may_have_made);
        self.ways().filter(move |way| is_theirs && way.relation == Relation::Embedded)
    }

    /// Whether an operation of the dialect is carried, on this way.
    pub fn carries(&self, operation: Operation) -> bool {
        self.carriages.get(&operation).is_some_and(OperationSupport::works)
    }

    /// The values that requests are given and that nobody may be shown.
    pub(crate) fn secrets(&self) -> impl Iterator<Item = &str> {
        self.set.iter().filter(|assignment| assignment.is_secret).filter_map(|assignment| match &assignment.given {
            Given::Constant(Value::Text(text)) => Some(&**text),
            Given::Constant(_) | Given::Reference { .. } => None,
        })
    }
}

impl Plan {
    /// Goes on counting where an earlier plan's shadows were.
    pub(crate) fn go_on_counting(&mut self, former: &Self) {
        for route in &mut self.routes {
            let known = former.routes.iter().find(|known| known.name == route.name);
            if let (Some(shadow), Some(known)) = (route.shadow_mut(), known.and_then(Route::shadow)) {
                shadow.tally = known.tally.clone();
            }
        }
    }

    /// Builds the plan of a config; with an error among the diagnostics it must not be run.
    pub fn build(ground: &CompileInput<'_>) -> (Self, Diagnostics) {
        let mut builder = Builder::new(ground);
        for (name, settings) in ground.upstreams {
            builder.upstream(name, settings);
        }
        let routes: Vec<Route> =
            ground.routes.iter().filter_map(|(name, settings)| builder.route(name, settings)).collect();
        let mut router = Router::default();
        for (index, route) in routes.iter().enumerate() {
            builder.add_paths(&mut router, index, &routes, route);
        }
        builder.handles_apart();
        builder.unused_upstreams(&routes);
        builder.unused_maps();
        (Self { routes, upstreams: builder.upstreams, router }, builder.diagnostics)
    }
}
