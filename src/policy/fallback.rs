//! Where a begin goes on when an upstream cannot: before the caller has seen a challenge, and never after.
//!
//! The upstreams stand in one list without repeats, and each is asked once at most, so that no begin goes
//! in a circle. All of it happens before one deadline.

use std::time::Duration;

use tokio::time::{Instant, timeout_at};

use crate::caller_auth::Admission;
use crate::gateway::context::{PipelineOutcome, RequestContext};
use crate::gateway::pipeline::Gateway;
use crate::model::fault::{Fault, Refusal};
use crate::policy::decision::Reason;
use crate::policy::{Pick, Policy};
use crate::routes::Route;

/// The faults that say something of an upstream, or of a user there, and nothing of the request. Any other
/// would be asked anew of everybody until somebody says yes, or would carry load to where there is too much.
pub(crate) const NAMED: [Fault; 7] = [
    Fault::UnknownUser,
    Fault::NotEnabled,
    Fault::UpstreamRefusedUs,
    Fault::UpstreamInvalid,
    Fault::UpstreamFailed,
    Fault::UpstreamUnavailable,
    Fault::UpstreamTimeout,
];

/// The fallback of one route.
#[derive(Debug)]
pub(crate) struct Fallback {
    /// The faults on which a begin goes on.
    pub(crate) on: Vec<Fault>,
    /// The ways it goes on to, each once.
    pub(crate) to: Vec<usize>,
    /// How long all of them together may take.
    pub(crate) deadline: Duration,
}

impl Gateway {
    /// Begins a login by the way that was picked, else by those after it.
    pub(crate) async fn begin_login_somewhere(
        &self,
        asked: &RequestContext<'_>,
        policy: &Policy,
        fallback: &Fallback,
        pick: Pick,
        admission: &Admission,
    ) -> PipelineOutcome {
        let deadline = Instant::now() + fallback.deadline;
        let own = asked.route.way(pick.way);
        let others = fallback.to.iter().filter(|way| **way != pick.way).map(|way| asked.route.way(*way));
        let ways: Vec<_> = std::iter::once(own).chain(others).collect();
        let mut refusals: Vec<Refusal> = Vec::new();
        for (index, way) in ways.iter().copied().enumerate() {
            let knew_nobody = refusals.iter().all(|refusal| refusal.fault == Fault::UnknownUser);
            let is_last = index + 1 == ways.len() || !fallback.on.contains(&Fault::UnknownUser);
            let asked = &RequestContext { stands_in: is_last && knew_nobody, ..asked.clone() };
            let refusal = match timeout_at(deadline, self.serve_by(asked, way, admission)).await {
                Ok(Ok(response)) => {
                    let reason = if index == 0 { pick.reason } else { Reason::Fallback };
                    let decided = self.decided(policy, way, Pick { reason, ..pick });
                    return PipelineOutcome { outcome: Ok(response), decided: Some(decided) };
                }
                Ok(Err(refusal)) => refusal,
                Err(_) => Refusal::new(Fault::UpstreamTimeout, "the deadline of the route's fallback has passed"),
            };
            let goes_on = fallback.on.contains(&refusal.fault) && Instant::now() < deadline;
            self.note(asked.route, way, &refusal);
            refusals.push(refusal);
            if !goes_on {
                break;
            }
        }
        let outcome = Err(most_telling(refusals));
        PipelineOutcome { outcome, decided: Some(self.decided(policy, own, pick)) }
    }

    fn note(&self, route: &Route, way: &Route, refusal: &Refusal) {
        let upstream = &*self.shared.plan.upstreams[way.upstream].name;
        let (fault, reason) = (refusal.fault.name(), &*refusal.reason);
        tracing::info!(route = &*route.name, upstream, fault, reason, "a begin did not succeed there");
    }
}

/// The refusal to tell where nobody could: that a user is unknown is only true if nobody had a better reason
/// not to know.
fn most_telling(mut refusals: Vec<Refusal>) -> Refusal {
    let is_outage = |refusal: &Refusal| !matches!(refusal.fault, Fault::UnknownUser | Fault::NotEnabled);
    let which = refusals.iter().position(is_outage).unwrap_or(0);
    refusals.swap_remove(which)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_user_is_unknown_only_where_everybody_could_tell() {
        let told = |faults: &[Fault]| most_telling(faults.iter().map(|fault| Refusal::new(*fault, "")).collect()).fault;
        assert_eq!(told(&[Fault::UnknownUser, Fault::UnknownUser]), Fault::UnknownUser);
        assert_eq!(told(&[Fault::UnknownUser, Fault::UpstreamUnavailable]), Fault::UpstreamUnavailable);
        assert_eq!(told(&[Fault::UpstreamTimeout, Fault::UnknownUser]), Fault::UpstreamTimeout);
        assert_eq!(told(&[Fault::NotEnabled, Fault::UnknownUser]), Fault::NotEnabled);
    }
}
