//! From the config's routes to compiled ones, before a port is bound.
//!
//! Every mistake of every route is reported at once. A route without an error can serve every operation that it
//! offers. Start with [`compile`]; each other file compiles one part of a route.

pub(crate) mod backends;
pub(crate) mod builder;
pub(crate) mod enumeration;
pub(crate) mod fallback;
pub mod identity;
pub mod input;
pub(crate) mod key_learning;
pub(crate) mod policies;
pub(crate) mod route;
pub(crate) mod settings;
pub(crate) mod split;
pub(crate) mod user_handles;

use crate::base::diagnostic::Diagnostics;
use crate::routes::Plan;
use crate::routes::compile::builder::Builder;
use crate::routes::compile::input::CompileInput;
use crate::routes::route::Route;
use crate::routes::router::Router;

/// Compiles the routes of a config. With an error among the diagnostics they must not be served.
pub fn compile(input: &CompileInput<'_>) -> (Plan, Diagnostics) {
    let mut builder = Builder::new(input);
    for (name, settings) in input.upstreams {
        builder.upstream(name, settings);
    }
    let mut routes: Vec<Route> =
        input.routes.iter().filter_map(|(name, settings)| builder.route(name, settings)).collect();
    let mut router = Router::default();
    for index in 0..routes.len() {
        routes[index].index = index;
        builder.add_paths(&mut router, &routes, index);
    }
    builder.reject_shared_handle_files();
    builder.report_unused_upstreams(&routes);
    builder.report_unused_maps();
    (Plan { routes, upstreams: builder.upstreams, router }, builder.diagnostics)
}
