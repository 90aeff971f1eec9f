//! The routes of a config, proved to work before a port is bound.
//!
//! Every mistake of every route is found in one go. A plan that was built without an error is what
//! the gateway runs by.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use crate::canonical::member::Member;
use crate::canonical::operation::{Direction, Operation};
use crate::canonical::value::Kind;
use crate::diagnostic::{Diagnostic, Diagnostics, nearest};
use crate::document::Places;
use crate::gateway::assign::Assignment;
use crate::gateway::callers::{Callers, CompileContext};
use crate::gateway::check::{Carriage, Pair};
use crate::gateway::router::{Candidate, Router};
use crate::gateway::settings::{Assignments, RouteSettings, Users, Verification};
use crate::gateway::side::Side;
use crate::provider::descriptor::Provider;
use crate::provider::registry::Registry;
use crate::relying_party::settings::EmbeddedSettings;
use crate::template::message::Caller;
use crate::upstream::base_url::BaseUrl;
use crate::upstream::settings::HttpSettings;

/// What a plan is made of.
#[derive(Debug)]
pub struct Ground<'c> {
    /// Every provider.
    pub registry: &'c Registry,
    /// `[upstreams]`.
    pub upstreams: &'c BTreeMap<String, UpstreamSettings>,
    /// `[routes]`.
    pub routes: &'c BTreeMap<String, RouteSettings>,
    /// Where everything stands.
    pub places: &'c Places,
    /// Where relative paths start.
    pub base: &'c Path,
}

/// `[upstreams.NAME]`.
#[derive(Clone, Debug)]
pub enum UpstreamSettings {
    /// The embedded relying party.
    Embedded(EmbeddedSettings),
    /// A provider over HTTP.
    Http {
        /// The provider's id.
        provider: String,
        /// Where its API stands.
        base_url: BaseUrl,
        /// Limits.
        http: HttpSettings,
        /// Members this upstream is always given.
        set: Assignments,
    },
}

/// Every route and upstream, ready to run.
#[derive(Debug)]
pub struct Plan {
    /// The routes.
    pub routes: Vec<Route>,
    /// The upstreams.
    pub upstreams: Vec<Upstream>,
    /// Which route a request is for.
    pub router: Router,
}

/// An upstream that does the work of routes.
#[derive(Debug)]
pub struct Upstream {
    /// Its name in the config.
    pub name: Arc<str>,
    /// What it is.
    pub kind: UpstreamKind,
}

/// What an upstream is.
#[derive(Debug)]
pub enum UpstreamKind {
    /// The embedded relying party.
    Embedded(EmbeddedSettings),
    /// A provider over HTTP.
    Http {
        /// Its API.
        provider: Arc<Provider>,
        /// Where that stands.
        base_url: BaseUrl,
        /// Limits.
        http: HttpSettings,
    },
}

/// A route.
#[derive(Debug)]
pub struct Route {
    /// Its name in the config.
    pub name: Arc<str>,
    /// The provider whose API its callers speak.
    pub dialect: Arc<Provider>,
    /// What stands before the dialect's paths.
    pub prefix: String,
    /// For which hosts, in lower case; none is any.
    pub hosts: Vec<String>,
    /// Who does the work, by its place in the plan.
    pub upstream: usize,
    /// Who may call.
    pub callers: Callers,
    /// What requests are given: the upstream's own first, then the route's.
    pub set: Vec<Assignment>,
    /// What responses are given where the upstream gave nothing.
    pub fill: Vec<Assignment>,
    /// Required members that may be written empty.
    pub relax: Vec<Member>,
    /// Whether it was accepted that nothing proves the user.
    pub relax_subject: bool,
    /// The least user verification.
    pub verification: Option<Verification>,
    /// The embedded upstream whose issuer makes the tokens, by its place in the plan.
    pub issuer: Option<usize>,
    /// Whether dialect and upstream are the same provider.
    pub same_provider: bool,
    /// How each operation of the dialect is carried.
    pub carriages: BTreeMap<Operation, Carriage>,
}

impl Upstream {
    /// The side of a route it stands on.
    pub fn side(&self) -> Side<'_> {
        match &self.kind {
            UpstreamKind::Embedded(_) => Side::Embedded,
            UpstreamKind::Http { provider, .. } => Side::Provider(provider),
        }
    }
}

impl Route {
    /// Whether an operation of the dialect is carried.
    pub fn carries(&self, operation: Operation) -> bool {
        self.carriages.get(&operation).is_some_and(Carriage::works)
    }
}

impl Plan {
    /// Builds the plan of a config; with an error among the diagnostics it must not be run.
    pub fn build(ground: &Ground<'_>) -> (Self, Diagnostics) {
        let mut builder =
            Builder { ground, diagnostics: Diagnostics::default(), upstreams: Vec::new(), sets: Vec::new() };
        for (name, settings) in ground.upstreams {
            builder.upstream(name, settings);
        }
        let routes: Vec<Route> =
            ground.routes.iter().filter_map(|(name, settings)| builder.route(name, settings)).collect();
        let mut router = Router::default();
        for (index, route) in routes.iter().enumerate() {
            builder.add_paths(&mut router, index, &routes, route);
        }
        builder.unused_upstreams(&routes);
        (Self { routes, upstreams: builder.upstreams, router }, builder.diagnostics)
    }
}

struct Builder<'c> {
    ground: &'c Ground<'c>,
    diagnostics: Diagnostics,
    upstreams: Vec<Upstream>,
    /// What each upstream is always given.
    sets: Vec<Vec<Assignment>>,
}

impl Builder<'_> {
    fn error(&mut self, key: &str, message: impl Into<String>, label: &str, remedy: impl Into<String>) {
        let diagnostic = Diagnostic::error(message).label(label).remedy(remedy);
        self.diagnostics.push(self.ground.places.locate(diagnostic, key));
    }

    fn upstream(&mut self, name: &str, settings: &UpstreamSettings) {
        let (kind, set) = match settings {
            UpstreamSettings::Embedded(settings) => (UpstreamKind::Embedded(settings.clone()), Vec::new()),
            UpstreamSettings::Http { provider, base_url, http, set } => {
                let key = format!("upstreams.{name}");
                let Some(provider) = self.provider(provider, &format!("{key}.provider")) else { return };
                let set = self.assignments(&format!("{key}.set"), set, Direction::Request);
                (UpstreamKind::Http { provider, base_url: base_url.clone(), http: http.clone() }, set)
            }
        };
        self.upstreams.push(Upstream { name: name.into(), kind });
        self.sets.push(set);
    }

    fn provider(&mut self, id: &str, key: &str) -> Option<Arc<Provider>> {
        if let Some(provider) = self.ground.registry.provider(id) {
            return Some(provider.clone());
        }
        let known: Vec<_> = self.ground.registry.iter().map(|provider| provider.id.as_str()).collect();
        let remedy = match nearest(id, known.iter().copied()) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("the providers are: {}", known.join(", ")),
        };
        self.error(key, format!("there is no provider `{id}`"), "this name", remedy);
        None
    }

    fn assignments(&mut self, key: &str, assignments: &Assignments, direction: Direction) -> Vec<Assignment> {
        let mut compiled = Vec::new();
        for (name, assigned) in assignments.flatten() {
            match Assignment::compile(&name, assigned, direction, self.ground.base) {
                Ok(assignment) => compiled.push(assignment),
                Err(diagnostic) => {
                    self.diagnostics.push(self.ground.places.locate(diagnostic, &format!("{key}.{name}")));
                }
            }
        }
        compiled
    }

    fn named_upstream(&mut self, name: &str, key: &str) -> Option<usize> {
        if let Some(index) = self.upstreams.iter().position(|upstream| &*upstream.name == name) {
            return Some(index);
        }
        let known: Vec<_> = self.ground.upstreams.keys().map(String::as_str).collect();
        // One that is there and broken was told of already.
        if !known.contains(&name) {
            let remedy = match nearest(name, known.iter().copied()) {
                Some(near) => format!("did you mean `{near}`?"),
                None if known.is_empty() => format!("write a table `[upstreams.{name}]`"),
                None => format!("the upstreams are: {}", known.join(", ")),
            };
            self.error(key, format!("there is no upstream `{name}`"), "this name", remedy);
        }
        None
    }

    fn route(&mut self, name: &str, settings: &RouteSettings) -> Option<Route> {
        let key = format!("routes.{name}");
        let dialect = self.provider(&settings.dialect, &format!("{key}.dialect"));
        let upstream = self.named_upstream(&settings.upstream, &format!("{key}.upstream"));
        let own_set = self.assignments(&format!("{key}.set"), &settings.set, Direction::Request);
        let fill = self.assignments(&format!("{key}.fill"), &settings.fill, Direction::Response);
        self.constant_fill(&key, &fill);
        let prefix_is_good = self.prefix(&settings.prefix, &format!("{key}.prefix"));
        let operations = self.operations(settings, &key);
        let (Some(dialect), Some(upstream), true) = (dialect, upstream, prefix_is_good) else { return None };

        let relax = self.relax(settings, &key, &dialect);
        let issuer = self.issuer(settings, &key);
        let side = self.upstreams[upstream].side();
        let same_provider = side.provider().is_some_and(|provider| provider.id == dialect.id);
        let embedded = matches!(side, Side::Embedded);
        let callers = self.callers(settings, &key, &dialect, embedded, same_provider);
        let mut set = self.sets[upstream].clone();
        set.retain(|general| own_set.iter().all(|own| own.member != general.member));
        set.extend(own_set.iter().cloned());
        let claims: Vec<Member> = claims(settings, embedded);
        let relax_subject = settings.relax.iter().any(|name| name == "subject");
        let pair = Pair {
            dialect: &dialect,
            upstream: self.upstreams[upstream].side(),
            set: &set,
            fill: &fill,
            relax: &relax,
            relax_subject,
            claims: &claims,
            issues_tokens: issuer.is_some(),
        };
        let carriages: BTreeMap<_, _> =
            pair.carriages().into_iter().map(|carriage| (carriage.operation, carriage)).collect();
        let found = judge(&pair, name, &operations, &carriages);
        let unused = unused(&pair, &own_set, &carriages);
        for diagnostic in found {
            self.diagnostics.push(self.ground.places.locate(diagnostic, &format!("{key}.upstream")));
        }
        for (table, member) in unused {
            let key = format!("{key}.{table}.{}", member.name());
            let message = format!("nothing on this route uses `{}`", member.name());
            self.error(&key, message, "unused", "take it out, or correct its name");
        }
        Some(Route {
            name: name.into(),
            prefix: settings.prefix.clone(),
            hosts: settings.hosts.iter().map(|host| host.to_ascii_lowercase()).collect(),
            upstream,
            callers: callers?,
            relax_subject,
            verification: settings.user_verification,
            issuer: issuer.flatten(),
            same_provider,
            carriages,
            dialect,
            set,
            fill,
            relax,
        })
    }

    /// A response is filled with constants: what the caller sent is echoed anyway.
    fn constant_fill(&mut self, key: &str, fill: &[Assignment]) {
        for assignment in fill.iter().filter(|assignment| assignment.reference().is_some()) {
            let message = format!("`{}` is filled with what the caller sent", assignment.member.name());
            let key = format!("{key}.fill.{}", assignment.member.name());
            self.error(
                &key,
                message,
                "this reference",
                "write a constant; what the caller said of the user is echoed without it",
            );
        }
    }

    fn prefix(&mut self, prefix: &str, key: &str) -> bool {
        let good = prefix.is_empty() || (prefix.starts_with('/') && !prefix.ends_with('/'));
        if !good {
            self.error(
                key,
                "a prefix begins with `/` and does not end with one",
                "this value",
                "write it like `/api/v4`",
            );
        }
        good
    }

    fn operations(&mut self, settings: &RouteSettings, key: &str) -> Vec<Operation> {
        let mut operations = vec![Operation::LoginBegin, Operation::LoginFinish];
        for name in &settings.operations {
            match Operation::named(name) {
                Some(operation) => operations.push(operation),
                None => {
                    let names = Operation::ALL.map(Operation::name);
                    let remedy = format!("the operations are: {}", names.join(", "));
                    self.error(
                        &format!("{key}.operations"),
                        format!("there is no operation `{name}`"),
                        "this list",
                        remedy,
                    );
                }
            }
        }
        operations
    }

    fn relax(&mut self, settings: &RouteSettings, key: &str, dialect: &Provider) -> Vec<Member> {
        let mut relaxed = Vec::new();
        for name in settings.relax.iter().filter(|name| *name != "subject") {
            let key = format!("{key}.relax");
            let Some(member) = Member::named(name) else {
                let remedy = match nearest(name, Member::ALL.iter().map(|member| member.name())) {
                    Some(near) => format!("did you mean `{near}`?"),
                    None => "name a member the dialect requires, or `subject`".to_owned(),
                };
                self.error(&key, format!("there is no member `{name}`"), "this list", remedy);
                continue;
            };
            let required = dialect.operations.values().any(|template| {
                let carried = template.response.message.carried();
                carried.iter().any(|(known, need)| *known == member && *need == crate::template::hole::Need::Required)
            });
            if !matches!(member.kind(), Kind::Text | Kind::Texts | Kind::List(_)) || member == Member::Session {
                let message = format!("`{name}` cannot be written empty");
                self.error(
                    &key,
                    message,
                    "this list",
                    format!("give it a constant in `fill`: it is {}", member.kind().noun()),
                );
            } else if !required {
                let message = format!("no answer of {} requires `{name}`", dialect.id);
                self.error(&key, message, "this list", "take it out");
            } else {
                relaxed.push(member);
            }
        }
        relaxed
    }

    fn issuer(&mut self, settings: &RouteSettings, key: &str) -> Option<Option<usize>> {
        let name = settings.issuer.as_ref()?;
        let key = format!("{key}.issuer");
        let index = self.named_upstream(name, &key);
        if let Some(index) = index
            && !matches!(self.upstreams[index].kind, UpstreamKind::Embedded(_))
        {
            let message = format!("the upstream `{name}` issues no tokens of ours");
            self.error(&key, message, "this name", "name an upstream whose provider is `embedded`");
        }
        Some(index)
    }

    fn callers(
        &mut self,
        settings: &RouteSettings,
        key: &str,
        dialect: &Provider,
        embedded: bool,
        same_provider: bool,
    ) -> Option<Callers> {
        let mut needed: BTreeMap<Caller, Vec<&'static str>> = BTreeMap::new();
        for (operation, template) in &dialect.operations {
            needed.entry(template.request.caller).or_default().push(operation.name());
        }
        let needed: Vec<_> = needed.into_iter().collect();
        let context = CompileContext { base: self.ground.base, embedded, same_provider, dialect: &dialect.id };
        let (callers, diagnostics) = Callers::compile(&settings.callers, &needed, &context);
        for (below, diagnostic) in diagnostics {
            self.diagnostics.push(self.ground.places.locate(diagnostic, &format!("{key}.{below}")));
        }
        Some(callers)
    }

    fn add_paths(&mut self, router: &mut Router, index: usize, routes: &[Route], route: &Route) {
        for (operation, template) in &route.dialect.operations {
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

    fn unused_upstreams(&mut self, routes: &[Route]) {
        let unused: Vec<_> = (0..self.upstreams.len())
            .filter(|index| routes.iter().all(|route| route.upstream != *index && route.issuer != Some(*index)))
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

/// The members that the end user's verified token gives on a route.
fn claims(settings: &RouteSettings, embedded: bool) -> Vec<Member> {
    match &settings.callers.user {
        Some(Users::Jwt { jwt }) => jwt.claims.values().filter_map(|name| Member::named(name)).collect(),
        Some(Users::Upstream(_)) if embedded => vec![Member::UserId],
        Some(Users::Upstream(_)) | None => Vec::new(),
    }
}

/// What of the check's findings is an error or a warning on this route.
fn judge(
    pair: &Pair<'_>,
    route: &str,
    operations: &[Operation],
    carriages: &BTreeMap<Operation, Carriage>,
) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    for operation in operations {
        let Some(carriage) = carriages.get(operation) else {
            let message =
                format!("the route `{route}` asks for `{}`, which {} has not", operation.name(), pair.dialect.id);
            found.push(Diagnostic::error(message).label("this route").remedy("take it out of `operations`"));
            continue;
        };
        for obstacle in &carriage.obstacles {
            let what = obstacle.describe(pair, *operation);
            let message = format!("the route `{route}` cannot carry `{}`: {what}", operation.name());
            found.push(
                Diagnostic::error(message).label("not possible like this").remedy(obstacle.remedy().advice(route)),
            );
        }
    }
    for carriage in carriages.values().filter(|carriage| carriage.works()) {
        for (direction, member) in &carriage.uncertain {
            let (place, what) = (carriage.operation.name(), member.name());
            let message = format!(
                "on the route `{route}`, `{what}` comes only sometimes, and the {} of `{place}` requires it",
                direction.name()
            );
            let remedy = match direction {
                Direction::Request => {
                    format!("a request without it is refused; give it in `[routes.{route}.set]` to be sure")
                }
                Direction::Response => {
                    format!("an answer without it is refused; give it in `[routes.{route}.fill]` to be sure")
                }
            };
            found.push(Diagnostic::warning(message).label("may fail").remedy(remedy));
        }
    }
    found
}

/// Entries of the route's `set` and `fill` that no message of it can take.
fn unused(
    pair: &Pair<'_>,
    set: &[Assignment],
    carriages: &BTreeMap<Operation, Carriage>,
) -> Vec<(&'static str, Member)> {
    let takes = |side: Side<'_>, direction, member| {
        carriages.keys().any(|operation| {
            side.carried(*operation, direction, true)
                .is_some_and(|carried| carried.iter().any(|(known, _)| *known == member))
        })
    };
    let set = set
        .iter()
        .filter(|assignment| !takes(pair.upstream, Direction::Request, assignment.member))
        .map(|assignment| ("set", assignment.member));
    let fill = pair
        .fill
        .iter()
        .filter(|assignment| !takes(Side::Provider(pair.dialect), Direction::Response, assignment.member))
        .map(|assignment| ("fill", assignment.member));
    set.chain(fill).collect()
}
