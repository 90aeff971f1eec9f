//! Building one route: its settings, then the proof that dialect and upstream fit.

use std::collections::BTreeMap;

use crate::canonical::member::Member;
use crate::canonical::operation::{Direction, Operation};
use crate::diagnostic::Severity;
use crate::gateway::assign::Assignment;
use crate::gateway::callers::settings::Users;
use crate::gateway::callers::{Callers, CompileContext, Relation};
use crate::gateway::check::Pair;
use crate::gateway::outcome::RouteName;
use crate::gateway::plan::Route;
use crate::gateway::plan::builder::Builder;
use crate::gateway::plan::judge::{judge, unused};
use crate::gateway::settings::{RouteSettings, Unseen};
use crate::gateway::source::names_constant_user;
use crate::provider::descriptor::Provider;
use crate::template::message::Caller;

impl Builder<'_> {
    pub(super) fn route(&mut self, name: &str, settings: &RouteSettings) -> Option<Route> {
        let key = format!("routes.{name}");
        let dialect = self.provider(&settings.dialect, &format!("{key}.dialect"));
        let upstream = self.named_upstream(&settings.upstream, &format!("{key}.upstream"));
        let own_set = self.assignments(&format!("{key}.set"), &settings.set, Direction::Request);
        let fill = self.assignments(&format!("{key}.fill"), &settings.fill, Direction::Response);
        self.hosts(&settings.hosts, &format!("{key}.hosts"));
        let prefix_is_good = self.prefix(&settings.prefix, &format!("{key}.prefix"));
        let operations = self.operations(settings, &key);
        let left = self.left(settings, &key);
        let (Some(dialect), Some(upstream), true) = (dialect, upstream, prefix_is_good) else { return None };

        let relax = self.relax(settings, &key, &dialect);
        let issuer = self.issuer(settings, &key);
        let observes = self.observes(settings, &key);
        let relation = self.upstreams[upstream].side().relation_to(&dialect);
        let (callers, callers_are_right) = self.callers(settings, &key, &dialect, &left, relation);
        let set = self.merged_set(&key, upstream, &own_set);
        self.safe_fill(&key, &fill, &set);
        let [relax_subject, relax_one_user] =
            ["subject", "one_user"].map(|word| settings.relax.iter().any(|name| name == word));
        let pair = Pair {
            dialect: &dialect,
            upstream: self.upstreams[upstream].side(),
            set: &set,
            fill: &fill,
            relax: &relax,
            relax_subject,
            relax_one_user,
            claims: &claims(settings, relation),
            issues_tokens: issuer.is_some(),
            discoverable: self.upstreams[upstream].discoverable(),
            identity: self.upstreams[upstream].identity.as_deref(),
            vouched_upstream: callers.are_judged_by_upstream(),
        };
        let carriages: BTreeMap<_, _> = pair
            .carriages()
            .into_iter()
            .filter(|carriage| !left.contains(&carriage.operation))
            .map(|carriage| (carriage.operation, carriage))
            .collect();
        let found = judge(&pair, name, &operations, &carriages, callers_are_right);
        let unused = unused(&pair, &own_set, &carriages);
        for (below, diagnostic) in found {
            self.diagnostics.push(self.ground.places.locate(diagnostic, &format!("{key}.{below}")));
        }
        self.tell_unused(&key, unused);
        Some(Route {
            name: name.into(),
            line_names: line_names(name, &dialect),
            prefix: settings.prefix.clone(),
            hosts: settings.hosts.iter().map(|host| host.to_ascii_lowercase()).collect(),
            upstream,
            callers,
            relax_subject,
            relax_one_user,
            verification: settings.user_verification,
            passes_unseen: settings.unseen == Unseen::Pass,
            cors: settings.cors.clone(),
            issuer: issuer.flatten(),
            observes,
            relation,
            constant_user: names_constant_user(&set),
            carriages,
            dialect,
            set,
            fill,
            relax,
        })
    }

    /// The upstream's `set`, and the route's own, which stands before it.
    fn merged_set(&mut self, key: &str, upstream: usize, own: &[Assignment]) -> Vec<Assignment> {
        let identity = self.upstreams[upstream].identity.clone();
        self.one_namer(&format!("{key}.set"), own, identity.as_deref());
        let general = self.sets[upstream].iter();
        let general = general.filter(|general| own.iter().all(|own| own.member != general.member));
        general.chain(own).cloned().collect()
    }

    fn tell_unused(&mut self, key: &str, unused: Vec<(&'static str, Member)>) {
        for (table, member) in unused {
            let key = format!("{key}.{table}.{}", member.name());
            let message = format!("nothing on this route uses `{}`", member.name());
            self.error(&key, message, "unused", "take it out, or correct its name");
        }
    }

    fn callers(
        &mut self,
        settings: &RouteSettings,
        key: &str,
        dialect: &Provider,
        left: &[Operation],
        relation: Relation,
    ) -> (Callers, bool) {
        let mut needed: BTreeMap<Caller, Vec<&'static str>> = BTreeMap::new();
        for (operation, template) in dialect.operations.iter().filter(|(operation, _)| !left.contains(operation)) {
            needed.entry(template.request.caller).or_default().push(operation.name());
        }
        let needed: Vec<_> = needed.into_iter().collect();
        let context = CompileContext { base: self.ground.base, dialect: &dialect.id, relation };
        let (callers, diagnostics) = Callers::compile(&settings.callers, &needed, &context);
        let are_right = diagnostics.iter().all(|(_, diagnostic)| diagnostic.severity != Severity::Error);
        for (below, diagnostic) in diagnostics {
            self.diagnostics.push(self.ground.places.locate(diagnostic, &format!("{key}.{below}")));
        }
        (callers, are_right)
    }
}

/// What each operation of a route is called in the access line.
fn line_names(route: &str, dialect: &Provider) -> BTreeMap<Operation, RouteName> {
    let named = |operation: &Operation| (*operation, RouteName(format!("{route} {}", operation.name()).into()));
    dialect.operations.keys().map(named).collect()
}

/// The members that the end user's verified token gives on a route.
fn claims(settings: &RouteSettings, relation: Relation) -> Vec<Member> {
    match &settings.callers.user {
        Some(Users::Jwt { jwt }) => jwt.claims.keys().filter_map(|name| Member::named(name)).collect(),
        Some(Users::Upstream(_)) if relation == Relation::Embedded => vec![Member::UserId],
        Some(Users::Upstream(_)) | None => Vec::new(),
    }
}
