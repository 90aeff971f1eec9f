//! Metrics for `GET /metrics` on the admin listener (OpenMetrics 1.0).
//!
//! Label values are names from the config and from closed sets, never a caller's value, so that the number of series is
//! bounded. Counters continue when the config is reloaded; gauges are read when the metrics are rendered.

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

/// Upper bounds of the histograms' buckets, in seconds: from the gateway's own cost to a long deadline.
const BUCKETS: [f64; 12] = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0, 2.5, 10.0];

/// The counters and histograms of the process.
#[derive(Debug)]
pub struct Metrics {
    registry: Registry,
    requests: Family<Labels, Counter>,
    request_duration: Family<Labels, Histogram>,
    upstream_duration: Family<Labels, Histogram>,
    shadow_duration: Family<Labels, Histogram>,
    decisions: Family<RouteLabels, Counter>,
    user_handles: Family<Labels, Counter>,
    rate_limits: Family<RateLimitLabels, Counter>,
}

/// The series of one operation of a route, looked up once: a look-up costs 800 instructions.
#[derive(Debug, Default)]
pub struct OperationCounters {
    successes: OnceLock<Counter>,
    durations: OnceLock<Histogram>,
    calls: OnceLock<Histogram>,
}

/// The labels of a call to an upstream.
#[derive(Clone, Copy, Debug)]
pub struct CallLabels<'l> {
    /// The name of the upstream.
    pub upstream: &'l Arc<str>,
    /// The name of the operation.
    pub operation: &'static str,
    /// The name of the fault. `None` if the upstream answered.
    pub fault: Option<&'static str>,
}

/// The state that is read when the metrics are rendered.
#[derive(Debug, Default)]
pub struct Gauges {
    /// How often the config was reloaded.
    pub generation: u64,
    /// Ceremonies that wait for their finish.
    pub ceremonies: usize,
    /// Each HTTP upstream: its name, calls in flight, and whether its circuit breaker is open.
    pub upstreams: Vec<(Arc<str>, usize, bool)>,
    /// Outcomes of shadows: route, upstream, outcome and count.
    pub shadows: Vec<(Arc<str>, Arc<str>, &'static str, u64)>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct RouteLabels {
    route: Arc<str>,
    upstream: Arc<str>,
    /// `reason` or `outcome`, and its value.
    detail: (&'static str, String),
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Labels {
    /// `route` or `upstream`.
    kind: &'static str,
    name: Arc<str>,
    operation: Option<&'static str>,
    outcome: Option<&'static str>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RateLimitLabels {
    route: Arc<str>,
    limit: &'static str,
    outcome: &'static str,
}

// ===== impl Metrics =====

impl Default for Metrics {
    fn default() -> Self {
        let histograms = || Family::new_with_constructor((|| Histogram::new(BUCKETS)) as fn() -> Histogram);
        let (requests, request_duration) = (Family::default(), histograms());
        let (upstream_duration, shadow_duration) = (histograms(), histograms());
        let (decisions, user_handles, rate_limits) = (Family::default(), Family::default(), Family::default());
        let mut registry = Registry::with_prefix("passbridge");
        registry.register("build", "The version of the program", Info::new([("version", env!("CARGO_PKG_VERSION"))]));
        registry.register("requests", "Requests by operation; the outcome is success or the fault", requests.clone());
        let mut seconds = |name: &str, help: &str, histogram: &Family<Labels, Histogram>| {
            registry.register_with_unit(name, help, Unit::Seconds, histogram.clone());
        };
        seconds("request_duration", "Time from the complete request to the response", &request_duration);
        seconds(
            "upstream_duration",
            "Time of a call to an upstream; the outcome is answered, or the fault if there was no answer",
            &upstream_duration,
        );
        seconds("shadow_duration", "The same for calls of shadows, which upstream_duration excludes", &shadow_duration);
        registry.register("decisions", "Requests of routes with policies, by decision", decisions.clone());
        registry.register("user_handles", "Passkeys looked up in the user handles, by outcome", user_handles.clone());
        registry.register(
            "rate_limits",
            "Requests over a rate limit; observed ones are not refused, because the client address is not declared",
            Family::clone(&rate_limits),
        );
        Self {
            registry,
            requests,
            request_duration,
            upstream_duration,
            shadow_duration,
            decisions,
            user_handles,
            rate_limits,
        }
    }
}

impl Metrics {
    /// Counts a request that succeeded.
    pub fn request_succeeded(&self, counters: &OperationCounters, route: &Arc<str>, operation: &'static str) {
        let labels = || Labels::of_route(route, operation, Some("success"));
        counters.successes.get_or_init(|| self.requests.get_or_create(&labels()).clone()).inc();
    }

    /// Counts a request that was refused.
    pub fn request_refused(&self, route: &Arc<str>, operation: &'static str, fault: &'static str) {
        self.requests.get_or_create(&Labels::of_route(route, operation, Some(fault))).inc();
    }

    /// Records the duration of a request.
    pub fn request_took(
        &self,
        counters: &OperationCounters,
        route: &Arc<str>,
        operation: &'static str,
        time: Duration,
    ) {
        let labels = || Labels::of_route(route, operation, None);
        let histogram = || self.request_duration.get_or_create(&labels()).clone();
        counters.durations.get_or_init(histogram).observe(time.as_secs_f64());
    }

    /// Records a call of a backend's upstream.
    pub fn upstream_called(&self, counters: &OperationCounters, labels: CallLabels<'_>, time: Duration) {
        let histogram = || labels.of(&self.upstream_duration);
        match labels.fault {
            Some(_) => histogram().observe(time.as_secs_f64()),
            None => counters.calls.get_or_init(histogram).observe(time.as_secs_f64()),
        }
    }

    /// Records a call of a shadow's upstream.
    pub fn shadow_called(&self, labels: CallLabels<'_>, time: Duration) {
        labels.of(&self.shadow_duration).observe(time.as_secs_f64());
    }

    /// Counts a decision of a route's policy.
    pub fn decided(&self, route: &Arc<str>, upstream: &Arc<str>, reason: String) {
        let labels = RouteLabels { route: route.clone(), upstream: upstream.clone(), detail: ("reason", reason) };
        self.decisions.get_or_create(&labels).inc();
    }

    /// Counts a passkey that was looked up in the user handles of an upstream.
    pub fn user_handle(&self, upstream: &Arc<str>, outcome: &'static str) {
        let labels = Labels { outcome: Some(outcome), ..Labels::of_upstream(upstream) };
        self.user_handles.get_or_create(&labels).inc();
    }

    /// Counts a request over a rate limit. `outcome` is `refused` or `observed`.
    pub fn rate_limited(&self, route: &Arc<str>, limit: &'static str, outcome: &'static str) {
        self.rate_limits.get_or_create(&RateLimitLabels { route: route.clone(), limit, outcome }).inc();
    }

    /// The text of `/metrics`.
    ///
    /// # Errors
    /// When a label or a value cannot be written.
    pub fn render(&self, gauges: Gauges) -> Result<String, fmt::Error> {
        let mut text = String::new();
        encode_registry(&mut text, &self.registry)?;
        encode_registry(&mut text, &gauges.into_registry())?;
        encode_eof(&mut text)?;
        Ok(text)
    }
}

impl Gauges {
    fn into_registry(self) -> Registry {
        let mut registry = Registry::with_prefix("passbridge");
        let (generation, held) = (Gauge::<i64>::default(), Gauge::<i64>::default());
        generation.set(i64::try_from(self.generation).unwrap_or(i64::MAX));
        held.set(i64::try_from(self.ceremonies).unwrap_or(i64::MAX));
        registry.register("config_generation", "How often the config was reloaded", generation);
        registry.register("ceremonies", "Ceremonies that wait for their finish", held);
        let (in_flight, open) = (Family::<Labels, Gauge>::default(), Family::<Labels, Gauge>::default());
        for (name, calls, is_open) in &self.upstreams {
            let labels = Labels::of_upstream(name);
            in_flight.get_or_create(&labels).set(i64::try_from(*calls).unwrap_or(i64::MAX));
            open.get_or_create(&labels).set(i64::from(*is_open));
        }
        let shadows = Family::<RouteLabels, Counter>::default();
        for (route, upstream, outcome, count) in self.shadows {
            let detail = ("outcome", outcome.to_owned());
            shadows.get_or_create(&RouteLabels { route, upstream, detail }).inc_by(count);
        }
        registry.register("shadows", "Logins tried at a shadow, including those dropped because it was busy", shadows);
        registry.register("upstream_in_flight", "Calls to an upstream in flight", in_flight);
        registry.register("upstream_breaker_open", "1 while the circuit breaker of an upstream is open", open);
        registry
    }
}

impl CallLabels<'_> {
    fn of(&self, durations: &Family<Labels, Histogram>) -> Histogram {
        let (operation, outcome) = (Some(self.operation), Some(self.fault.unwrap_or("answered")));
        durations.get_or_create(&Labels { operation, outcome, ..Labels::of_upstream(self.upstream) }).clone()
    }
}

impl Labels {
    fn of_route(route: &Arc<str>, operation: &'static str, outcome: Option<&'static str>) -> Self {
        Self { kind: "route", name: route.clone(), operation: Some(operation), outcome }
    }

    fn of_upstream(upstream: &Arc<str>) -> Self {
        Self { kind: "upstream", name: upstream.clone(), operation: None, outcome: None }
    }
}

impl EncodeLabelSet for Labels {
    fn encode(&self, encoder: &mut LabelSetEncoder<'_>) -> fmt::Result {
        (self.kind, &*self.name).encode(encoder.encode_label())?;
        if let Some(operation) = self.operation {
            ("operation", operation).encode(encoder.encode_label())?;
        }
        if let Some(outcome) = self.outcome {
            ("outcome", outcome).encode(encoder.encode_label())?;
        }
        Ok(())
    }
}

impl EncodeLabelSet for RouteLabels {
    fn encode(&self, encoder: &mut LabelSetEncoder<'_>) -> fmt::Result {
        ("route", &*self.route).encode(encoder.encode_label())?;
        ("upstream", &*self.upstream).encode(encoder.encode_label())?;
        (self.detail.0, self.detail.1.as_str()).encode(encoder.encode_label())
    }
}
