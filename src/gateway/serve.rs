//! Serving a request that was recognised: who calls, what the upstream is asked, what is answered.
//!
//! A finish takes its ceremony out of the store before anything is sent; whatever happens then, the
//! challenge is used.

use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::Response as HttpResponse;
use jiff::Timestamp;

use crate::canonical::fault::{Fault, Refusal};
use crate::canonical::member::Member;
use crate::canonical::message::{Request, Response};
use crate::canonical::operation::Operation;
use crate::canonical::record::Record;
use crate::canonical::user_verification::UserVerification;
use crate::canonical::value::Value;
use crate::ceremony::{Ceremony, ChallengeKey, Subject, Told};
use crate::gateway::callers::{Admission, Judge, Relation};
use crate::gateway::client_data;
use crate::gateway::complete;
use crate::gateway::exchange::Gateway;
use crate::gateway::id_token;
use crate::gateway::identify::{self, Named};
use crate::gateway::issue;
use crate::gateway::learning::Answered;
use crate::gateway::plan::Route;
use crate::gateway::resolve::{self, Client};
use crate::gateway::respond;
use crate::gateway::trace::Trace;
use crate::gateway::work::{self, Answer, Call, Worker};
use crate::relying_party::RelyingParty;
use crate::template::reader::Scratch;

/// A request that was recognised.
pub(crate) struct Asked<'a> {
    pub(crate) route: &'a Route,
    pub(crate) request: Request<'a>,
    pub(crate) client: Client<'a>,
    pub(crate) now: Timestamp,
    /// Where somebody wants to see it.
    pub(crate) trace: Option<&'a Trace>,
}

/// Who is behind a request.
struct Behind {
    admission: Admission,
    /// The verified user, where it is one and we can know.
    user: Option<String>,
}

impl Gateway {
    /// Serves a request.
    ///
    /// # Errors
    /// The refusal to tell the caller.
    pub(crate) async fn serve(&self, asked: &Asked<'_>) -> Result<HttpResponse<Bytes>, Refusal> {
        let Asked { route, request, client, now, trace } = asked;
        let operation = request.operation();
        let behind = self.admit(route, request).await?;
        if !route.carries(operation) {
            return Err(Refusal::new(Fault::NotEnabled, "the route does not carry this operation"));
        }
        if let (Some(issuer), Request::SessionRefresh(refresh)) = (route.issuer, request) {
            let mut response = Response::SessionRefresh(issue::refresh(&self.workers[issuer], refresh).await?);
            complete::complete(route, request, None, None, &mut response);
            return written(asked, &response);
        }
        let challenge =
            operation.is_finish().then(|| client_data::challenge_of_finish(request.record())).transpose()?;
        let begun = match &challenge {
            Some(challenge) => Some(self.take(route, request, challenge, behind.user.as_deref())?),
            None => None,
        };
        let upstream = &self.shared.plan.upstreams[route.upstream];
        let named = behind.names(request.record(), upstream.identity.is_some());
        let known = identify::at_upstream(upstream, request, &named, begun.as_deref()).await?;
        let (admission, ceremony) = (&behind.admission, begun.as_deref());
        let told = resolve::resolve(route, request, admission, client, ceremony, challenge.as_deref(), known.as_ref());
        let session = begun.as_ref().and_then(|ceremony| ceremony.upstream_session.as_deref());
        let worker = &self.workers[route.upstream];
        let (user, least) = (behind.user_at_upstream(known.as_ref()), route.verification);
        let call = Call { upstream, worker, session, user, least, trace: *trace };
        let answer = self.ask(call, &told, *now).await?;
        let scratch = Scratch::default();
        let ours = behind.admission.judge == Judge::Gateway;
        let reading = self.reading(&scratch, *now);
        let understood = work::understand(upstream, operation, &answer, reading, ours);
        if let Some(trace) = trace {
            trace.answered(&answer, understood.as_ref().ok().map(Response::record));
        }
        let mut response = understood?;

        let mut answered = None;
        let ceremony = match begun {
            Some(begun) => {
                if operation == Operation::LoginFinish {
                    id_token::complete(response.record_mut());
                    let signed_in = answered.insert(Answered::of(response.record()));
                    complete::prove_subject(route, &begun, &signed_in.subject, known.as_ref())?;
                }
                Some(begun)
            }
            None if operation.is_begin() => {
                let expected = known.clone().unwrap_or_default();
                Some(self.begin(asked, &told, &response, behind, (named.asked.clone(), expected))?)
            }
            None => None,
        };
        let said = named.or(ceremony.as_deref());
        let names = identify::toward_caller(upstream, route, said, known.as_ref(), &mut response).await?;
        complete::complete(route, request, ceremony.as_deref(), names.as_ref(), &mut response);
        if let (Some(begun), Some(answered)) = (&ceremony, &answered) {
            self.observe(route, request, begun, answered, &response);
        }
        if operation == Operation::CredentialsDelete {
            self.unlearn(route, &told).await;
        }
        if let (Some(issuer), Response::LoginFinish(sign_in) | Response::SignupFinish(sign_in)) =
            (route.issuer, &mut response)
        {
            issue::replace_tokens(&self.workers[issuer], request, sign_in).await?;
        }
        written(asked, &response)
    }

    /// Asks the upstream, and counts that.
    async fn ask(&self, call: Call<'_>, told: &Request<'_>, now: Timestamp) -> Result<Answer, Refusal> {
        let asked_at = Instant::now();
        let answer = work::ask(call, told, now).await;
        let fault = answer.as_ref().err().map(|refusal| refusal.fault);
        self.shared.metrics.called(&call.upstream.name, told.operation(), fault, asked_at.elapsed());
        answer
    }

    async fn admit(&self, route: &Route, request: &Request<'_>) -> Result<Behind, Refusal> {
        let caller = route.dialect.operations[&request.operation()].request.caller;
        let admission = route.callers.admit(caller, request.record()).await?;
        let user = match (admission.judge, &self.workers[route.upstream], request.record().value(Member::UserToken)) {
            (Judge::Upstream, Worker::Embedded(party), Some(Value::Text(token))) => {
                Some(party.verify(&token).await?.as_str().to_owned())
            }
            (Judge::Upstream, ..) => None,
            (Judge::Gateway, ..) => admission.claims.iter().find_map(|(member, value)| match (member, value) {
                (Member::UserId, Value::Text(id)) => Some(id.as_ref().to_owned()),
                _ => None,
            }),
        };
        Ok(Behind { admission, user })
    }

    /// Whether a request finishes a ceremony that the gateway does not know, or shows a refresh token
    /// that the embedded relying party of its route did not make.
    pub(crate) fn is_unseen(&self, route: &Route, request: &Request<'_>) -> bool {
        if let Request::SessionRefresh(refresh) = request {
            let is_ours = route.issuer.is_some() || route.relation == Relation::Embedded;
            return is_ours && !refresh.tokens_refresh.as_deref().is_some_and(RelyingParty::may_have_made);
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
    ) -> Result<Arc<Ceremony>, Refusal> {
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
        let session = resolve::text(request.record(), Member::Session);
        if session.is_some() && session != ceremony.caller_session {
            return Err(expired("the session handle does not belong to the challenge"));
        }
        if ceremony.verify_user && !client_data::user_was_verified(request.record()) {
            return Err(Refusal::new(Fault::AssertionRejected, "the route wants the user verified, and it was not"));
        }
        if ceremony.asked.names_another(&resolve::subject(request.record())) {
            return Err(Refusal::new(Fault::AssertionRejected, "the finish names another user than the begin"));
        }
        if ceremony.bearer_user.as_deref() != user {
            return Err(Refusal::new(Fault::AssertionRejected, "another user began this ceremony"));
        }
        Ok(ceremony)
    }

    /// What a begin really told the upstream: the members that its message carries.
    fn told(&self, route: &Route, told: &Request<'_>) -> Told {
        let side = self.shared.plan.upstreams[route.upstream].side();
        let carries = |member: &Member| side.request_carries(told.operation(), *member);
        let text = |member| resolve::text(told.record(), member).filter(|_| carries(&member));
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
        asked: &Asked<'_>,
        told: &Request<'_>,
        response: &Response<'_>,
        behind: Behind,
        (named, expected): (Subject, Subject),
    ) -> Result<Arc<Ceremony>, Refusal> {
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
            verify_user: asked.route.verification == Some(UserVerification::Required),
            route: asked.route.name.clone(),
            upstream: self.shared.plan.upstreams[asked.route.upstream].name.clone(),
            begun_by: response.operation(),
            upstream_session: resolve::text(answered, Member::Session),
            caller_session: complete::caller_session(asked.route, response),
            asked: named,
            expected,
            told: self.told(asked.route, told),
            bearer_user: behind.user.map(String::into_boxed_str),
        };
        let ceremony = Arc::new(ceremony);
        if self.shared.ceremonies.remember(ChallengeKey::of(&challenge), ceremony.clone(), lifetime) {
            return Ok(ceremony);
        }
        Err(Refusal::new(Fault::UpstreamInvalid, "the upstream gave a challenge that is in use"))
    }
}

fn written(asked: &Asked<'_>, response: &Response<'_>) -> Result<HttpResponse<Bytes>, Refusal> {
    if let Some(trace) = asked.trace {
        trace.completed(response.record());
    }
    respond::success(asked.route, response, asked.now)
}

impl Behind {
    /// The verified user who calls, as the upstream names them: `known`, where a map says who that is.
    fn user_at_upstream<'b>(&'b self, known: Option<&'b Subject>) -> Option<&'b str> {
        match known {
            Some(known) => self.user.as_ref().and(known.id.as_deref()),
            None => self.user.as_deref(),
        }
    }

    /// Whom a request names: by the caller's verified token, else by what it says. Where a map tells
    /// the two sides' names apart, the upstream's own token names nobody on the caller's side.
    fn names(&self, record: &dyn Record<'_>, is_mapped: bool) -> Named {
        let claimed = |member| {
            self.admission.claims.iter().find_map(|(known, value)| match value {
                Value::Text(text) if *known == member => Some(text.as_ref().into()),
                _ => None,
            })
        };
        let said = resolve::subject(record);
        let user: Option<Box<str>> = self.user.as_deref().map(Into::into);
        let (user, vouched) = match is_mapped && self.admission.judge == Judge::Upstream {
            true => (None, user),
            false => (user, None),
        };
        let id = claimed(Member::UserId).or(user).or(said.id);
        Named { asked: Subject { id, email: claimed(Member::UserEmail).or(said.email) }, vouched }
    }
}
