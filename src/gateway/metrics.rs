//! What is counted, for `GET /metrics` on the admin listener (OpenMetrics 1.0).
//!
//! Labels are names out of the config and of closed sets, never a caller's value, so that nobody can make their
//! number grow. What is counted goes on through a reload; what only has a state is looked up when it is asked for.

use std::fmt;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use prometheus_client::encoding::text::{encode_eof, encode_registry};
use prometheus_client::encoding::{EncodeLabel as _, EncodeLabelSet, LabelSetEncoder};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::{Registry, Unit};

use crate::gateway::context::Part;
use crate::gateway::pipeline::Gateway;
use crate::gateway::steps::call_upstream::Worker;
use crate::model::fault::Fault;
use crate::model::operation::Operation;
use crate::policy::decision::Decision;
use crate::routes::{Route, Upstream};
use crate::upstream::breaker::BreakerState;

/// Upper bounds of the histograms' buckets, in seconds: from what the gateway alone costs to a long deadline.
const BUCKETS: [f64; 12] = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0, 2.5, 10.0];

/// What is counted.
#[derive(Debug)]
pub struct Metrics {
    registry: Registry,
    requests: Family<Labels, Counter>,
    request_duration: Family<Labels, Histogram>,
    upstream_duration: Family<Labels, Histogram>,
    shadow_duration: Family<Labels, Histogram>,
    decisions: Family<Sent, Counter>,
    handles: Family<Labels, Counter>,
}

/// Which route sent a request to which upstream, and why, or what came of that.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Sent {
    route: Arc<str>,
    upstream: Arc<str>,
    because: (&'static str, String),
}

/// Who did what, and what came of it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Labels {
    /// `route` or `upstream`.
    kind: &'static str,
    name: Arc<str>,
    operation: Option<Operation>,
    outcome: Option<&'static str>,
}

/// Where an operation of a route is counted, found once: to look it up costs 800 instructions each time.
#[derive(Debug, Default)]
pub struct RouteCounters {
    successes: OnceLock<Counter>,
    durations: OnceLock<Histogram>,
    /// Of calls that were answered.
    calls: OnceLock<Histogram>,
}

// ===== impl Metrics =====

impl Default for Metrics {
    fn default() -> Self {
        let histograms = || Family::new_with_constructor((|| Histogram::new(BUCKETS)) as fn() -> Histogram);
        let (requests, request_duration) = (Family::default(), histograms());
        let (upstream_duration, shadow_duration) = (histograms(), histograms());
        let mut registry = Registry::with_prefix("passbridge");
        registry.register("build", "The program", Info::new([("version", env!("CARGO_PKG_VERSION"))]));
        registry.register("requests", "Requests of operations; outcome is success or the fault", requests.clone());
        registry.register_with_unit(
            "request_duration",
            "From a request's whole content to its answer",
            Unit::Seconds,
            request_duration.clone(),
        );
        registry.register_with_unit(
            "upstream_duration",
            "From asking an upstream to the end of its answer; outcome is answered, or the fault for want of one",
            Unit::Seconds,
            upstream_duration.clone(),
        );
        registry.register_with_unit(
            "shadow_duration",
            "The same of the calls of shadows, which are not among those of their upstreams",
            Unit::Seconds,
            shadow_duration.clone(),
        );
        let decisions = Family::default();
        registry.register("decisions", "Requests of routes with policies, and what was decided", decisions.clone());
        let handles = Family::default();
        registry.register("user_handles", "Passkeys at a user handle bridge, and what became of them", handles.clone());
        Self { registry, requests, request_duration, upstream_duration, shadow_duration, decisions, handles }
    }
}

impl Metrics {
    /// Counts a request of an operation that was answered.
    pub(crate) fn succeeded(&self, route: &Route, operation: Operation) {
        let labels = || Labels::of_route(route, operation, Some("success"));
        let counter = || self.requests.get_or_create(&labels()).clone();
        route.meters[&operation].successes.get_or_init(counter).inc();
    }

    /// Counts a request of an operation that was refused.
    pub(crate) fn refused(&self, route: &Route, operation: Operation, fault: Fault) {
        self.requests.get_or_create(&Labels::of_route(route, operation, Some(fault.name()))).inc();
    }

    /// Counts what the policies of a route decided.
    pub(crate) fn decided(&self, route: &Arc<str>, decision: &Decision) {
        let because = ("reason", decision.reason.to_string());
        let sent = Sent { route: route.clone(), upstream: decision.upstream.clone(), because };
        self.decisions.get_or_create(&sent).inc();
    }

    /// Counts a passkey at the user handle bridge of an upstream.
    pub(crate) fn bridged(&self, upstream: &Arc<str>, outcome: &'static str) {
        let outcome = Some(outcome);
        let labels = Labels { kind: "upstream", name: upstream.clone(), operation: None, outcome };
        self.handles.get_or_create(&labels).inc();
    }

    /// Counts how long the answer to a request took.
    pub(crate) fn took(&self, route: &Route, operation: Operation, time: Duration) {
        let labels = || Labels::of_route(route, operation, None);
        let histogram = || self.request_duration.get_or_create(&labels()).clone();
        route.meters[&operation].durations.get_or_init(histogram).observe(time.as_secs_f64());
    }

    /// Counts a call of the upstream of a way; `fault` where there was no answer. Nobody waits for a shadow's.
    pub(crate) fn called(
        &self,
        (part, way): (Part, &Route),
        upstream: &Upstream,
        (operation, fault): (Operation, Option<Fault>),
        time: Duration,
    ) {
        let counted = |durations: &Family<Labels, Histogram>| {
            let outcome = Some(fault.map_or("answered", Fault::name));
            let name = upstream.name.clone();
            let labels = Labels { kind: "upstream", name, operation: Some(operation), outcome };
            durations.get_or_create(&labels).clone()
        };
        let seconds = time.as_secs_f64();
        match (part, fault) {
            (Part::Shadow, _) => counted(&self.shadow_duration).observe(seconds),
            (Part::Alone | Part::Lit, Some(_)) => counted(&self.upstream_duration).observe(seconds),
            (Part::Alone | Part::Lit, None) => {
                let calls = &way.meters[&operation].calls;
                calls.get_or_init(|| counted(&self.upstream_duration)).observe(seconds);
            }
        }
    }
}

impl Labels {
    fn of_route(route: &Route, operation: Operation, outcome: Option<&'static str>) -> Self {
        Self { kind: "route", name: route.name.clone(), operation: Some(operation), outcome }
    }
}

impl EncodeLabelSet for Labels {
    fn encode(&self, encoder: &mut LabelSetEncoder<'_>) -> fmt::Result {
        (self.kind, &*self.name).encode(encoder.encode_label())?;
        if let Some(operation) = self.operation {
            ("operation", operation.name()).encode(encoder.encode_label())?;
        }
        if let Some(outcome) = self.outcome {
            ("outcome", outcome).encode(encoder.encode_label())?;
        }
        Ok(())
    }
}

impl EncodeLabelSet for Sent {
    fn encode(&self, encoder: &mut LabelSetEncoder<'_>) -> fmt::Result {
        ("route", &*self.route).encode(encoder.encode_label())?;
        ("upstream", &*self.upstream).encode(encoder.encode_label())?;
        (self.because.0, self.because.1.as_str()).encode(encoder.encode_label())
    }
}

// ===== impl Gateway =====

impl Gateway {
    /// The text of `/metrics`.
    ///
    /// # Errors
    /// When a label or a value cannot be written.
    pub fn metrics(&self) -> Result<String, fmt::Error> {
        let mut text = String::new();
        encode_registry(&mut text, &self.shared.metrics.registry)?;
        encode_registry(&mut text, &self.states())?;
        encode_eof(&mut text)?;
        Ok(text)
    }

    /// What has a state, as it is now.
    fn states(&self) -> Registry {
        let mut registry = Registry::with_prefix("passbridge");
        let (generation, held) = (Gauge::<i64>::default(), Gauge::<i64>::default());
        generation.set(i64::try_from(self.generation).unwrap_or(i64::MAX));
        held.set(i64::try_from(self.shared.ceremonies.len()).unwrap_or(i64::MAX));
        registry.register("config_generation", "How often the config was loaded anew", generation);
        registry.register("ceremonies", "Ceremonies that were begun and wait for their finish", held);
        let (in_flight, open) = (Family::<Labels, Gauge>::default(), Family::<Labels, Gauge>::default());
        for (upstream, worker) in self.shared.plan.upstreams.iter().zip(self.workers.iter()) {
            let Worker::Http(http) = worker else { continue };
            let labels = Labels { kind: "upstream", name: upstream.name.clone(), operation: None, outcome: None };
            let calls = i64::try_from(http.admission().in_flight()).unwrap_or(i64::MAX);
            in_flight.get_or_create(&labels).set(calls);
            open.get_or_create(&labels).set(i64::from(http.admission().breaker() != BreakerState::Closed));
        }
        let shadows = Family::<Sent, Counter>::default();
        for (route, upstream, outcome, count) in self.shadow_counts() {
            let because = ("outcome", outcome.to_owned());
            shadows.get_or_create(&Sent { route, upstream, because }).inc_by(count);
        }
        registry.register("shadows", "Logins tried at a shadow, dropped for want of room among them", shadows);
        registry.register("upstream_in_flight", "Calls to an upstream that are under way", in_flight);
        registry.register("upstream_breaker_open", "1 while an upstream is left alone after failures", open);
        registry
    }
}
