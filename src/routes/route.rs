//! A compiled route: the dialect of its callers, and the backends that can serve it.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::caller_auth::{Callers, Relation};
use crate::features::decoys::Decoys;
use crate::features::key_learning::observe::Learning;
use crate::model::member::Member;
use crate::model::operation::Operation;
use crate::model::user_verification::UserVerification;
use crate::model::value::Value;
use crate::policy::Policy;
use crate::policy::shadow::Shadow;
use crate::provider::descriptor::Provider;
use crate::relying_party::RelyingParty;
use crate::routes::assignment::{Assignment, Given};
use crate::routes::compatibility::operation_support::OperationSupport;
use crate::routes::route_settings::CorsSettings;

/// A route. It is data: what changes while the gateway runs is kept by the gateway's runtime.
#[derive(Debug)]
pub struct Route {
    /// Its place among the routes.
    pub index: usize,
    /// Its name in the config.
    pub name: Arc<str>,
    /// The provider whose API the callers use.
    pub dialect: Arc<Provider>,
    /// The prefix of the dialect's paths.
    pub prefix: String,
    /// The hosts it is for, in lower case. Empty means any host.
    pub hosts: Vec<String>,
    /// The allowed callers.
    pub callers: Arc<Callers>,
    /// Members of responses that the upstream did not give.
    pub fill: Vec<Assignment>,
    /// Required members of the dialect that may be written empty.
    pub relax: Vec<Member>,
    /// Whether a finish is accepted although nothing proves the user.
    pub relax_subject: bool,
    /// Whether every caller may act as one user of the upstream.
    pub relax_one_user: bool,
    /// The minimum user verification of its ceremonies.
    pub min_user_verification: Option<UserVerification>,
    /// Whether a finish of an unknown ceremony passes through.
    pub passes_unknown_ceremonies: bool,
    /// The pages that may call from a browser.
    pub cors: Option<CorsSettings>,
    /// The embedded upstream that issues the tokens, by its place among the upstreams.
    pub issuer: Option<usize>,
    /// The name of each operation in the access log.
    pub log_names: BTreeMap<Operation, RouteName>,
    /// The backends. The first one is the upstream that the route names.
    pub backends: Vec<Backend>,
    /// How a backend is chosen, where there are several.
    pub(crate) policy: Option<Box<Policy>>,
}

/// An upstream compiled for a route: the proof that the dialect can be served by it.
#[derive(Debug)]
pub struct Backend {
    /// Its place among the route's backends.
    pub index: usize,
    /// Its upstream, by its place among the upstreams.
    pub upstream: usize,
    /// How the upstream relates to the dialect.
    pub relation: Relation,
    /// Members of requests: the upstream's own `set`, then the route's.
    pub set: Vec<Assignment>,
    /// Whether `set` names the same user in every request.
    pub sets_constant_user: bool,
    /// How each operation of the dialect is supported. Excluded operations are absent.
    pub operations: BTreeMap<Operation, OperationSupport>,
    /// Decoys for unknown users, where the route hides which users exist.
    pub decoys: Option<Decoys>,
    /// The embedded upstream that learns from its sign-ins.
    pub learning: Option<Learning>,
}

/// The route and operation of a response, in its extensions for the access log.
///
/// Without it the access log has the path instead.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct RouteName(pub Arc<str>);

impl Route {
    /// The backend of the upstream that the route names.
    ///
    /// # Panics
    /// When the route has no backend, which compiling a route rules out.
    pub fn own_backend(&self) -> &Backend {
        &self.backends[0]
    }

    /// Whether it answers for a host. Hosts compare case-insensitively.
    pub fn is_for_host(&self, host: Option<&str>) -> bool {
        let is_listed = |host: &str| self.hosts.iter().any(|listed| listed.eq_ignore_ascii_case(host));
        self.hosts.is_empty() || host.is_some_and(is_listed)
    }

    /// Whether one of its backends supports an operation.
    pub fn supports(&self, operation: Operation) -> bool {
        self.backends.iter().any(|backend| backend.supports(operation))
    }

    /// Whether one of its backends is the embedded relying party.
    pub(crate) fn has_embedded_backend(&self) -> bool {
        self.backends.iter().any(|backend| backend.relation == Relation::Embedded)
    }

    /// The upstream that its logins are also tried at.
    pub(crate) fn shadow(&self) -> Option<&Shadow> {
        self.policy.as_ref()?.shadow.as_ref()
    }

    /// The backend whose upstream issued a refresh token. `None` where none of them did.
    pub(crate) fn backend_of_refresh_token(&self, token: Option<&str>) -> Option<&Backend> {
        if token.is_some_and(RelyingParty::may_have_made) {
            return match self.issuer {
                Some(_) => Some(self.own_backend()),
                None => self.possible_issuers(token).next(),
            };
        }
        let is_dialects = |backend: &&Backend| backend.relation == Relation::SameProvider;
        self.backends.iter().find(is_dialects).filter(|_| self.issuer.is_none())
    }

    /// The backends whose embedded relying parties may have issued a refresh token. The token itself does not identify
    /// one.
    pub(crate) fn possible_issuers(&self, token: Option<&str>) -> impl Iterator<Item = &Backend> {
        let is_embedded = self.issuer.is_none() && token.is_some_and(RelyingParty::may_have_made);
        self.backends.iter().filter(move |backend| is_embedded && backend.relation == Relation::Embedded)
    }
}

impl Backend {
    /// Whether an operation of the dialect is supported.
    pub fn supports(&self, operation: Operation) -> bool {
        self.operations.get(&operation).is_some_and(OperationSupport::is_supported)
    }

    /// The values of its `set` that must never be shown.
    pub(crate) fn secrets(&self) -> impl Iterator<Item = &str> {
        self.set.iter().filter(|assignment| assignment.is_secret).filter_map(|assignment| match &assignment.given {
            Given::Constant(Value::Text(text)) => Some(&**text),
            Given::Constant(_) | Given::Reference { .. } => None,
        })
    }
}
