//! What the console can try on each route.
//!
//! A whole ceremony needs the demo user of an embedded relying party. On other routes a sign-in can be begun with the
//! members that a caller sends.

use serde::Serialize;

use crate::features::key_learning::Purpose;
use crate::features::key_learning::observe::Learning;
use crate::gateway::runtime::Runtime;
use crate::inspect::try_out::demo_token;
use crate::model::member::Member;
use crate::model::operation::{Direction, Operation};
use crate::provider::template::placeholder::Need;
use crate::relying_party::demo::{DEMO_EMAIL, DEMO_USER};
use crate::routes::route::Route;
use crate::routes::upstream::UpstreamKind;

/// The data that a browser needs to create a passkey (WebAuthn 5.4).
const CREATION_MEMBERS: &[Member] =
    &[Member::Challenge, Member::RpName, Member::UserHandle, Member::UserName, Member::Algorithms];

/// What can be tried on every route.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Offers {
    /// The version of the program.
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
    /// The dialect's title.
    pub dialect: String,
    /// The upstream's name.
    pub upstream: String,
    /// `embedded`, or the title of the upstream's provider.
    pub provider: String,
    /// What the browser needs for a whole ceremony. `None` without a demo user.
    pub demo: Option<Demo>,
    /// The members of a `login.begin` request. Empty with a demo user.
    #[serde(rename = "asks")]
    pub request_members: Vec<RequestMember>,
    /// The embedded upstream that observes its sign-ins.
    pub observes: Option<Observer>,
}

/// An embedded upstream that observes a route's sign-ins.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Observer {
    /// Its name.
    pub upstream: String,
    /// `learn` or `verify`.
    pub purpose: &'static str,
}

/// The relying party of a route with a demo user.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Demo {
    /// Its identifier.
    pub rp_id: String,
    /// The origins it accepts.
    pub origins: Vec<String>,
    /// Whether a passkey can be registered through this dialect.
    pub registers: bool,
    /// Whether the dialect requests a discoverable passkey, which a sign-in without a user needs.
    pub discoverable: bool,
}

/// A member of a request.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct RequestMember {
    /// Its name.
    pub name: &'static str,
    /// The meaning.
    pub meaning: &'static str,
    /// Whether it is required.
    pub is_required: bool,
    /// Whether it is a secret.
    pub is_secret: bool,
}

/// The routes and operations that can be tried.
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
                discoverable: has_creation_members(route, &[Member::ResidentKey]),
            });
            (upstream.side().name().to_owned(), demo)
        }
        UpstreamKind::Http { provider, .. } => (provider.title.clone(), None),
    };
    let request_members = if demo.is_some() { Vec::new() } else { request_members(route) };
    let (name, dialect) = (route.name.to_string(), route.dialect.title.clone());
    let (upstream, observes) = (upstream.name.to_string(), observer(runtime, route));
    RouteOffer { route: name, dialect, upstream, provider, demo, request_members, observes }
}

fn observer(runtime: &Runtime, route: &Route) -> Option<Observer> {
    let Learning { upstream, purpose } = route.backends.iter().find_map(|backend| backend.learning)?;
    let purpose = match purpose {
        Purpose::Learn => "learn",
        Purpose::Verify => "verify",
    };
    Some(Observer { upstream: runtime.config.plan.upstreams[upstream].name.to_string(), purpose })
}

fn registers(route: &Route) -> bool {
    let supported =
        [Operation::RegistrationBegin, Operation::RegistrationFinish].map(|leg| route.own_backend().supports(leg));
    supported == [true; 2] && has_creation_members(route, CREATION_MEMBERS)
}

/// Whether the dialect's creation options have these members.
fn has_creation_members(route: &Route, members: &[Member]) -> bool {
    let Some(template) = route.dialect.operations.get(&Operation::RegistrationBegin) else { return false };
    let carried = template.message(Direction::Response).carried();
    members.iter().all(|member| carried.iter().any(|(known, _)| known == member))
}

fn request_members(route: &Route) -> Vec<RequestMember> {
    let Some(template) = route.dialect.operations.get(&Operation::LoginBegin) else { return Vec::new() };
    let is_entered = |member: &Member| !matches!(member, Member::ClientUserAgent | Member::ClientAddress);
    let carried = template.request.carried().into_iter().filter(|(member, _)| is_entered(member));
    let members = carried.map(|(member, need)| RequestMember {
        name: member.name(),
        meaning: member.meaning().trim(),
        is_required: need == Need::Required,
        is_secret: member.is_secret(Direction::Request),
    });
    members.collect()
}
