//! The report of `passbridge check`, as text and as JSON.

use std::net::SocketAddr;
use std::process::ExitCode;

use serde::Serialize;

use crate::base::diagnostic::{Diagnostic, Diagnostics, Severity};
use crate::config::load::{Config, Origin};
use crate::routes::Plan;
use crate::routes::compatibility::availability::CEREMONIES;
use crate::routes::compatibility::describe::PairNames;
use crate::routes::route::{Backend, Route};
use crate::routes::upstream::Upstream;

/// The report, as `--json` prints it. Its fields are stable: new ones may be added, none are renamed or removed.
#[derive(Serialize)]
pub(super) struct Report {
    config: String,
    valid: bool,
    /// The first address.
    listen: Option<String>,
    /// All addresses.
    listeners: Vec<String>,
    admin: Option<SocketAddr>,
    passthrough: Vec<Passthrough>,
    routes: Vec<RouteReport>,
    findings: Vec<Finding>,
}

#[derive(Serialize)]
struct Passthrough {
    host: String,
    url: String,
}

#[derive(Serialize)]
struct RouteReport {
    name: String,
    dialect: String,
    /// The hosts it serves; empty for every host.
    hosts: Vec<String>,
    prefix: String,
    /// Its policies, as human-readable text.
    #[serde(skip)]
    policies: Vec<String>,
    /// Its own upstream first.
    upstreams: Vec<UpstreamReport>,
    /// The upstream that issues the tokens of sign-ins; null where the dialect's callers get none.
    token_issuer: Option<String>,
    /// The file with the user handles of its own upstream's passkeys; null where none are stored.
    user_handles: Option<String>,
}

#[derive(Serialize)]
struct UpstreamReport {
    name: String,
    /// The provider's id, or `embedded`.
    provider: String,
    supported: Vec<&'static str>,
    unsupported: Vec<Unsupported>,
    excluded: Vec<&'static str>,
}

#[derive(Serialize)]
struct Unsupported {
    operation: &'static str,
    reasons: Vec<String>,
}

#[derive(Serialize)]
struct Finding {
    severity: &'static str,
    message: String,
    file: Option<String>,
    line: Option<usize>,
    column: Option<usize>,
    key: Option<String>,
    remedy: Option<String>,
}

pub(super) fn pair_names<'p>(route: &'p Route, upstream: &'p Upstream) -> PairNames<'p> {
    PairNames {
        dialect: &route.dialect,
        upstream: upstream.side(),
        identity: upstream.identity.as_deref(),
        discoverable: upstream.discoverable(),
    }
}

impl Report {
    pub(super) fn of(config: &Config, origin: &Origin, diagnostics: &Diagnostics) -> Self {
        let passthrough = config.passthrough.0.iter();
        Self {
            listen: config.server.listen.iter().next().map(ToString::to_string),
            listeners: config.server.listen.iter().map(ToString::to_string).collect(),
            admin: Some(config.admin.listen),
            passthrough: passthrough
                .map(|(host, target)| Passthrough { host: host.to_string(), url: target.0.url.to_string() })
                .collect(),
            routes: config.plan.routes.iter().map(|route| RouteReport::of(route, &config.plan)).collect(),
            valid: true,
            ..Self::of_invalid(origin, diagnostics)
        }
    }

    pub(super) fn of_invalid(origin: &Origin, diagnostics: &Diagnostics) -> Self {
        Self {
            config: origin.name(),
            valid: false,
            listen: None,
            listeners: Vec::new(),
            admin: None,
            passthrough: Vec::new(),
            routes: Vec::new(),
            findings: diagnostics.iter().map(Finding::of).collect(),
        }
    }

    pub(super) fn json(&self) -> ExitCode {
        match serde_json::to_string_pretty(self) {
            Ok(text) => crate::cli::print(&format!("{text}\n")),
            Err(_) => ExitCode::FAILURE,
        }
    }

    pub(super) fn text(&self, verbose: bool) -> String {
        let mut text = format!("{} works.\n", self.config);
        if let Some(admin) = self.admin {
            text.push_str(&format!("listen {}, admin {admin}\n", self.listeners.join(", ")));
        }
        for Passthrough { host, url } in &self.passthrough {
            text.push_str(&format!("passthrough {host} -> {url}\n"));
        }
        for route in &self.routes {
            text.push_str(&route.line());
            if verbose {
                text.push_str(&route.details());
            }
        }
        text
    }
}

impl RouteReport {
    fn of(route: &Route, plan: &Plan) -> Self {
        let name = |backend: usize| plan.upstreams[route.backends[backend].upstream].name.to_string();
        let own = &plan.upstreams[route.own_backend().upstream];
        let token_issuer = match route.issuer {
            Some(issuer) => Some(&plan.upstreams[issuer]),
            None => pair_names(route, own).returns_tokens().then_some(own),
        };
        Self {
            name: route.name.to_string(),
            dialect: route.dialect.id.clone(),
            hosts: route.hosts.clone(),
            prefix: route.prefix.clone(),
            policies: route.policy.iter().flat_map(|policy| policy.describe(route.backends.len(), name)).collect(),
            upstreams: route.backends.iter().map(|backend| UpstreamReport::of(route, backend, plan)).collect(),
            token_issuer: token_issuer.map(|issuer| issuer.name.to_string()),
            user_handles: own.handles.as_ref().map(|file| file.display().to_string()),
        }
    }

    /// What it serves, in one line.
    fn line(&self) -> String {
        let upstreams: Vec<_> = self.upstreams.iter().map(UpstreamReport::title).collect();
        let noun = if upstreams.len() == 1 { "upstream" } else { "upstreams" };
        let issuer = match &self.token_issuer {
            Some(issuer) => format!("tokens issued by `{issuer}`"),
            None => "no tokens".to_owned(),
        };
        let handles = self.user_handles.as_ref().map_or_else(String::new, |file| format!("; user handles in `{file}`"));
        let served = self.upstreams.first().map_or_else(String::new, UpstreamReport::served);
        format!(
            "route `{}`: dialect {}, {noun} {}; serves {served}; {issuer}{handles}\n",
            self.name,
            self.dialect,
            upstreams.join(", ")
        )
    }

    /// Its policies, what its other upstreams serve, and what it does not serve.
    fn details(&self) -> String {
        let mut text: String = self.policies.iter().map(|line| format!("  {line}\n")).collect();
        for upstream in self.upstreams.iter().skip(1) {
            text.push_str(&format!("  {} serves {}\n", upstream.title(), upstream.served()));
        }
        if let Some(UpstreamReport { excluded, .. }) = self.upstreams.first().filter(|own| !own.excluded.is_empty()) {
            text.push_str(&format!("  excluded: {}\n", excluded.join(", ")));
        }
        text
    }
}

impl UpstreamReport {
    fn of(route: &Route, backend: &Backend, plan: &Plan) -> Self {
        let upstream = &plan.upstreams[backend.upstream];
        let pair = pair_names(route, upstream);
        let (supported, unsupported): (Vec<_>, Vec<_>) =
            backend.operations.values().partition(|support| support.is_supported());
        let excluded = route.dialect.operations.keys().filter(|operation| !backend.operations.contains_key(operation));
        Self {
            name: upstream.name.to_string(),
            provider: upstream.side().name().to_owned(),
            supported: supported.iter().map(|support| support.operation.name()).collect(),
            unsupported: unsupported
                .iter()
                .map(|support| Unsupported {
                    operation: support.operation.name(),
                    reasons: support
                        .obstacles
                        .iter()
                        .map(|obstacle| obstacle.describe(&pair, support.operation))
                        .collect(),
                })
                .collect(),
            excluded: excluded.map(|operation| operation.name()).collect(),
        }
    }

    fn title(&self) -> String {
        format!("`{}` ({})", self.name, self.provider)
    }

    /// The supported operations, a whole ceremony by its name.
    fn served(&self) -> String {
        let mut served = Vec::new();
        for operation in &self.supported {
            let whole = CEREMONIES.iter().find(|(begin, finish)| {
                [begin.name(), finish.name()].contains(operation)
                    && [begin, finish].iter().all(|half| self.supported.contains(&half.name()))
            });
            let name = whole.map_or(*operation, |(begin, _)| begin.name().trim_end_matches(".begin"));
            if !served.contains(&name) {
                served.push(name);
            }
        }
        served.join(", ")
    }
}

impl Finding {
    fn of(diagnostic: &Diagnostic) -> Self {
        let position = diagnostic.position();
        let line_and_column = position.and_then(|(_, place)| place);
        Self {
            severity: match diagnostic.severity {
                Severity::Error => "error",
                Severity::Warning => "warning",
                Severity::Note => "note",
            },
            message: diagnostic.message.clone(),
            file: position.map(|(file, _)| file.to_owned()),
            line: line_and_column.map(|(line, _)| line),
            column: line_and_column.map(|(_, column)| column),
            key: diagnostic.key.as_deref().map(str::to_owned),
            remedy: Some(diagnostic.remedy.clone()).filter(|remedy| !remedy.is_empty()),
        }
    }
}
