//! Serving a request of a route with policies: by the way of its ceremony or its token, else as they pick.

use bytes::Bytes;
use http::Response as HttpResponse;
use http::{HeaderValue, header::SET_COOKIE};

use crate::caller_auth::{Admission, Judge, Relation};
use crate::ceremony::{ChallengeKey, Subject};
use crate::gateway::client_data;
use crate::gateway::context::{Part, PipelineOutcome, RequestContext};
use crate::gateway::pipeline::Gateway;
use crate::gateway::steps::call_upstream::Worker;
use crate::identity::names::Namespace;
use crate::model::fault::{Fault, Refusal};
use crate::model::member::Member;
use crate::model::message::Request;
use crate::model::operation::Operation;
use crate::model::value::Value;
use crate::policy::decision::{Decision, Reason};
use crate::policy::{Asking, Pick, Policy};
use crate::routes::Route;

/// What was decided of a request, and what of it its answer bears.
pub(crate) struct Decided {
    decision: Decision,
    tells: bool,
    cookie: Option<HeaderValue>,
}

// ===== impl Decided =====

impl Decided {
    /// Marks an answer, for the log and for the caller.
    pub(crate) fn mark(self, response: &mut HttpResponse<Bytes>) {
        if self.tells {
            self.decision.tell(response);
        }
        if let Some(cookie) = self.cookie {
            response.headers_mut().append(SET_COOKIE, cookie);
        }
        response.extensions_mut().insert(self.decision);
    }
}

impl Gateway {
    /// Serves a request by the way that is its own.
    pub(crate) async fn serve_by_policy(
        &self,
        asked: &RequestContext<'_>,
        policy: &Policy,
        admission: &Admission,
    ) -> PipelineOutcome {
        let pick = self.pick(asked, policy, admission).await;
        if asked.request.operation() != Operation::LoginBegin {
            return self.serve_as_picked(asked, policy, pick, admission).await;
        }
        let shadow = policy.shadow.as_ref().filter(|shadow| shadow.is_due());
        let asked = &RequestContext { part: if shadow.is_some() { Part::Lit } else { Part::Alone }, ..asked.clone() };
        let mut served = match &policy.fallback {
            Some(fallback) => self.begin_login_somewhere(asked, policy, fallback, pick, admission).await,
            None => self.serve_as_picked(asked, policy, pick, admission).await,
        };
        if let Some(shadow) = shadow {
            self.spawn_shadow_call(asked, shadow, admission, &mut served);
        }
        served
    }

    async fn serve_as_picked(
        &self,
        asked: &RequestContext<'_>,
        policy: &Policy,
        pick: Pick,
        admission: &Admission,
    ) -> PipelineOutcome {
        let way = asked.route.way(pick.way);
        let outcome = self.serve_by(asked, way, admission).await;
        PipelineOutcome { outcome, decided: Some(self.decided(policy, way, pick)) }
    }

    pub(crate) fn decided(&self, policy: &Policy, way: &Route, pick: Pick) -> Decided {
        let upstream = self.shared.plan.upstreams[way.upstream].name.clone();
        let decision = Decision { upstream, reason: pick.reason, config: self.config.clone() };
        self.shared.metrics.decided(&way.name, &decision);
        Decided { decision, tells: policy.tells, cookie: pick.cookie }
    }

    async fn pick(&self, asked: &RequestContext<'_>, policy: &Policy, admission: &Admission) -> Pick {
        let (route, request) = (asked.route, &asked.request);
        if request.operation().is_finish() {
            return Pick::new(self.way_of_ceremony(route, request), Reason::Ceremony);
        }
        if let Request::SessionRefresh(refresh) = request {
            let way = self.way_of_refresh(route, refresh.tokens_refresh.as_deref()).await;
            return Pick::new(way, Reason::Token);
        }
        if let (Judge::Upstream, Some(Value::Text(token))) =
            (admission.judge, request.record().value(Member::UserToken))
        {
            return Pick::new(self.way_of_bearer(route, &token).await, Reason::Token);
        }
        let is_begin = request.operation().is_begin();
        let record = request.record();
        let asking = Asking { record, claims: &admission.claims, fields: asked.fields, is_begin };
        let pick = policy.pick(&asking);
        if pick.if_proven && !self.is_proven(&asking, route.way(pick.way)).await {
            return Pick { way: 0, reason: Reason::Unproven, ..pick };
        }
        pick
    }

    /// Whether the user could sign in at the embedded upstream of a way today.
    async fn is_proven(&self, asking: &Asking<'_, '_>, way: &Route) -> bool {
        let Worker::Embedded(_, learner) = &self.workers[way.upstream] else { return false };
        let [id, email] = [Member::UserId, Member::UserEmail].map(|member| asking.text(member));
        let Some(map) = &self.shared.plan.upstreams[way.upstream].identity else {
            return learner.is_proven(id.as_deref(), email.as_deref()).await;
        };
        let asked = Subject { id: id.as_deref().map(Into::into), email: email.as_deref().map(Into::into) };
        match map.translate(Namespace::Caller, &asked).await {
            Ok(Some(user)) => learner.is_proven(user.id.as_deref(), user.email.as_deref()).await,
            Ok(None) | Err(_) => false,
        }
    }

    /// The way that began a ceremony, whatever the policies say by now. Where it is not known any more, the
    /// route's own will say so.
    fn way_of_ceremony(&self, route: &Route, request: &Request<'_>) -> usize {
        let challenge = client_data::challenge(request.record()).ok();
        let began = challenge.and_then(|challenge| self.shared.ceremonies.upstream_of(ChallengeKey::of(&challenge)));
        let is_its = |way: &Route| began.as_deref() == Some(&*self.shared.plan.upstreams[way.upstream].name);
        route.ways().position(is_its).unwrap_or(0)
    }

    /// The way of whoever made a refresh token. Where several embedded relying parties may have, their directories
    /// say who did; one that cannot say is asked again, and says so.
    async fn way_of_refresh(&self, route: &Route, token: Option<&str>) -> usize {
        let Some(likely) = route.way_of_token(token) else { return 0 };
        let embedded: Vec<_> = route.makers(token).collect();
        if let ([_, _, ..], Some(token)) = (embedded.as_slice(), token) {
            for way in embedded {
                let Worker::Embedded(party, _) = &self.workers[way.upstream] else { continue };
                if party.has_made(token).await.unwrap_or(true) {
                    return place_of(route, way);
                }
            }
        }
        place_of(route, likely)
    }

    /// The way of whoever made a bearer, where the upstream judges it: an embedded relying party knows its
    /// own, and any other is of the dialect's own provider. One that cannot say is asked again, and says
    /// so; nobody else is shown what may be its own.
    async fn way_of_bearer(&self, route: &Route, token: &str) -> usize {
        for (place, way) in route.ways().enumerate() {
            let Worker::Embedded(party, _) = &self.workers[way.upstream] else { continue };
            let is_not_its = |refusal: &Refusal| refusal.fault == Fault::Unauthenticated;
            if !party.verify(token).await.is_err_and(|refusal| is_not_its(&refusal)) {
                return place;
            }
        }
        route.ways().position(|way| way.relation == Relation::SameProvider).unwrap_or(0)
    }
}

fn place_of(route: &Route, wanted: &Route) -> usize {
    route.ways().position(|way| way.upstream == wanted.upstream).unwrap_or(0)
}
