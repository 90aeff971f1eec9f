//! Who the caller's user is at the upstream, and the other way round, where an identity map says so.
//!
//! Whom the map does not know is unknown; while it cannot answer, nobody is taken for anybody. Without
//! a map both sides name users alike.

use uuid::Uuid;

use crate::ceremony::{Ceremony, Subject};
use crate::gateway::context::RequestContext;
use crate::gateway::pipeline::Gateway;
use crate::gateway::steps::build_upstream_request::{put, subject};
use crate::identity::map::{Map, Unanswered};
use crate::identity::names::{Namespace, name};
use crate::identity::settings::Outage;
use crate::model::fault::{Fault, Refusal};
use crate::model::member::Member;
use crate::model::message::{Request, Response};
use crate::model::operation::{Direction, Operation};
use crate::model::record::Record;
use crate::model::value::Value;
use crate::provider::template::hole::Need;
use crate::routes::compatibility::source::{Source, USER, carried};
use crate::routes::provider_side::ProviderSide;
use crate::routes::{Route, Upstream};

/// Whom a request names.
#[derive(Clone, Debug, Default)]
pub(crate) struct Named {
    /// As the caller's side names users.
    pub(crate) asked: Subject,
    /// The user of a token that the upstream made itself.
    pub(crate) vouched: Option<Box<str>>,
}

impl Named {
    /// Whom the caller named: at the begin, else now.
    pub(crate) fn or<'n>(&'n self, begun: Option<&'n Ceremony>) -> &'n Subject {
        let before = begun.map(|begun| &begun.asked).filter(|asked| !asked.is_nobody());
        before.unwrap_or(&self.asked)
    }
}

impl Gateway {
    /// The user of a request as the upstream of its way knows them; see [`at_upstream`]. Where a route
    /// tells nobody who is there, the upstream is asked for somebody made up in the place of a user whom
    /// the map does not know, so that it takes as long.
    pub(crate) async fn known(
        &self,
        asked: &RequestContext<'_>,
        way: &Route,
        named: &Named,
        begun: Option<&Ceremony>,
    ) -> Result<Option<Subject>, Refusal> {
        let upstream = &self.shared.plan.upstreams[way.upstream];
        let Some(map) = &upstream.identity else { return Ok(None) };
        let is_private = asked.request.operation() == Operation::LoginBegin && asked.stands_in && way.decoys.is_some();
        // In a box, as in the server's application.
        match Box::pin(at_upstream(upstream, map, &asked.request, named, begun)).await {
            Err(Absent::Unknown(_)) if is_private => Ok(Some(map.made_up(&Uuid::new_v4().to_string()))),
            known => known.map(Some).map_err(Refusal::from),
        }
    }
}

/// Why the upstream's name of a user is not to be had.
enum Absent {
    /// There is none, for this reason.
    Unknown(&'static str),
    /// Nobody can say, whatever a caller is told meanwhile.
    Unanswered(Unanswered),
}

impl From<Absent> for Refusal {
    fn from(absent: Absent) -> Self {
        match absent {
            Absent::Unknown(reason) => unknown(reason),
            Absent::Unanswered(failure) => unanswered(&failure),
        }
    }
}

/// The user of a request as the upstream knows them, nobody where nobody is named.
///
/// # Errors
/// Where the map knows no such user, or not by a name that the upstream needs, and where it cannot say.
async fn at_upstream(
    upstream: &Upstream,
    map: &Map,
    request: &Request<'_>,
    named: &Named,
    begun: Option<&Ceremony>,
) -> Result<Subject, Absent> {
    if let Some(begun) = begun.filter(|begun| !begun.expected.is_nobody()) {
        return Ok(begun.expected.clone());
    }
    if let Some(user) = &named.vouched {
        return Ok(Subject { id: Some(user.clone()), email: None });
    }
    if named.asked.is_nobody() {
        return Ok(Subject::default());
    }
    let found = ask(map, Namespace::Caller, &named.asked).await.map_err(Absent::Unanswered)?;
    let Some(user) = found else { return Err(Absent::Unknown("the identity map knows no such user")) };
    let needed = upstream.side().carried(request.operation(), Direction::Request, true).unwrap_or_default();
    let lacks = |member: &Member| needed.contains(&(*member, Need::Required)) && name(&user, *member).is_none();
    if USER.iter().any(lacks) {
        return Err(Absent::Unknown("the identity map does not say what the upstream calls the user"));
    }
    Ok(user)
}

/// Writes the caller's names of the user into an answer, in the place of the upstream's; what they are,
/// where a map tells. `known` is the user as the upstream knows them.
///
/// # Errors
/// `unknown_user` where whoever signed in is nobody the caller knows, `assertion_rejected` where the
/// map's two ways disagree, `identity_unavailable` where it cannot say.
pub(crate) async fn toward_caller(
    upstream: &Upstream,
    route: &Route,
    asked: &Subject,
    known: Option<&Subject>,
    response: &mut Response<'_>,
) -> Result<Option<Subject>, Refusal> {
    let (Some(map), Some(known)) = (&upstream.identity, known) else { return Ok(None) };
    // In a box, as in the server's application.
    Box::pin(names_of(map, route, asked, known, response)).await.map(Some)
}

async fn names_of(
    map: &Map,
    route: &Route,
    asked: &Subject,
    known: &Subject,
    response: &mut Response<'_>,
) -> Result<Subject, Refusal> {
    let operation = response.operation();
    let answered = subject(response.record());
    let mut names = asked.clone();
    let signs_in_anybody = operation == Operation::LoginFinish && asked.is_nobody();
    if signs_in_anybody || lacks_a_name(route, operation, &names) {
        let user = if answered.is_nobody() { known } else { &answered };
        match back(map, user).await? {
            Some(found) if found.contradicts(asked) => {
                let reason = "the identity map's two ways disagree about the user";
                return Err(Refusal::new(Fault::AssertionRejected, reason));
            }
            Some(found) => {
                names.id = names.id.or(found.id);
                names.email = names.email.or(found.email);
            }
            None if signs_in_anybody && !user.is_nobody() && map.takes(Namespace::Upstream).is_some() => {
                return Err(unknown("the identity map does not know the user who signed in"));
            }
            None => {}
        }
    }
    write(response.record_mut(), &names);
    Ok(names)
}

/// Puts the names of a user into a record, and takes those out that they do not have.
pub(crate) fn write(record: &mut dyn Record<'_>, user: &Subject) {
    for member in USER {
        put(record, member, name(user, member).map(|text| Value::Text(text.to_owned().into())));
    }
}

async fn back(map: &Map, user: &Subject) -> Result<Option<Subject>, Refusal> {
    match user.is_nobody() {
        true => Ok(None),
        false => ask(map, Namespace::Upstream, user).await.map_err(|failure| unanswered(&failure)),
    }
}

async fn ask(map: &Map, party: Namespace, user: &Subject) -> Result<Option<Subject>, Unanswered> {
    map.translate(party, user).await
}

/// Whether the answer has a place for a name that is not known. A token of the gateway's own issuer
/// names the user too.
fn lacks_a_name(route: &Route, operation: Operation, names: &Subject) -> bool {
    let places =
        ProviderSide::Provider(&route.dialect).carried(operation, Direction::Response, true).unwrap_or_default();
    let is_needed = |member| {
        carried(&places, member) != Source::None
            || (route.issuer.is_some() && member == Member::UserId)
            || route.fill.iter().any(|assignment| assignment.reference() == Some(member))
    };
    USER.into_iter().any(|member| name(names, member).is_none() && is_needed(member))
}

fn unknown(reason: &'static str) -> Refusal {
    Refusal::new(Fault::UnknownUser, reason)
}

fn unanswered(failure: &Unanswered) -> Refusal {
    let fault = match failure.outage {
        Outage::Refuse => Fault::IdentityUnavailable,
        Outage::UnknownUser => Fault::UnknownUser,
    };
    Refusal::new(fault, failure.to_string())
}
