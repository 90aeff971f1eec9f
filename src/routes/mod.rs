//! Routes: which dialect is spoken on which host and path, and which backends can serve it.
//!
//! [`compile`] turns the config's routes into [`Plan`] and reports every mistake at once; [`compatibility`] proves
//! whether an upstream can serve a dialect, member by member. A compiled route is data, and knows nothing of a
//! request that is under way. Start with [`route`].

pub mod assignment;
pub mod compatibility;
pub mod compile;
pub(crate) mod forwarding;
pub mod provider_side;
pub mod route;
pub mod route_settings;
pub mod router;
pub mod upstream;

use crate::routes::route::Route;
use crate::routes::router::Router;
use crate::routes::upstream::Upstream;

/// The compiled routes and upstreams of a config.
#[derive(Debug)]
pub struct Plan {
    /// The routes.
    pub routes: Vec<Route>,
    /// The upstreams.
    pub upstreams: Vec<Upstream>,
    /// Which route a request is for.
    pub router: Router,
}
