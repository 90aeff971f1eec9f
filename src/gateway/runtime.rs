//! What requests run on: the compiled config, and the state that changes at run time.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use jiff::Timestamp;
use tokio::sync::Semaphore;

use crate::ceremony::memory::Ceremonies;
use crate::features::decoys::ResponseShape;
use crate::features::user_handles::Handles;
use crate::gateway::limits::Limits;
use crate::gateway::rate_limits::RateLimits;
use crate::gateway::upstream_client::UpstreamClient;
use crate::model::fault::{Fault, Refusal};
use crate::model::operation::Operation;
use crate::policy::shadow::Shadow;
use crate::policy::shadow::tally::ShadowTally;
use crate::provider::template::decode_context::{DecodeContext, Scratch};
use crate::relying_party::RelyingParty;
use crate::routes::Plan;
use crate::routes::route::Route;
use crate::routes::router::Candidate;
use crate::telemetry::metrics::{Metrics, OperationCounters};

/// A config and its state, as one worker thread has it. Clones share everything.
#[derive(Clone, Debug)]
pub struct Runtime {
    /// What all worker threads share.
    pub(crate) config: Arc<RunningConfig>,
    /// The clients of the upstreams, in the order of the plan.
    pub(crate) clients: Arc<[UpstreamClient]>,
    /// The clients of shadows, by the place of the route. They share nothing with those above.
    pub(crate) shadow_clients: Arc<BTreeMap<usize, UpstreamClient>>,
    /// The user handles of each upstream, where they are stored. Empty where none are.
    pub(crate) user_handles: Arc<[Option<Handles>]>,
    /// How often the config was reloaded before this one.
    pub(crate) generation: u64,
    /// The version of the config in the log: the generation and the fingerprint.
    pub(crate) version: Arc<str>,
}

/// A config, as all worker threads share it.
#[derive(Debug)]
pub struct RunningConfig {
    /// The routes and upstreams.
    pub plan: Plan,
    /// The ceremonies that wait for their finish.
    pub ceremonies: Arc<Ceremonies>,
    /// The metrics.
    pub metrics: Arc<Metrics>,
    /// The limits of requests.
    pub limits: Limits,
    /// The rate limits, and what they have counted.
    pub rate_limits: Arc<RateLimits>,
    /// The hosts that have a passthrough target. `*` is any host.
    pub passthrough_hosts: Vec<String>,
    /// A hash of the config.
    pub fingerprint: String,
    /// The state of each route, in the order of the plan.
    pub(crate) states: Vec<RouteState>,
}

/// The state of a route.
#[derive(Debug)]
pub(crate) struct RouteState {
    pub(crate) backends: Vec<BackendState>,
    pub(crate) shadow: Option<ShadowState>,
}

/// The state of a backend.
#[derive(Debug, Default)]
pub(crate) struct BackendState {
    /// By operation, in the order of [`Operation::ALL`].
    counters: [OperationCounters; Operation::ALL.len()],
    /// The shape of the upstream's real responses, for decoys.
    pub(crate) response_shape: ResponseShape,
}

/// The state of a shadow.
#[derive(Debug)]
pub(crate) struct ShadowState {
    /// The number of begins so far.
    pub(crate) begins: AtomicU64,
    /// Permits of calls that wait or are in flight.
    pub(crate) queue: Arc<Semaphore>,
    /// Permits of calls in flight.
    pub(crate) calls: Arc<Semaphore>,
    pub(crate) tally: Arc<ShadowTally>,
}

// ===== impl Runtime =====

impl Runtime {
    /// The route of a candidate.
    pub(crate) fn route(&self, candidate: &Candidate) -> &Route {
        &self.config.plan.routes[candidate.route]
    }

    /// How messages are read.
    pub(crate) fn reading<'a>(&self, scratch: &'a Scratch, now: Timestamp) -> DecodeContext<'a> {
        DecodeContext { scratch, now, max_depth: self.config.limits.max_depth.count(), lenient: false }
    }

    /// The embedded relying party of an upstream that issues tokens.
    ///
    /// # Errors
    /// `internal` if the upstream is not embedded, which compiling a route rules out.
    pub(crate) fn issuer(&self, upstream: usize) -> Result<&RelyingParty, Refusal> {
        let party = self.clients[upstream].embedded();
        party.ok_or_else(|| Refusal::new(Fault::Internal, "the issuer is not an embedded relying party"))
    }
}

// ===== impl RunningConfig =====

impl RunningConfig {
    /// A config with new state. Give [`Self::continuing`] the previous config to keep its counts.
    pub fn new(
        plan: Plan,
        ceremonies: Arc<Ceremonies>,
        metrics: Arc<Metrics>,
        limits: Limits,
        passthrough_hosts: Vec<String>,
        fingerprint: String,
    ) -> Self {
        let states = plan.routes.iter().map(RouteState::of).collect();
        let rate_limits = Arc::new(RateLimits::new(&limits.rates));
        Self { plan, ceremonies, metrics, limits, rate_limits, passthrough_hosts, fingerprint, states }
    }

    /// The same config, with the counts of the previous config's shadows, and those of its rate limits if they are equal.
    #[must_use]
    pub fn continuing(mut self, previous: &Self) -> Self {
        if self.limits.rates == previous.limits.rates {
            self.rate_limits = previous.rate_limits.clone();
        }
        for (route, state) in self.plan.routes.iter().zip(&mut self.states) {
            let same = previous.plan.routes.iter().position(|known| known.name == route.name);
            let known = same.and_then(|index| previous.states[index].shadow.as_ref());
            if let (Some(shadow), Some(known)) = (&mut state.shadow, known) {
                shadow.tally = known.tally.clone();
            }
        }
        self
    }

    /// Whether requests to a host that no operation matches have a passthrough target.
    pub(crate) fn has_passthrough(&self, host: Option<&str>) -> bool {
        let is_listed = |name: &String| name == "*" || host.is_some_and(|host| host.eq_ignore_ascii_case(name));
        self.passthrough_hosts.iter().any(is_listed)
    }
}

impl RouteState {
    fn of(route: &Route) -> Self {
        let backends = route.backends.iter().map(|_| BackendState::default()).collect();
        Self { backends, shadow: route.shadow().map(ShadowState::of) }
    }
}

impl BackendState {
    pub(crate) fn counters(&self, operation: Operation) -> &OperationCounters {
        &self.counters[operation as usize]
    }
}

impl ShadowState {
    fn of(shadow: &Shadow) -> Self {
        Self {
            begins: AtomicU64::new(0),
            queue: Arc::new(Semaphore::new(shadow.max_in_flight + shadow.max_waiting)),
            calls: Arc::new(Semaphore::new(shadow.max_in_flight)),
            tally: Arc::default(),
        }
    }
}
