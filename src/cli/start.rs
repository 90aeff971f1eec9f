//! Builds the gateways of a valid config: opens what the workers share, then makes each worker's clients.

use std::error::Error;
use std::path::Path;
use std::sync::Arc;

use crate::ceremony::memory::Ceremonies;
use crate::config::load::Config;
use crate::features::key_learning::KeyLearner;
use crate::features::user_handles::Handles;
use crate::gateway::Gateway;
use crate::gateway::runtime::RunningConfig;
use crate::gateway::upstream_client::UpstreamClient;
use crate::relying_party::RelyingParty;
use crate::relying_party::error::RelyingPartyError;
use crate::routes::Plan;
use crate::routes::route::Route;
use crate::routes::upstream::{Upstream, UpstreamKind};
use crate::upstream::admission::Admission;
use crate::upstream::http_upstream::HttpUpstream;
use crate::upstream::tls::TlsError;

/// Builds the gateway of each worker.
pub(super) struct GatewayBuilder {
    pub(super) shared: Arc<RunningConfig>,
    /// By upstream.
    resources: Vec<UpstreamResource>,
    /// Of shadow calls, by route.
    shadows: Vec<(usize, UpstreamResource)>,
    /// By upstream.
    handles: Arc<[Option<Handles>]>,
}

/// The part of one upstream's client that the workers share.
#[derive(Clone)]
enum UpstreamResource {
    Embedded(RelyingParty, KeyLearner),
    Http(Arc<Admission>),
}

/// An upstream that cannot be opened.
#[derive(Debug, thiserror::Error)]
#[error("the upstream `{name}` cannot be opened")]
pub(super) struct UnusableUpstream {
    name: String,
    source: RelyingPartyError,
}

impl GatewayBuilder {
    /// Opens the upstreams. After a reload it keeps the ceremonies, the counters, and each upstream resource whose
    /// settings have not changed.
    pub(super) fn open(config: Config, previous: Option<&Self>) -> Result<Self, UnusableUpstream> {
        let mut opened = Vec::with_capacity(config.plan.upstreams.len());
        for upstream in &config.plan.upstreams {
            let unusable = |source| UnusableUpstream { name: upstream.name.to_string(), source };
            let resource = previous.and_then(|previous| previous.same_resource(upstream));
            let resource = resource.map_or_else(|| open(upstream, &config.base).map_err(unusable), Ok)?;
            let same = |file| previous.and_then(|previous| previous.same_handles(file));
            let open = |file| Handles::open(&config.base.join(file)).map_err(|error| unusable(error.into()));
            let handles = upstream.handles.as_deref().map(|file| same(file).map_or_else(|| open(file), Ok));
            opened.push((resource, handles.transpose()?));
        }
        let (resources, handles): (Vec<_>, Vec<_>) = opened.into_iter().unzip();
        let previous = previous.map(|previous| &previous.shared);
        let new_ceremonies = || Arc::new(Ceremonies::new(&config.ceremonies));
        let passthrough_hosts = || config.passthrough.0.keys().map(ToString::to_string).collect();
        let mut shared = RunningConfig::new(
            config.plan,
            previous.map_or_else(new_ceremonies, |previous| previous.ceremonies.clone()),
            previous.map(|previous| previous.metrics.clone()).unwrap_or_default(),
            config.limits,
            previous.map_or_else(passthrough_hosts, |previous| previous.passthrough_hosts.clone()),
            config.fingerprint,
        );
        if let Some(previous) = previous {
            shared = shared.continuing(previous);
        }
        let shared = Arc::new(shared);
        Ok(Self { shadows: shadows(&shared.plan, &resources), shared, resources, handles: handles.into() })
    }

    /// The open file with the same path, of any upstream.
    fn same_handles(&self, file: &Path) -> Option<Handles> {
        let mut known = self.shared.plan.upstreams.iter().zip(&*self.handles);
        known.find_map(|(upstream, handles)| handles.clone().filter(|_| upstream.handles.as_deref() == Some(file)))
    }

    fn same_resource(&self, upstream: &Upstream) -> Option<UpstreamResource> {
        let mut known = self.shared.plan.upstreams.iter().zip(&self.resources);
        let same = known.find(|(known, _)| known.name == upstream.name && known.kind == upstream.kind);
        same.map(|(_, resource)| resource.clone())
    }

    /// The embedded relying party of an upstream.
    pub(super) fn party(&self, upstream: usize) -> Option<&RelyingParty> {
        match self.resources.get(upstream)? {
            UpstreamResource::Embedded(party, _) => Some(party),
            UpstreamResource::Http(_) => None,
        }
    }

    /// Builds the gateway of one worker.
    pub(super) fn build(&self) -> Result<Gateway, Box<dyn Error + Send + Sync>> {
        let upstreams = self.shared.plan.upstreams.iter().zip(&self.resources);
        let workers = upstreams.map(|(upstream, resource)| worker(upstream, resource)).collect::<Result<_, _>>()?;
        let shadows = self.shadows.iter().filter_map(|(route, resource)| {
            let upstream = &self.shared.plan.upstreams[shadow_upstream(&self.shared.plan.routes[*route])?];
            Some(worker(upstream, resource).map(|client| (*route, client)))
        });
        let shadows = shadows.collect::<Result<_, TlsError>>()?;
        let gateway = Gateway::new(self.shared.clone(), workers).with_shadow_clients(shadows);
        Ok(gateway.with_user_handles(self.handles.clone()))
    }
}

/// A resource for each shadow upstream, so that its limits and its circuit breaker do not affect callers. A directory is
/// shared: its queue is bounded, and shadow calls are few.
fn shadows(plan: &Plan, resources: &[UpstreamResource]) -> Vec<(usize, UpstreamResource)> {
    let routes = plan.routes.iter().enumerate();
    let shadows = routes.filter_map(|(index, route)| {
        let upstream = shadow_upstream(route)?;
        let Upstream { name, kind, .. } = &plan.upstreams[upstream];
        Some((
            index,
            match kind {
                UpstreamKind::Embedded(_) => resources[upstream].clone(),
                UpstreamKind::Http { http, .. } => {
                    UpstreamResource::Http(Admission::new(&format!("{name} (shadow)"), http))
                }
            },
        ))
    });
    shadows.collect()
}

fn shadow_upstream(route: &Route) -> Option<usize> {
    Some(route.backends[route.shadow()?.backend].upstream)
}

fn open(upstream: &Upstream, base: &Path) -> Result<UpstreamResource, RelyingPartyError> {
    match &upstream.kind {
        UpstreamKind::Embedded(settings) => {
            let party = RelyingParty::open(settings, base)?;
            let learner = KeyLearner::start(party.clone())?;
            Ok(UpstreamResource::Embedded(party, learner))
        }
        UpstreamKind::Http { http, .. } => Ok(UpstreamResource::Http(Admission::new(&upstream.name, http))),
    }
}

fn worker(upstream: &Upstream, resource: &UpstreamResource) -> Result<UpstreamClient, TlsError> {
    match (resource, &upstream.kind) {
        (UpstreamResource::Http(admission), UpstreamKind::Http { base_url, http, .. }) => {
            HttpUpstream::new(base_url.clone(), http, admission.clone())
                .map(|client| UpstreamClient::Http(Box::new(client)))
        }
        (UpstreamResource::Embedded(party, learner), _) => Ok(UpstreamClient::Embedded(party.clone(), learner.clone())),
        (UpstreamResource::Http(_), UpstreamKind::Embedded(_)) => {
            unreachable!("a resource has the kind of its upstream")
        }
    }
}
