//! What the admin listener shows of a running gateway: metrics, shadows, migration readiness.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use crate::features::key_learning::readiness::Readiness;
use crate::gateway::runtime::Runtime;
use crate::gateway::upstream_client::UpstreamClient;
use crate::model::fault::Refusal;
use crate::policy::shadow::tally::{ShadowReport, ShadowTally};
use crate::telemetry::metrics::Gauges;
use crate::upstream::breaker::BreakerState;

/// The text of `/metrics`.
///
/// # Errors
/// When a label or a value cannot be written.
pub(crate) fn metrics(runtime: &Runtime) -> Result<String, fmt::Error> {
    let config = &runtime.config;
    let upstreams = config.plan.upstreams.iter().zip(&*runtime.clients).filter_map(|(upstream, client)| match client {
        UpstreamClient::Http(http) => {
            let admission = http.admission();
            Some((upstream.name.clone(), admission.in_flight(), admission.breaker() != BreakerState::Closed))
        }
        UpstreamClient::Embedded(..) => None,
    });
    let shadows = tallies(runtime).flat_map(|(route, upstream, tally)| {
        tally.outcomes().map(|(outcome, count)| (route.clone(), upstream.clone(), outcome, count))
    });
    config.metrics.render(Gauges {
        generation: runtime.generation,
        ceremonies: config.ceremonies.len(),
        upstreams: upstreams.collect(),
        shadows: shadows.collect(),
    })
}

/// The counts of each route's shadow.
pub(crate) fn shadows(runtime: &Runtime) -> Vec<ShadowReport> {
    tallies(runtime).map(|(route, upstream, tally)| tally.report(route, upstream)).collect()
}

/// The migration readiness of each embedded upstream, by name.
///
/// # Errors
/// When a directory does not answer.
pub(crate) async fn readiness(runtime: &Runtime) -> Result<BTreeMap<String, Readiness>, Refusal> {
    let mut readiness = BTreeMap::new();
    for (upstream, client) in runtime.config.plan.upstreams.iter().zip(&*runtime.clients) {
        if let Some(learner) = client.learner() {
            readiness.insert(upstream.name.to_string(), learner.readiness().await?);
        }
    }
    Ok(readiness)
}

fn tallies(runtime: &Runtime) -> impl Iterator<Item = (&Arc<str>, &Arc<str>, &ShadowTally)> {
    let config = &runtime.config;
    config.plan.routes.iter().zip(&config.states).filter_map(|(route, state)| {
        let backend = &route.backends[route.shadow()?.backend];
        Some((&route.name, &config.plan.upstreams[backend.upstream].name, &*state.shadow.as_ref()?.tally))
    })
}
