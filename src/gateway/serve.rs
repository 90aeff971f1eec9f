//! Serving a request that was recognised: who calls, what the upstream is asked, what is answered.
//!
//! A finish takes its ceremony out of the store before anything is sent; whatever happens then, the
//! challenge is used.

use std::time::{Duration, Instant};

use bytes::Bytes;
use http::Response as HttpResponse;
use jiff::Timestamp;

use crate::caller_auth::{Admission, Judge, Relation};
use crate::ceremony::{Ceremony, ChallengeKey, Subject, Told, UserHandles};
use crate::features::decoys::DecoyOutcome;
use crate::features::key_learning::observe::Answered;
use crate::features::own_tokens;
use crate::features::user_handles::before_call;
use crate::gateway::client_data;
use crate::gateway::context::{Part, PipelineOutcome, RequestContext};
use crate::gateway::id_token;
use crate::gateway::pipeline::Gateway;
use crate::gateway::steps::authenticate_caller::CallerIdentity;
use crate::gateway::steps::build_response;
use crate::gateway::steps::build_upstream_request;
use crate::gateway::steps::call_upstream::{self, Answer, Call};
use crate::gateway::steps::encode_response;
use crate::gateway::steps::map_user;
use crate::model::fault::{Fault, Refusal};
use crate::model::member::Member;
use crate::model::message::{Request, Response};
use crate::model::operation::Operation;
use crate::model::user_verification::UserVerification;
use crate::model::value::Value;
use crate::policy::shadow::ModelResponse;
use crate::provider::template::reader::Scratch;
use crate::routes::Route;

impl Gateway {
    /// Serves a request.
    pub(crate) async fn serve(&self, asked: &RequestContext<'_>) -> PipelineOutcome {
        let caller = asked.route.dialect.operations[&asked.request.operation()].request.caller;
        let admission = match asked.route.callers.admit(caller, asked.request.record()).await {
            Ok(admission) => admission,
            Err(refusal) => return PipelineOutcome { outcome: Err(refusal), decided: None },
        };
        match &asked.route.policy {
            None => PipelineOutcome { outcome: self.serve_by(asked, asked.route, &admission).await, decided: None },
            // In a box, so that a route without policies does not carry the room for them about.
            Some(policy) => Box::pin(self.serve_by_policy(asked, policy, &admission)).await,
        }
    }

    /// Serves a request by one of its route's ways.
    ///
    /// # Errors
    /// The refusal to tell the caller.
    pub(crate) async fn serve_by(
        &self,
        asked: &RequestContext<'_>,
        way: &Route,
        admission: &Admission,
    ) -> Result<HttpResponse<Bytes>, Refusal> {
        let RequestContext { request, client, now, trace, .. } = asked;
        let operation = request.operation();
        let behind = self.behind(way, request, admission).await?;
        if !way.carries(operation) {
            return Err(Refusal::new(Fault::NotEnabled, "the route does not carry this operation"));
        }
        if let (Some(issuer), Request::SessionRefresh(refresh)) = (way.issuer, request) {
            let refreshed = own_tokens::refresh(&self.workers[issuer], refresh).await?;
            let mut response = Response::SessionRefresh(Box::new(refreshed));
            build_response::complete(way, request, None, None, &mut response);
            return written(asked, &response, false);
        }
        let challenge =
            operation.is_finish().then(|| client_data::challenge_of_finish(request.record())).transpose()?;
        let take = |challenge| self.take(way, request, challenge, behind.user.as_deref());
        let begun = challenge.as_deref().map(take).transpose()?;
        let ceremony = begun.as_deref();
        let upstream = &self.shared.plan.upstreams[way.upstream];
        let named = behind.names(request.record(), upstream.identity.is_some());
        let known = self.known(asked, way, &named, ceremony).await?;
        let mut told = build_upstream_request::resolve(
            way,
            request,
            admission,
            client,
            ceremony,
            challenge.as_deref(),
            known.as_ref(),
        );
        let crossing = self.cross(way, &mut told, ceremony).await?;

        let session = begun.as_ref().and_then(|ceremony| ceremony.upstream_session.as_deref());
        let worker = self.worker_of(asked.part, way)?;
        let (user, least) = (behind.user_at_upstream(known.as_ref()), way.verification);
        let call = Call { upstream, worker, session, user, least, trace: *trace };
        let answer = self.ask((asked.part, way), call, &told, *now).await;
        let scratch = Scratch::default();
        let understood = answer.as_ref().map_err(Refusal::clone);
        let understood = understood.and_then(|answer| self.understand(asked, way, answer, admission, &scratch));
        let understood = self.crossed(way, &told, crossing, understood).await;
        let asked_for = || named.asked.clone();
        let DecoyOutcome { mut response, is_decoy } =
            self.settle(asked, way, asked_for, begun.as_deref(), understood)?;

        let mut answered = None;
        let ceremony = match begun {
            Some(begun) => {
                if operation == Operation::LoginFinish {
                    id_token::complete(response.record_mut());
                    let signed_in = answered.insert(Answered::of(response.record()));
                    build_response::prove_subject(way, &begun, &signed_in.subject, known.as_ref())?;
                }
                Some(begun)
            }
            None if operation.is_begin() => {
                let handles = self.bridge(way, &told, &mut response).await?;
                let user = (named.asked.clone(), known.clone().unwrap_or_default());
                Some(self.begin(asked, way, &told, &response, (behind, user, handles), is_decoy)?)
            }
            None => None,
        };
        let said = named.or(ceremony.as_deref());
        let names = map_user::toward_caller(upstream, way, said, known.as_ref(), &mut response).await?;
        before_call::echo(ceremony.as_deref(), &mut response);
        build_response::complete(way, request, ceremony.as_deref(), names.as_ref(), &mut response);
        if let (Some(begun), Some(answered)) = (&ceremony, answered) {
            self.observe(way, request, begun, answered, names.as_ref(), &response);
        }
        self.unlearn(way, &told).await;
        self.replace_tokens(way, request, &mut response).await?;
        written(asked, &response, is_decoy)
    }

    /// Understands an upstream's answer, and shows it to whoever wants to see it.
    fn understand<'r>(
        &self,
        asked: &RequestContext<'_>,
        way: &Route,
        answer: &'r Answer,
        admission: &Admission,
        scratch: &'r Scratch,
    ) -> Result<Response<'r>, Refusal> {
        let (upstream, reading) = (&self.shared.plan.upstreams[way.upstream], self.reading(scratch, asked.now));
        let ours = admission.judge == Judge::Gateway;
        let understood = call_upstream::understand(upstream, asked.request.operation(), answer, reading, ours);
        if let Some(trace) = asked.trace {
            trace.answered(answer, understood.as_ref().ok().map(Response::record));
        }
        understood
    }

    /// Asks an upstream, and counts how long that took.
    async fn ask(
        &self,
        by: (Part, &Route),
        call: Call<'_>,
        told: &Request<'_>,
        now: Timestamp,
    ) -> Result<Answer, Refusal> {
        let (started, upstream) = (Instant::now(), call.upstream);
        let answer = call_upstream::ask(call, told, now).await;
        let fault = answer.as_ref().err().map(|refusal| refusal.fault);
        self.shared.metrics.called(by, upstream, (told.operation(), fault), started.elapsed());
        answer
    }

    /// Whether a request finishes a ceremony that the gateway does not know, or shows a refresh token
    /// that the embedded relying party of its route did not make.
    pub(crate) fn is_unseen(&self, route: &Route, request: &Request<'_>) -> bool {
        if let Request::SessionRefresh(refresh) = request {
            let is_ours = route.issuer.is_some() || route.ways().any(|way| way.relation == Relation::Embedded);
            return is_ours && route.way_of_token(refresh.tokens_refresh.as_deref()).is_none();
        }
        request.operation().is_finish()
            && client_data::challenge(request.record())
                .is_ok_and(|challenge| self.shared.ceremonies.generation_of(ChallengeKey::of(&challenge)).is_none())
    }

    /// Takes the ceremony of a finish out of the store, and refuses it where anything does not fit.
    fn take(
        &self,
        route: &Route,
        request: &Request<'_>,
        challenge: &[u8],
        user: Option<&str>,
    ) -> Result<Box<Ceremony>, Refusal> {
        let expired = |reason: &'static str| Refusal::new(Fault::ChallengeExpired, reason);
        let (ceremonies, key) = (&self.shared.ceremonies, ChallengeKey::of(challenge));
        if ceremonies.generation_of(key).is_some_and(|generation| generation != self.generation) {
            return Err(expired("the ceremony was begun elsewhere, under a config that is no more"));
        }
        let ceremony = ceremonies.take(key).ok_or_else(|| expired("no ceremony has this challenge"))?;
        let begun_by = match request.operation() {
            Operation::LoginFinish => Operation::LoginBegin,
            Operation::RegistrationFinish => Operation::RegistrationBegin,
            _ => Operation::SignupBegin,
        };
        if ceremony.route != route.name || ceremony.begun_by != begun_by {
            return Err(expired("the challenge belongs to another ceremony"));
        }
        let session = build_upstream_request::text(request.record(), Member::Session);
        if session.is_some() && session != ceremony.caller_session {
            return Err(expired("the session handle does not belong to the challenge"));
        }
        if ceremony.verify_user && !client_data::user_was_verified(request.record()) {
            return Err(Refusal::new(Fault::AssertionRejected, "the route wants the user verified, and it was not"));
        }
        if ceremony.asked.names_another(&build_upstream_request::subject(request.record())) {
            return Err(Refusal::new(Fault::AssertionRejected, "the finish names another user than the begin"));
        }
        if ceremony.bearer_user.as_deref() != user {
            return Err(Refusal::new(Fault::AssertionRejected, "another user began this ceremony"));
        }
        Ok(Box::new(ceremony))
    }

    /// What a begin really told the upstream: the members that its message carries.
    fn told(&self, route: &Route, told: &Request<'_>) -> Told {
        let side = self.shared.plan.upstreams[route.upstream].side();
        let carries = |member: &Member| side.request_carries(told.operation(), *member);
        let text = |member| build_upstream_request::text(told.record(), member).filter(|_| carries(&member));
        Told {
            subject: Subject { id: text(Member::UserId), email: text(Member::UserEmail) },
            account: text(Member::Account),
            organization: text(Member::Organization),
            connection: text(Member::Connection),
        }
    }

    /// Keeps the ceremony of a begin that succeeded.
    fn begin(
        &self,
        asked: &RequestContext<'_>,
        way: &Route,
        told: &Request<'_>,
        response: &Response<'_>,
        (behind, (named, expected), handles): (CallerIdentity<'_>, (Subject, Subject), Option<Box<UserHandles>>),
        is_decoy: bool,
    ) -> Result<Box<Ceremony>, Refusal> {
        let answered = response.record();
        let Some(Value::Bytes(challenge)) = answered.value(Member::Challenge) else {
            return Err(Refusal::new(Fault::UpstreamInvalid, "the answer lacks `challenge`"));
        };
        let lifetime = match answered.value(Member::Timeout) {
            Some(Value::Number(milliseconds)) => u64::try_from(milliseconds).ok().map(Duration::from_millis),
            _ => None,
        };
        let ceremony = Ceremony {
            generation: self.generation,
            verify_user: way.verification == Some(UserVerification::Required),
            is_decoy,
            route: way.name.clone(),
            upstream: self.shared.plan.upstreams[way.upstream].name.clone(),
            begun_by: response.operation(),
            upstream_session: build_upstream_request::text(answered, Member::Session),
            caller_session: build_response::caller_session(way, response),
            asked: named,
            expected,
            told: self.told(way, told),
            bearer_user: behind.user.map(String::into_boxed_str),
            handles,
        };
        if asked.part == Part::Shadow
            || self.shared.ceremonies.remember(ChallengeKey::of(&challenge), &ceremony, lifetime)
        {
            return Ok(Box::new(ceremony));
        }
        Err(Refusal::new(Fault::UpstreamInvalid, "the upstream gave a challenge that is in use"))
    }
}

/// The answer on the wire. A made-up one is compared with nothing.
fn written(
    asked: &RequestContext<'_>,
    response: &Response<'_>,
    is_decoy: bool,
) -> Result<HttpResponse<Bytes>, Refusal> {
    if let Some(trace) = asked.trace {
        trace.completed(response.record());
    }
    let mut written = encode_response::success(asked.route, response, asked.now)?;
    if asked.part != Part::Alone && !is_decoy {
        written.extensions_mut().insert(ModelResponse(response.owned()));
    }
    Ok(written)
}
