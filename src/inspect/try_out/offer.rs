//! What can be tried: each route, and how far.
//!
//! A ceremony can be tried to its end where the embedded relying party has a demo user; elsewhere a
//! sign-in can be begun by whoever gives the caller's own members. It also says which embedded upstream
//! watches a route, so that the page can show what that has seen.

use serde::Serialize;

use crate::features::key_learning::Purpose;
use crate::features::key_learning::observe::Learning;
use crate::gateway::runtime::Runtime;
use crate::inspect::try_out::demo_token;
use crate::model::member::Member;
use crate::model::operation::{Direction, Operation};
use crate::provider::template::hole::Need;
use crate::relying_party::demo::{DEMO_EMAIL, DEMO_USER};
use crate::routes::route::Route;
use crate::routes::upstream::UpstreamKind;

/// What a browser needs for a new passkey (WebAuthn 5.4).
const OPTIONS: &[Member] =
    &[Member::Challenge, Member::RpName, Member::UserHandle, Member::UserName, Member::Algorithms];

/// Everything that can be tried.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Offers {
    /// The program's.
    pub version: &'static str,
    /// The demo user's `user.id`.
    pub user_id: &'static str,
    /// The demo user's `user.email`.
    pub user_email: &'static str,
    /// The routes.
    pub routes: Vec<RouteOffer>,
}

/// What can be tried on one route.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct RouteOffer {
    /// The route's name.
    pub route: String,
    /// The dialect's name for people.
    pub dialect: String,
    /// The upstream's name.
    pub upstream: String,
    /// What the upstream is: `embedded`, or its provider's name for people.
    pub provider: String,
    /// Where there is a demo user: what the browser must know to try it to the end.
    pub demo: Option<Demo>,
    /// Members that a caller gives at the begin of a sign-in. None where the demo user is the caller.
    pub asks: Vec<Ask>,
    /// Which embedded upstream watches its sign-ins.
    pub observes: Option<Watch>,
}

/// An embedded upstream that watches a route's sign-ins.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Watch {
    /// Its name.
    pub upstream: String,
    /// `learn` or `verify`.
    pub purpose: &'static str,
}

/// The relying party of a route that can be tried to its end.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Demo {
    /// Its identifier.
    pub rp_id: String,
    /// The origins that it takes a ceremony from.
    pub origins: Vec<String>,
    /// Whether a passkey can be registered through this dialect.
    pub registers: bool,
    /// Whether the dialect then asks for a discoverable one, which a sign-in without a user needs.
    pub discoverable: bool,
}

/// A member to be given.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Ask {
    /// Its name.
    pub name: &'static str,
    /// What it means.
    pub meaning: &'static str,
    /// Whether it must be given.
    pub is_required: bool,
    /// Whether it is a secret.
    pub is_secret: bool,
}

/// What can be tried.
pub fn offers(runtime: &Runtime) -> Offers {
    let routes = runtime.config.plan.routes.iter().map(|route| offer(runtime, route)).collect();
    Offers { version: env!("CARGO_PKG_VERSION"), user_id: DEMO_USER, user_email: DEMO_EMAIL, routes }
}

fn offer(runtime: &Runtime, route: &Route) -> RouteOffer {
    let upstream = &runtime.config.plan.upstreams[route.own_backend().upstream];
    let (provider, demo) = match &upstream.kind {
        UpstreamKind::Embedded(settings) => {
            let demo = demo_token(runtime, route).map(|_| Demo {
                rp_id: settings.rp_id.clone(),
                origins: settings.origins.clone(),
                registers: registers(route),
                discoverable: creation_says(route, &[Member::ResidentKey]),
            });
            (upstream.side().name().to_owned(), demo)
        }
        UpstreamKind::Http { provider, .. } => (provider.title.clone(), None),
    };
    let asks = if demo.is_some() { Vec::new() } else { asks(route) };
    let (name, dialect) = (route.name.to_string(), route.dialect.title.clone());
    let (upstream, observes) = (upstream.name.to_string(), watch(runtime, route));
    RouteOffer { route: name, dialect, upstream, provider, demo, asks, observes }
}

fn watch(runtime: &Runtime, route: &Route) -> Option<Watch> {
    let Learning { upstream, purpose } = route.backends.iter().find_map(|backend| backend.learning)?;
    let purpose = match purpose {
        Purpose::Learn => "learn",
        Purpose::Verify => "verify",
    };
    Some(Watch { upstream: runtime.config.plan.upstreams[upstream].name.to_string(), purpose })
}

fn registers(route: &Route) -> bool {
    let carries =
        [Operation::RegistrationBegin, Operation::RegistrationFinish].map(|leg| route.own_backend().supports(leg));
    carries == [true; 2] && creation_says(route, OPTIONS)
}

/// Whether the dialect's options for a new passkey have these members.
fn creation_says(route: &Route, members: &[Member]) -> bool {
    let Some(template) = route.dialect.operations.get(&Operation::RegistrationBegin) else { return false };
    let carried = template.message(Direction::Response).carried();
    members.iter().all(|member| carried.iter().any(|(known, _)| known == member))
}

fn asks(route: &Route) -> Vec<Ask> {
    let Some(template) = route.dialect.operations.get(&Operation::LoginBegin) else { return Vec::new() };
    let given_by_hand = |member: &Member| !matches!(member, Member::ClientUserAgent | Member::ClientAddress);
    let carried = template.request.carried().into_iter().filter(|(member, _)| given_by_hand(member));
    let asks = carried.map(|(member, need)| Ask {
        name: member.name(),
        meaning: member.meaning().trim(),
        is_required: need == Need::Required,
        is_secret: member.is_secret(Direction::Request),
    });
    asks.collect()
}
