//! Compiles the upstreams of a config and registers the paths of its routes.

use std::sync::Arc;

use crate::base::diagnostic::{Diagnostic, Diagnostics};
use crate::base::document::Places;
use crate::base::similar_name::did_you_mean;
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

/// A plan being compiled, and its findings so far.
pub(crate) struct Builder<'c> {
    pub(crate) input: &'c CompileInput<'c>,
    pub(crate) diagnostics: Diagnostics,
    pub(crate) upstreams: Vec<Upstream>,
    /// `set` of each upstream.
    pub(crate) sets: Vec<Vec<Assignment>>,
    pub(crate) key_sets: KeySets,
}

impl<'c> Builder<'c> {
    pub(crate) fn new(input: &'c CompileInput<'c>) -> Self {
        let (diagnostics, key_sets) = (Diagnostics::default(), KeySets::default());
        Self { input, diagnostics, upstreams: Vec::new(), sets: Vec::new(), key_sets }
    }

    pub(crate) fn error(&mut self, key: &str, message: impl Into<String>, label: &str, remedy: impl Into<String>) {
        let diagnostic = Diagnostic::error(message).label(label).remedy(remedy);
        self.diagnostics.push(self.input.places.locate(diagnostic, key));
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
        self.reject_set_beside_map(&format!("upstreams.{name}.set"), &set, identity.as_deref());
        let handles = self.handles(name);
        self.upstreams.push(Upstream { name: name.into(), kind, identity, handles });
        self.sets.push(set);
    }

    pub(crate) fn provider(&mut self, id: &str, key: &str) -> Option<Arc<Provider>> {
        if let Some(provider) = self.input.registry.provider(id) {
            return Some(provider.clone());
        }
        let remedy = did_you_mean(id, self.input.registry.names(), "the providers are");
        self.error(key, format!("unknown provider `{id}`"), "this name", remedy);
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
                    self.diagnostics.push(self.input.places.locate_key(finding, &key));
                    continue;
                }
            };
            match Assignment::compile(member, assigned, direction, self.input.base) {
                Ok(assignment) => compiled.push(assignment),
                Err(finding) => self.diagnostics.push(self.input.places.locate(finding, &key)),
            }
        }
        compiled
    }

    /// The upstream named by the value of a key.
    pub(crate) fn named_upstream(&mut self, name: &str, key: &str) -> Option<usize> {
        self.known_upstream(name, |places, finding| places.locate(finding, key))
    }

    /// The upstream named by the last part of a key.
    pub(crate) fn upstream_of_key(&mut self, name: &str, key: &str) -> Option<usize> {
        self.known_upstream(name, |places, finding| places.locate_key(finding, key))
    }

    fn known_upstream(&mut self, name: &str, locate: impl FnOnce(&Places, Diagnostic) -> Diagnostic) -> Option<usize> {
        let index = self.upstreams.iter().position(|upstream| &*upstream.name == name);
        let known: Vec<_> = self.input.names("upstreams", self.input.upstreams.keys()).collect();
        // A mistake in the table of a known upstream is reported there.
        if index.is_some() || known.contains(&name) || self.input.mistakes.contains("upstreams") {
            return index;
        }
        let remedy = match known.is_empty() {
            true => format!("add a table `[upstreams.{name}]`"),
            false => did_you_mean(name, known, "the upstreams are"),
        };
        let finding = Diagnostic::error(format!("unknown upstream `{name}`")).label("this name").remedy(remedy);
        self.diagnostics.push(locate(self.input.places, finding));
        None
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
                    "the routes `{other}` and `{}` both serve `{}` of {}",
                    route.name,
                    operation.name(),
                    route.dialect.display_name
                );
                let remedy = "give them different `hosts` or different prefixes";
                let key = format!("routes.{}", route.name);
                self.error(&key, message, "this route", remedy);
                return;
            }
        }
    }

    pub(crate) fn report_unused_upstreams(&mut self, routes: &[Route]) {
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
                .remedy("remove it, or use it as the `upstream` of a route");
            self.diagnostics.push(self.input.places.locate_key(diagnostic, &format!("upstreams.{name}")));
        }
    }
}
