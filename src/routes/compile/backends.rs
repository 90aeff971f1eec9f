//! The backends of a route: one for each upstream that it may use, each proved on its own.
//!
//! An entry of `set` or `fill` is unused only if no backend uses it. Every other finding names its backend.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::base::diagnostic::{Diagnostic, Severity};
use crate::caller_auth::caller_settings::UserSettings;
use crate::caller_auth::{Callers, CompileContext, Relation};
use crate::features::key_learning::observe::Learning;
use crate::model::member::Member;
use crate::model::operation::Operation;
use crate::provider::descriptor::Provider;
use crate::provider::template::message::Caller;
use crate::routes::assignment::Assignment;
use crate::routes::compatibility::findings::report_findings;
use crate::routes::compatibility::pair::Pair;
use crate::routes::compatibility::pair_support::unused_assignments;
use crate::routes::compatibility::subject_proof::names_constant_user;
use crate::routes::compile::builder::Builder;
use crate::routes::compile::enumeration::hidden_users;
use crate::routes::route::{Backend, RouteName};
use crate::routes::route_settings::RouteSettings;

/// The parts that all backends of a route share.
pub(crate) struct Common<'s> {
    pub(crate) name: &'s str,
    pub(crate) settings: &'s RouteSettings,
    /// The key of the route.
    pub(crate) key: String,
    pub(crate) dialect: Arc<Provider>,
    /// `set` of the route.
    pub(crate) own_set: Vec<Assignment>,
    pub(crate) fill: Vec<Assignment>,
    /// The operations that every backend must support.
    pub(crate) required: Vec<Operation>,
    /// The operations that the route does not serve.
    pub(crate) excluded: Vec<Operation>,
    pub(crate) relax: Vec<Member>,
    pub(crate) issuer: Option<Option<usize>>,
    /// The embedded upstream that learns from the sign-ins.
    pub(crate) learning: Option<Learning>,
}

/// An upstream that a route uses.
#[derive(Clone, Debug)]
pub(crate) struct Use {
    /// By its index in the plan.
    pub(crate) upstream: usize,
    /// The first key below the route that names it.
    pub(crate) key: String,
}

/// The allowed callers of a route, and whether they compiled without an error.
pub(crate) struct CompiledCallers {
    pub(crate) callers: Arc<Callers>,
    are_valid: bool,
}

impl Builder<'_> {
    /// The backends, in the order of the upstreams.
    pub(crate) fn backends(&mut self, common: &Common<'_>, uses: &[Use], callers: &CompiledCallers) -> Vec<Backend> {
        let sets: Vec<_> = uses.iter().map(|one| self.merged_set(common, one.upstream)).collect();
        let one_user = |set: &Vec<Assignment>| {
            set.iter().any(|assignment| {
                let names = matches!(assignment.member, Member::UserId | Member::UserEmail | Member::UserToken);
                names && assignment.reference().is_none()
            })
        };
        self.reject_constant_user(&common.key, &common.fill, sets.iter().all(one_user));
        let mut unused_everywhere: Option<Vec<_>> = None;
        let mut backends = Vec::new();
        for (index, (one, set)) in uses.iter().zip(sets).enumerate() {
            let named = match uses.len() {
                1 => String::new(),
                _ => format!(", upstream `{}`", self.upstreams[one.upstream].name),
            };
            let (backend, unused) = self.backend(common, (index, one), &named, set, callers);
            backends.push(backend);
            unused_everywhere = Some(match unused_everywhere {
                None => unused,
                Some(so_far) => so_far.into_iter().filter(|entry| unused.contains(entry)).collect(),
            });
        }
        for (table, member) in unused_everywhere.unwrap_or_default() {
            let key = format!("{}.{table}.{}", common.key, member.name());
            let message = format!("no message of this route carries `{}`", member.name());
            self.error(&key, message, "unused", "remove it, or correct its name");
        }
        backends
    }

    /// `set` of a backend: the upstream's own entries, then the route's.
    fn merged_set(&mut self, common: &Common<'_>, upstream: usize) -> Vec<Assignment> {
        let identity = self.upstreams[upstream].identity.clone();
        self.reject_set_beside_map(&format!("{}.set", common.key), &common.own_set, identity.as_deref());
        let mut set = self.sets[upstream].clone();
        set.retain(|general| common.own_set.iter().all(|own| own.member != general.member));
        set.extend(common.own_set.iter().cloned());
        set
    }

    fn backend(
        &mut self,
        common: &Common<'_>,
        (index, one): (usize, &Use),
        named: &str,
        set: Vec<Assignment>,
        compiled: &CompiledCallers,
    ) -> (Backend, Vec<(&'static str, Member)>) {
        let (settings, upstream) = (common.settings, &self.upstreams[one.upstream]);
        let relation = upstream.side().relation_to(&common.dialect);
        let pair = Pair {
            dialect: &common.dialect,
            upstream: upstream.side(),
            set: &set,
            fill: &common.fill,
            relax: &common.relax,
            relax_subject: settings.relaxes("subject"),
            relax_one_user: settings.relaxes("one_user"),
            claims: &claims(settings, relation),
            issues_tokens: common.issuer.is_some(),
            discoverable: upstream.discoverable(),
            identity: upstream.identity.as_deref(),
            upstream_verifies_tokens: compiled.callers.users_verified_by_upstream(),
            has_handles: upstream.handles.is_some(),
        };
        let mut support = pair.support();
        support.retain(|operation, _| !common.excluded.contains(operation));
        // A shadow only begins logins.
        let required: &[Operation] = match &*one.key {
            "shadow.upstream" => &[Operation::LoginBegin],
            _ => &common.required,
        };
        let found = match self.input.is_undecided(common.name, &upstream.name) {
            true => Vec::new(),
            false => report_findings(&pair.names(), common.name, required, &support, compiled.are_valid),
        };
        let unused = unused_assignments(&pair, &common.own_set, &support);
        for finding in found.iter().filter(|finding| finding.severity < Severity::Note) {
            let key = format!("{}.{}", common.key, if finding.key == "upstream" { &*one.key } else { finding.key });
            self.diagnostics.push(self.input.places.locate(finding.diagnostic(common.name, named), &key));
        }
        let hidden = hidden_users(self.input, settings, &pair, support.values(), common.name);
        self.report_once(&common.key, hidden.findings);
        let backend = Backend {
            index,
            upstream: one.upstream,
            relation,
            sets_constant_user: names_constant_user(&set),
            operations: support,
            decoys: hidden.decoys,
            learning: common.learning.filter(|learning| learning.upstream != one.upstream),
            set,
        };
        (backend, unused)
    }

    /// Reports findings of a backend below its route. A finding that another backend had is not repeated.
    fn report_once(&mut self, key: &str, found: Vec<(&'static str, Diagnostic)>) {
        for (below, diagnostic) in found {
            let found = self.input.places.locate(diagnostic, &format!("{key}.{below}"));
            if self.diagnostics.iter().all(|known| *known != found) {
                self.diagnostics.push(found);
            }
        }
    }

    /// The allowed callers are those of all backends, and must fit each relation to an upstream.
    pub(crate) fn callers(&mut self, common: &Common<'_>, uses: &[Use]) -> CompiledCallers {
        let mut needed: BTreeMap<Caller, Vec<&'static str>> = BTreeMap::new();
        let operations = common.dialect.operations.iter();
        for (operation, template) in operations.filter(|(operation, _)| !common.excluded.contains(operation)) {
            needed.entry(template.request.caller).or_default().push(operation.name());
        }
        let needed: Vec<_> = needed.into_iter().collect();
        let relation_to = |one: &Use| self.upstreams[one.upstream].side().relation_to(&common.dialect);
        let mut relations: Vec<Relation> = uses.iter().map(relation_to).collect();
        relations.dedup();
        let (mut first, mut found) = (None, Vec::<(String, Diagnostic)>::new());
        for relation in relations {
            let (base, dialect) = (self.input.base, common.dialect.display_name.as_str());
            let context = CompileContext { base, dialect, relation, key_sets: &self.key_sets };
            let (callers, diagnostics) = Callers::compile(&common.settings.callers, &needed, &context);
            first.get_or_insert(callers);
            // A finding that does not depend on the upstream was reported for the first relation.
            let so_far: Vec<_> = found.iter().map(|(below, _)| below.clone()).collect();
            found.extend(diagnostics.into_iter().filter(|(below, _)| !so_far.contains(below)));
        }
        let are_valid = found.iter().all(|(_, diagnostic)| diagnostic.severity != Severity::Error);
        for (below, diagnostic) in found {
            self.diagnostics.push(self.input.places.locate(diagnostic, &format!("{}.{below}", common.key)));
        }
        CompiledCallers { callers: Arc::new(first.expect("a route has its own upstream")), are_valid }
    }
}

/// The name of each operation in the access log.
pub(crate) fn log_names(route: &str, dialect: &Provider) -> BTreeMap<Operation, RouteName> {
    let named = |operation: &Operation| (*operation, RouteName(format!("{route} {}", operation.name()).into()));
    dialect.operations.keys().map(named).collect()
}

/// The members that the end user's verified token gives on a route.
pub(crate) fn claims(settings: &RouteSettings, relation: Relation) -> Vec<Member> {
    match &settings.callers.user {
        Some(UserSettings::Jwt { jwt }) => jwt.claims.keys().filter_map(|name| Member::named(name)).collect(),
        Some(UserSettings::Upstream(_)) if relation == Relation::Embedded => vec![Member::UserId],
        Some(UserSettings::Upstream(_)) | None => Vec::new(),
    }
}
