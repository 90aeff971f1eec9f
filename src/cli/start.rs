//! From a config that works to gateways that run: directories opened, one set of clients a worker.

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
use crate::upstream::client::InvalidClient;
use crate::upstream::http_upstream::HttpUpstream;

/// What every worker's gateway is built from.
pub(super) struct Ready {
    pub(super) shared: Arc<RunningConfig>,
    doors: Vec<Door>,
    /// The doors of shadows, by route.
    shadows: Vec<(usize, Door)>,
    /// The user handles of each upstream's passkeys.
    handles: Arc<[Option<Handles>]>,
}

/// What the workers share of one upstream.
#[derive(Clone)]
enum Door {
    Embedded(RelyingParty, KeyLearner),
    Http(Arc<Admission>),
}

/// An upstream that cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("the upstream `{name}` cannot be used")]
pub(super) struct Unusable {
    name: String,
    source: RelyingPartyError,
}

impl Ready {
    /// Opens the embedded relying parties.
    pub(super) fn open(config: Config) -> Result<Self, Unusable> {
        let doors = config.plan.upstreams.iter().map(|upstream| open(upstream, &config.base));
        let doors = doors.collect::<Result<Vec<_>, _>>()?;
        let handles = config.plan.upstreams.iter().map(|upstream| open_handles(upstream, &config.base));
        let handles = handles.collect::<Result<_, _>>()?;
        let ceremonies = Arc::new(Ceremonies::new(&config.ceremonies));
        let passthrough_hosts = config.passthrough.0.keys().map(ToString::to_string).collect();
        let (plan, limits, fingerprint) = (config.plan, config.limits, config.fingerprint);
        let shared = RunningConfig::new(plan, ceremonies, Arc::default(), limits, passthrough_hosts, fingerprint);
        let shared = Arc::new(shared);
        Ok(Self { shadows: shadows(&shared.plan, &doors), shared, doors, handles })
    }

    /// The same for a config that takes the place of another one: its ceremonies go on, and so does a
    /// directory whose settings did not change.
    pub(super) fn reopen(config: Config, former: &Self) -> Result<Self, Unusable> {
        let doors = config.plan.upstreams.iter().map(|upstream| match former.same_door(upstream) {
            Some(door) => Ok(door),
            None => open(upstream, &config.base),
        });
        let doors = doors.collect::<Result<Vec<_>, _>>()?;
        let handles = config.plan.upstreams.iter().map(|upstream| match former.same_handles(upstream) {
            Some(handles) => Ok(Some(handles)),
            None => open_handles(upstream, &config.base),
        });
        let handles = handles.collect::<Result<_, _>>()?;
        let RunningConfig { ceremonies, metrics, passthrough_hosts, .. } = &*former.shared;
        let shared = RunningConfig::new(
            config.plan,
            ceremonies.clone(),
            metrics.clone(),
            config.limits,
            passthrough_hosts.clone(),
            config.fingerprint,
        );
        let shared = Arc::new(shared.continuing(&former.shared));
        Ok(Self { shadows: shadows(&shared.plan, &doors), shared, doors, handles })
    }

    /// The same file, whichever upstream has it now.
    fn same_handles(&self, upstream: &Upstream) -> Option<Handles> {
        let file = upstream.handles.as_ref()?;
        let mut known = self.shared.plan.upstreams.iter().zip(&*self.handles);
        known.find_map(|(former, handles)| handles.clone().filter(|_| former.handles.as_ref() == Some(file)))
    }

    fn same_door(&self, upstream: &Upstream) -> Option<Door> {
        let mut known = self.shared.plan.upstreams.iter().zip(&self.doors);
        known.find_map(|(former, door)| {
            (former.name == upstream.name && former.kind == upstream.kind).then(|| door.clone())
        })
    }

    /// The embedded relying party of an upstream.
    pub(super) fn party(&self, upstream: usize) -> Option<&RelyingParty> {
        match self.doors.get(upstream)? {
            Door::Embedded(party, _) => Some(party),
            Door::Http(_) => None,
        }
    }

    /// The gateway of one worker.
    pub(super) fn gateway(&self) -> Result<Gateway, Box<dyn Error + Send + Sync>> {
        let upstreams = self.shared.plan.upstreams.iter().zip(&self.doors);
        let workers = upstreams.map(|(upstream, door)| worker(upstream, door)).collect::<Result<_, _>>()?;
        let shadows = self.shadows.iter().map(|(route, door)| {
            let upstream = &self.shared.plan.upstreams[shadowed(&self.shared.plan.routes[*route])];
            Ok((*route, worker(upstream, door)?))
        });
        let shadows = shadows.collect::<Result<_, InvalidClient>>()?;
        Ok(Gateway::new(self.shared.clone(), workers)
            .with_shadow_clients(shadows)
            .with_user_handles(self.handles.clone()))
    }
}

/// A door of its own for each shadow, so that what happens there stays there. A directory is the same one:
/// its own queue is bounded, and a shadow asks few things at once.
fn shadows(plan: &Plan, doors: &[Door]) -> Vec<(usize, Door)> {
    let with_shadow = plan.routes.iter().enumerate().filter(|(_, route)| route.shadow().is_some());
    let door = |upstream: usize| match (&doors[upstream], &plan.upstreams[upstream]) {
        (door @ Door::Embedded(..), _) => door.clone(),
        (Door::Http(_), Upstream { name, kind: UpstreamKind::Http { http, .. }, .. }) => {
            Door::Http(Admission::new(&format!("{name} (shadow)"), http))
        }
        (Door::Http(_), _) => unreachable!("a door is made for its upstream"),
    };
    with_shadow.map(|(index, route)| (index, door(shadowed(route)))).collect()
}

/// The upstream of a route's shadow.
fn shadowed(route: &Route) -> usize {
    route.shadow().map_or(route.own_backend(), |shadow| &route.backends[shadow.backend]).upstream
}

fn open(upstream: &Upstream, base: &Path) -> Result<Door, Unusable> {
    match &upstream.kind {
        UpstreamKind::Embedded(settings) => {
            let unusable = |source| Unusable { name: upstream.name.to_string(), source };
            let party = RelyingParty::open(settings, base).map_err(unusable)?;
            let learner = KeyLearner::start(party.clone()).map_err(|error| unusable(error.into()))?;
            Ok(Door::Embedded(party, learner))
        }
        UpstreamKind::Http { http, .. } => Ok(Door::Http(Admission::new(&upstream.name, http))),
    }
}

fn open_handles(upstream: &Upstream, base: &Path) -> Result<Option<Handles>, Unusable> {
    let opened = upstream.handles.as_ref().map(|file| Handles::open(&base.join(file))).transpose();
    opened.map_err(|source| Unusable { name: upstream.name.to_string(), source: source.into() })
}

fn worker(upstream: &Upstream, door: &Door) -> Result<UpstreamClient, InvalidClient> {
    match (door, &upstream.kind) {
        (Door::Http(admission), UpstreamKind::Http { base_url, http, .. }) => {
            HttpUpstream::new(base_url.clone(), http, admission.clone()).map(UpstreamClient::Http)
        }
        (Door::Embedded(party, learner), _) => Ok(UpstreamClient::Embedded(party.clone(), learner.clone())),
        (Door::Http(_), UpstreamKind::Embedded(_)) => unreachable!("a door is made for its upstream"),
    }
}
