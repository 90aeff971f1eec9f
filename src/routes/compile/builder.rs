//! Building a plan: upstreams, and which route answers which path.

use std::sync::Arc;

use crate::base::diagnostic::{Diagnostic, Diagnostics, nearest};
use crate::caller_auth::fetched_keys::KeySets;
use crate::model::operation::Direction;
use crate::provider::descriptor::Provider;
use crate::relying_party::error::InvalidSetting;
use crate::routes::assignment::Assignment;
use crate::routes::compile::input::{CompileInput, UpstreamSettings};
use crate::routes::route::{Backend, Route};
use crate::routes::route_settings::Assignments;
use crate::routes::router::{Candidate, Router};
use crate::routes::upstream::{Upstream, UpstreamKind};

/// A plan in the making, and what was found wrong so far.
pub(crate) struct Builder<'c> {
    pub(crate) ground: &'c CompileInput<'c>,
    pub(crate) diagnostics: Diagnostics,
    pub(crate) upstreams: Vec<Upstream>,
    /// What each upstream is always given.
    pub(crate) sets: Vec<Vec<Assignment>>,
    pub(crate) key_sets: KeySets,
}

impl<'c> Builder<'c> {
    pub(crate) fn new(ground: &'c CompileInput<'c>) -> Self {
        let (diagnostics, key_sets) = (Diagnostics::default(), KeySets::default());
        Self { ground, diagnostics, upstreams: Vec::new(), sets: Vec::new(), key_sets }
    }

    pub(crate) fn error(&mut self, key: &str, message: impl Into<String>, label: &str, remedy: impl Into<String>) {
        let diagnostic = Diagnostic::error(message).label(label).remedy(remedy);
        self.diagnostics.push(self.ground.places.locate(diagnostic, key));
    }

    pub(crate) fn upstream(&mut self, name: &str, settings: &UpstreamSettings) {
        let (kind, set) = match settings {
            UpstreamSettings::Embedded(settings) => {
                for InvalidSetting { setting, problem, remedy } in settings.problems() {
                    let key = format!("upstreams.{name}.{setting}");
                    self.error(&key, format!("`{key}` {problem}"), "this value", remedy);
                }
                (UpstreamKind::Embedded(settings.clone()), Vec::new())
            }
            UpstreamSettings::Http { provider, base_url, http, set, discoverable } => {
                let key = format!("upstreams.{name}");
                let Some(provider) = self.provider(provider, &format!("{key}.provider")) else { return };
                let set = self.assignments(&format!("{key}.set"), set, Direction::Request);
                (
                    UpstreamKind::Http {
                        provider,
                        base_url: base_url.clone(),
                        http: http.clone(),
                        discoverable: *discoverable,
                    },
                    set,
                )
            }
        };
        let Ok(identity) = self.identity(name) else { return };
        self.one_namer(&format!("upstreams.{name}.set"), &set, identity.as_deref());
        let handles = self.handles(name);
        self.upstreams.push(Upstream { name: name.into(), kind, identity, handles });
        self.sets.push(set);
    }

    pub(crate) fn provider(&mut self, id: &str, key: &str) -> Option<Arc<Provider>> {
        if let Some(provider) = self.ground.registry.provider(id) {
            return Some(provider.clone());
        }
        let known: Vec<_> = self.ground.registry.names().collect();
        let remedy = match nearest(id, known.iter().copied()) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("the providers are: {}", known.join(", ")),
        };
        self.error(key, format!("there is no provider `{id}`"), "this name", remedy);
        None
    }

    pub(crate) fn assignments(
        &mut self,
        key: &str,
        assignments: &Assignments,
        direction: Direction,
    ) -> Vec<Assignment> {
        let mut compiled = Vec::new();
        for (name, assigned) in assignments.flatten() {
            let key = format!("{key}.{name}");
            let member = match Assignment::member(&name, direction) {
                Ok(member) => member,
                Err(finding) => {
                    self.diagnostics.push(self.ground.places.locate_key(finding, &key));
                    continue;
                }
            };
            match Assignment::compile(member, assigned, direction, self.ground.base) {
                Ok(assignment) => compiled.push(assignment),
                Err(finding) => self.diagnostics.push(self.ground.places.locate(finding, &key)),
            }
        }
        compiled
    }

    /// The upstream that the value of a key names.
    pub(crate) fn named_upstream(&mut self, name: &str, key: &str) -> Option<usize> {
        match self.known_upstream(name) {
            Ok(index) => Some(index),
            Err(unknown) => {
                let places = self.ground.places;
                unknown.into_iter().for_each(|one| self.diagnostics.push(places.locate(one, key)));
                None
            }
        }
    }

    /// The upstream that a key itself names, the last name of its path.
    pub(crate) fn upstream_of_key(&mut self, name: &str, key: &str) -> Option<usize> {
        match self.known_upstream(name) {
            Ok(index) => Some(index),
            Err(unknown) => {
                let places = self.ground.places;
                unknown.into_iter().for_each(|one| self.diagnostics.push(places.locate_key(one, key)));
                None
            }
        }
    }

    /// The upstream of a name, or what is wrong with it, if that was not told of already.
    fn known_upstream(&self, name: &str) -> Result<usize, Option<Diagnostic>> {
        if let Some(index) = self.upstreams.iter().position(|upstream| &*upstream.name == name) {
            return Ok(index);
        }
        let known: Vec<_> = self.ground.upstreams.keys().map(String::as_str).collect();
        // One that is there and broken was told of already.
        if known.contains(&name) || self.ground.broken.iter().any(|broken| broken == name) {
            return Err(None);
        }
        let remedy = match nearest(name, known.iter().copied()) {
            Some(near) => format!("did you mean `{near}`?"),
            None if known.is_empty() => format!("write a table `[upstreams.{name}]`"),
            None => format!("the upstreams are: {}", known.join(", ")),
        };
        let finding = Diagnostic::error(format!("there is no upstream `{name}`")).label("this name");
        Err(Some(finding.remedy(remedy)))
    }

    pub(crate) fn add_paths(&mut self, router: &mut Router, routes: &[Route], index: usize) {
        let route = &routes[index];
        let offered = &route.own_backend().operations;
        let answered = route.dialect.operations.iter().filter(|(operation, _)| offered.contains_key(operation));
        for (operation, template) in answered {
            let request = &template.request;
            let candidate = Candidate { route: index, operation: *operation, method: request.method.clone() };
            if let Err(conflict) = router.add(&route.hosts, &route.prefix, &request.path, &candidate) {
                let other = &routes[conflict.with].name;
                let message = format!(
                    "the routes `{other}` and `{}` both answer `{}` of {}",
                    route.name,
                    operation.name(),
                    route.dialect.id
                );
                let remedy = "give them different `hosts` or a different `prefix`";
                let key = format!("routes.{}", route.name);
                self.error(&key, message, "this route", remedy);
                return;
            }
        }
    }

    pub(crate) fn unused_upstreams(&mut self, routes: &[Route]) {
        let unused: Vec<_> = (0..self.upstreams.len())
            .filter(|index| {
                let learns = |one: &Backend| one.learning.is_some_and(|learning| learning.upstream == *index);
                let uses = |route: &Route| {
                    let is_backend = route.backends.iter().any(|one| one.upstream == *index || learns(one));
                    is_backend || route.issuer == Some(*index)
                };
                !routes.iter().any(uses)
            })
            .map(|index| self.upstreams[index].name.clone())
            .collect();
        if self.diagnostics.has_errors() {
            return;
        }
        for name in unused {
            let diagnostic = Diagnostic::warning(format!("no route uses the upstream `{name}`"))
                .label("unused")
                .remedy("take it out, or name it as a route's `upstream`");
            self.diagnostics.push(self.ground.places.locate_key(diagnostic, &format!("upstreams.{name}")));
        }
    }
}
