//! Routes: the dialect of each host and path, and the backends that can serve it.
//!
//! [`compile`] turns the config's routes into a [`Plan`] and reports all mistakes together. [`compatibility`] checks
//! whether an upstream can serve a dialect, member by member. A compiled route is data, and knows nothing of the
//! requests in progress. Start with [`route`].

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
