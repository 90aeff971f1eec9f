//! Loading the config: file, environment, providers, and the plan of the routes.
//!
//! Either everything is right and there is a [`Config`], or there are errors and there is none: the
//! gateway never starts half right.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use figment::Figment;
use figment::providers::Env;
use figment::value::{Dict, Tag, Value};

use crate::base::diagnostic::{Diagnostic, Diagnostics};
use crate::base::document::{Document, Places};
use crate::base::hash_key::GatewaySettings;
use crate::ceremony::memory::CeremonySettings;
use crate::config::source::FileSource;
use crate::config::{authorities, collect, deployment, environment, fingerprint, hash_key, renamed, secrets};
use crate::gateway::limits::Limits;
use crate::provider::registry::Registry;
use crate::routes::Plan;
use crate::routes::compile::compile;
use crate::routes::compile::input::CompileInput;
use crate::routes::compile::input::Identities;
use crate::routes::route_settings::RouteSettings;
use crate::server::admin::AdminSettings;
use crate::server::passthrough::settings::PassthroughSettings;
use crate::server::settings::ServerSettings;

/// What every environment variable that is a setting begins with.
pub const ENVIRONMENT: &str = "PASSBRIDGE__";
/// The config that travels inside the binary: it serves every dialect from the embedded relying party.
const BUILT_IN: &str = include_str!("../../gateway.toml");
/// A config is not larger than this, in bytes.
const MAX_FILE: u64 = 16 << 20;
const SECTIONS: &[&str] = &[
    "server",
    "admin",
    "ceremonies",
    "limits",
    "gateway",
    "providers",
    "identity",
    "upstreams",
    "routes",
    "passthrough",
];

/// A config that works.
#[derive(Debug)]
pub struct Config {
    /// `[server]`.
    pub server: ServerSettings,
    /// `[admin]`.
    pub admin: AdminSettings,
    /// `[ceremonies]`.
    pub ceremonies: CeremonySettings,
    /// `[limits]`.
    pub limits: Limits,
    /// `[passthrough]`.
    pub passthrough: PassthroughSettings,
    /// The routes, proved to work.
    pub plan: Plan,
    /// Every provider.
    pub registry: Registry,
    /// The folder where relative paths start: that of the file.
    pub base: PathBuf,
    /// Where each key stands.
    pub places: Places,
    /// A short hash of what it says, in the file, the environment and its lists.
    pub fingerprint: String,
}

/// Where a config comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// A file.
    File(PathBuf),
    /// The binary itself.
    BuiltIn,
}

impl Origin {
    /// The file that was named, else `gateway.toml` here if there is one, else the built-in config.
    pub fn find(named: Option<PathBuf>) -> Self {
        match named {
            Some(path) => Self::File(path),
            None if Path::new("gateway.toml").is_file() => Self::File(PathBuf::from("gateway.toml")),
            None => Self::BuiltIn,
        }
    }

    /// What to call it.
    pub fn name(&self) -> String {
        match self {
            Self::File(path) => path.display().to_string(),
            Self::BuiltIn => "the built-in gateway.toml".to_owned(),
        }
    }

    fn read(&self) -> Result<String, Diagnostic> {
        let Self::File(path) = self else { return Ok(BUILT_IN.to_owned()) };
        let failed = |problem: String| {
            Diagnostic::error(format!("the config cannot be read: {problem}"))
                .of(path.display().to_string())
                .remedy("name a readable file with `--config FILE`, or leave it out to run the built-in config")
        };
        let size = fs::metadata(path).map_err(|error| failed(error.to_string()))?.len();
        if size > MAX_FILE {
            return Err(failed(format!("it is larger than {MAX_FILE} bytes")));
        }
        fs::read_to_string(path).map_err(|error| failed(error.to_string()))
    }

    fn base(&self) -> PathBuf {
        match self {
            Self::File(path) => path.parent().map(Path::to_owned).unwrap_or_default(),
            Self::BuiltIn => PathBuf::new(),
        }
    }
}

/// Loads a config. There is one exactly if there is no error among the diagnostics.
pub fn load(origin: &Origin) -> (Option<Config>, Diagnostics) {
    let mut diagnostics = Diagnostics::default();
    let document = origin.read().and_then(|text| Document::parse_with_secrets(origin.name(), text, secrets::find));
    let document = match document {
        Ok(document) => document,
        Err(diagnostic) => {
            diagnostics.push(diagnostic);
            return (None, diagnostics);
        }
    };
    let environment = Env::prefixed(ENVIRONMENT).split("__");
    let places = Places::of(&document).before(environment::variables(&environment));
    let merged: Result<Dict, _> = Figment::from(FileSource(&document)).merge(environment).extract();
    let config = match merged {
        Ok(merged) => {
            let (base, broken, identities) = (origin.base(), Vec::new(), Identities::default());
            let mut reader = Reader { places, base, broken, identities, diagnostics: &mut diagnostics };
            reader.config(merged)
        }
        Err(_) => {
            let message = format!("the variables {ENVIRONMENT}... and the config cannot be put together");
            diagnostics.push(Diagnostic::error(message).remedy("write each as PASSBRIDGE__SECTION__KEY=value"));
            None
        }
    };
    diagnostics.sort();
    if diagnostics.has_errors() {
        diagnostics.keep_errors();
        return (None, diagnostics);
    }
    (config, diagnostics)
}

pub(super) struct Reader<'d> {
    pub(super) places: Places,
    pub(super) base: PathBuf,
    /// The upstreams that are there and could not be read.
    pub(super) broken: Vec<String>,
    pub(super) identities: Identities,
    pub(super) diagnostics: &'d mut Diagnostics,
}

impl Reader<'_> {
    fn config(&mut self, mut merged: Dict) -> Option<Config> {
        let written = fingerprint::Written::of(&merged);
        for name in merged.keys().filter(|name| !SECTIONS.contains(&name.as_str())) {
            self.diagnostics.push(collect::unknown_key("", name, SECTIONS, &self.places));
        }
        let server = self.section("server", merged.remove("server"));
        let admin = self.section("admin", merged.remove("admin"));
        let ceremonies = self.section("ceremonies", merged.remove("ceremonies"));
        let limits = self.section("limits", merged.remove("limits"));
        let passthrough = self.passthrough(merged.remove("passthrough"));
        let gateway: GatewaySettings = self.section("gateway", merged.remove("gateway")).unwrap_or_default();
        let (hash_secret, found) = hash_key::find(&gateway, &self.base, &self.places);
        found.into_iter().for_each(|diagnostic| self.diagnostics.push(diagnostic));
        let registry = self.registry(merged.remove("providers"));
        self.identities(merged.remove("identity"));
        let upstreams = self.upstreams(merged.remove("upstreams"));
        let routes = self.routes(merged.remove("routes"));
        let ground = CompileInput {
            registry: &registry,
            upstreams: &upstreams,
            broken: &self.broken,
            identities: &self.identities,
            routes: &routes,
            places: &self.places,
            base: &self.base,
            hash_secret: hash_secret.as_ref(),
        };
        let (plan, found) = compile(&ground);
        self.diagnostics.extend(found);
        if let Some(server) = &server {
            self.diagnostics.extend(deployment::report(server, &ground));
        }
        let base = std::mem::take(&mut self.base);
        Some(Config {
            server: server?,
            admin: admin?,
            ceremonies: ceremonies?,
            limits: limits?,
            passthrough: passthrough?,
            fingerprint: written.with_lists(&plan),
            plan,
            registry,
            base,
            places: self.places.clone(),
        })
    }

    fn section<T: serde::de::DeserializeOwned + Default>(&mut self, name: &str, value: Option<Value>) -> Option<T> {
        match value {
            Some(value) => collect::section(name, value, &self.places, self.diagnostics),
            None => Some(T::default()),
        }
    }

    fn passthrough(&mut self, value: Option<Value>) -> Option<PassthroughSettings> {
        let mut passthrough: PassthroughSettings = self.section("passthrough", value)?;
        for (host, target) in &mut passthrough.0 {
            target.0.ca_file = self.authorities(target.0.ca_file.take(), &format!("passthrough.{host}"));
        }
        Some(passthrough)
    }

    pub(super) fn authorities(&mut self, file: Option<PathBuf>, table: &str) -> Option<PathBuf> {
        let (file, found) = authorities::find(&self.base, &file?, &format!("{table}.ca_file"), &self.places);
        found.into_iter().for_each(|diagnostic| self.diagnostics.push(diagnostic));
        Some(file)
    }

    fn registry(&mut self, folder: Option<Value>) -> Registry {
        let folder: Option<PathBuf> = match folder {
            Some(value) => collect::section("providers", value, &self.places, self.diagnostics),
            None => None,
        };
        let folder = folder.map(|folder| self.base.join(folder));
        let (registry, mut found) = Registry::load(folder.as_deref());
        found.locate(|diagnostic| self.places.locate(diagnostic.label("this folder"), "providers"));
        self.diagnostics.extend(found);
        registry
    }

    fn routes(&mut self, value: Option<Value>) -> BTreeMap<String, RouteSettings> {
        let Some(tables) = collect::tables("routes", value, &self.places, self.diagnostics) else {
            return BTreeMap::new();
        };
        if tables.is_empty() {
            let diagnostic = Diagnostic::error("the config has no route")
                .remedy("write `[routes.NAME]` with `dialect`, `upstream` and `callers`");
            self.diagnostics.push(self.places.locate_key(diagnostic.label("empty"), "routes"));
        }
        tables
            .into_iter()
            .filter_map(|(name, mut table)| {
                let route = format!("routes.{name}");
                renamed::replace(&route, &mut table, &mut self.places, self.diagnostics);
                let value = Value::Dict(Tag::Default, table);
                let settings = collect::section(&route, value, &self.places, self.diagnostics)?;
                Some((name, settings))
            })
            .collect()
    }
}
