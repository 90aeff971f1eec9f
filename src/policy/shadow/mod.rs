//! A begin that is tried at a second upstream too, only to see what would be different.
//!
//! The caller's answer is complete before any of this begins, and none of it is shared with it: the shadow
//! has connections, a breaker and a queue of its own, and what does not fit into that queue is dropped and
//! counted. Only a `login.begin` has a shadow: it changes nothing at an upstream, and nobody finishes it.

mod compare;
pub(crate) mod tally;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use http::HeaderMap;
use jiff::Timestamp;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::caller_auth::Admission;
use crate::gateway::context::{Part, PipelineOutcome, RequestContext};
use crate::gateway::pipeline::Gateway;
use crate::gateway::steps::build_upstream_request::Client;
use crate::gateway::steps::call_upstream::Worker;
use crate::model::fault::{Fault, Refusal};
use crate::model::message::{Request, Response};
use crate::policy::percent::{Percent, WHOLE};
use crate::policy::shadow::compare::compare;
use crate::policy::shadow::tally::{Report, Tally};
use crate::routes::Route;

/// The shadow of one route.
#[derive(Debug)]
pub(crate) struct Shadow {
    pub(crate) way: usize,
    percent: Percent,
    /// How many begins there were.
    begins: AtomicU64,
    /// Those that are tried or wait to be.
    places: Arc<Semaphore>,
    /// Those that are tried now.
    calls: Arc<Semaphore>,
    pub(crate) tally: Arc<Tally>,
}

/// A begin that is to be tried, with what it was really answered.
struct Job {
    gateway: Gateway,
    route: usize,
    request: Request<'static>,
    admission: Admission,
    agent: Option<String>,
    address: Option<String>,
    now: Timestamp,
    answered: Result<Response<'static>, Fault>,
    calls: Arc<Semaphore>,
    tally: Arc<Tally>,
    _place: OwnedSemaphorePermit,
}

/// An answer as it was before it was written; in the extensions of one that a shadow is compared with.
#[derive(Clone)]
pub(crate) struct ModelResponse(pub(crate) Response<'static>);

// ===== impl Shadow =====

impl Shadow {
    pub(crate) fn new(way: usize, percent: Percent, max_in_flight: usize, max_waiting: usize) -> Self {
        Self {
            way,
            percent,
            begins: AtomicU64::new(0),
            places: Arc::new(Semaphore::new(max_in_flight + max_waiting)),
            calls: Arc::new(Semaphore::new(max_in_flight)),
            tally: Arc::default(),
        }
    }

    pub(crate) fn percent(&self) -> Percent {
        self.percent
    }

    /// Whether it is this begin's turn: of any hundred in a row, as many as the percentage says.
    pub(crate) fn is_due(&self) -> bool {
        let (begin, parts) = (self.begins.fetch_add(1, Ordering::Relaxed), u64::from(self.percent.parts()));
        let so_far = |begins: u64| begins.wrapping_mul(parts) / u64::from(WHOLE);
        so_far(begin.wrapping_add(1)) != so_far(begin)
    }
}

impl Gateway {
    /// The same gateway with workers for the shadows of routes, by route.
    #[must_use]
    pub fn with_shadows(self, shadows: BTreeMap<Arc<str>, Worker>) -> Self {
        Self { shadows: shadows.into(), ..self }
    }

    /// Has a begin tried at the shadow's upstream, if there is room. Never waits.
    pub(crate) fn spawn_shadow_call(
        &self,
        asked: &RequestContext<'_>,
        shadow: &Shadow,
        admission: &Admission,
        served: &mut PipelineOutcome,
    ) {
        let Ok(place) = shadow.places.clone().try_acquire_owned() else {
            shadow.tally.dropped();
            return;
        };
        let answered = match &mut served.outcome {
            Ok(response) => match response.extensions_mut().remove::<ModelResponse>() {
                Some(ModelResponse(response)) => Ok(response),
                None => return,
            },
            Err(refusal) => Err(refusal.fault),
        };
        let is_its = |route: &Route| route.name == asked.route.name;
        let Some(route) = self.shared.plan.routes.iter().position(is_its) else { return };
        let job = Job {
            gateway: self.alone(),
            route,
            request: asked.request.owned(),
            admission: admission.clone(),
            agent: asked.client.user_agent.map(str::to_owned),
            address: asked.client.address.map(str::to_owned),
            now: asked.now,
            answered,
            calls: shadow.calls.clone(),
            tally: shadow.tally.clone(),
            _place: place,
        };
        tokio::spawn(job.run());
    }

    /// What the shadow of each route that has one came to.
    pub(crate) fn shadow_reports(&self) -> Vec<Report> {
        self.tallies().map(|(route, upstream, tally)| tally.report(route, upstream)).collect()
    }

    /// How many logins came to what: route, upstream, outcome and count.
    pub(crate) fn shadow_counts(&self) -> impl Iterator<Item = (Arc<str>, Arc<str>, &'static str, u64)> {
        self.tallies().flat_map(|(route, upstream, tally)| {
            tally.outcomes().map(|(outcome, count)| (route.clone(), upstream.clone(), outcome, count))
        })
    }

    fn tallies(&self) -> impl Iterator<Item = (&Arc<str>, &Arc<str>, &Tally)> {
        let plan = &self.shared.plan;
        plan.routes.iter().filter_map(|route| {
            let shadow = route.shadow()?;
            Some((&route.name, &plan.upstreams[route.way(shadow.way).upstream].name, &*shadow.tally))
        })
    }

    /// Who is asked: on behalf of a shadow, one of its own.
    pub(crate) fn worker_of(&self, part: Part, way: &Route) -> Result<&Worker, Refusal> {
        match part {
            Part::Alone | Part::Lit => Ok(&self.workers[way.upstream]),
            Part::Shadow => {
                let worker = self.shadows.get(&way.name);
                worker.ok_or_else(|| Refusal::new(Fault::Internal, "the route has no shadow"))
            }
        }
    }
}

impl Job {
    async fn run(self) {
        let Ok(_call) = self.calls.clone().acquire_owned().await else { return };
        let route = &self.gateway.shared.plan.routes[self.route];
        let shadow = self.shadow(route).await.map_err(|refusal| refusal.fault);
        let refused = shadow.as_ref().err().copied();
        let differences = compare(&self.answered, &shadow);
        for difference in self.tally.note(refused, &differences) {
            let (member, kind) = (difference.path(), difference.kind.name());
            tracing::info!(route = &*route.name, member, kind, "a shadow differs");
        }
    }

    /// The answer that a caller would have had from the shadow's upstream.
    async fn shadow(&self, route: &Route) -> Result<Response<'static>, Refusal> {
        let client = Client { user_agent: self.agent.as_deref(), address: self.address.as_deref() };
        let (request, now, fields) = (self.request.clone(), self.now, HeaderMap::new());
        let asked = RequestContext {
            route,
            request,
            client,
            now,
            fields: &fields,
            trace: None,
            part: Part::Shadow,
            stands_in: false,
        };
        let way = route.shadow().map_or(route, |shadow| route.way(shadow.way));
        let response = self.gateway.serve_by(&asked, way, &self.admission).await?;
        let unwritten = response.extensions().get().cloned();
        unwritten
            .map(|ModelResponse(response)| response)
            .ok_or_else(|| Refusal::new(Fault::Internal, "nothing was kept"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_a_hundred_begins_as_many_are_due_as_the_percentage_says() {
        for (percent, wanted) in [("0", 0), ("1", 1), ("12.5", 12), ("33.33", 33), ("100", 100)] {
            let shadow = Shadow::new(1, serde_json::from_str(percent).unwrap(), 1, 0);
            assert_eq!((0..100).filter(|_| shadow.is_due()).count(), wanted, "{percent} %");
        }
    }
}
