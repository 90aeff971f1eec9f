//! Loads the config: file, environment and provider files, and compiles the routes. Start with [`load`].
//!
//! A config with an error is not loaded, not even in part.

use std::cell::LazyCell;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use figment::Figment;
use figment::providers::Env;
use figment::value::{Dict, Value};

use crate::base::diagnostic::{Diagnostic, Diagnostics};
use crate::base::document::{Document, Places};
use crate::base::hash_key::HashSecret;
use crate::ceremony::memory::CeremonySettings;
use crate::config::environment::{self, ENVIRONMENT};
use crate::config::gateway_settings::{self, GatewaySettings};
use crate::config::reader::Reader;
use crate::config::source::FileSource;
use crate::config::{authorities, client_limits, deployment, fingerprint, renamed, schema, secrets};
use crate::gateway::limits::Limits;
use crate::provider::registry::Registry;
use crate::routes::Plan;
use crate::routes::compile::compile;
use crate::routes::compile::input::{CompileInput, Identities};
use crate::routes::route_settings::RouteSettings;
use crate::server::admin::AdminSettings;
use crate::server::passthrough::target_settings::PassthroughSettings;
use crate::server::server_settings::ServerSettings;

/// The config in the binary: it serves every dialect from the embedded relying party.
const BUILT_IN: &str = include_str!("../../gateway.toml");
/// The maximum size of a config, in bytes.
const MAX_FILE_BYTES: u64 = 16 << 20;

/// A config without errors.
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
    /// The compiled routes and upstreams.
    pub plan: Plan,
    /// Every provider.
    pub registry: Registry,
    /// The folder of the file, where relative paths start.
    pub base: PathBuf,
    /// The position of each key.
    pub places: Places,
    /// A short hash of the file, the environment and the lists of pinned users.
    pub fingerprint: String,
}

/// The source of a config.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// A file.
    File(PathBuf),
    /// The binary.
    BuiltIn,
}

impl Origin {
    /// The named file, or `gateway.toml` in the current folder, or the built-in config.
    pub fn find(named: Option<PathBuf>) -> Self {
        match named {
            Some(path) => Self::File(path),
            None if Path::new("gateway.toml").is_file() => Self::File(PathBuf::from("gateway.toml")),
            None => Self::BuiltIn,
        }
    }

    /// Its name in messages.
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
                .remedy("use `--config FILE` with a readable file, or no `--config` to run the built-in config")
        };
        let size = fs::metadata(path).map_err(|error| failed(error.to_string()))?.len();
        if size > MAX_FILE_BYTES {
            return Err(failed(format!("it is larger than {MAX_FILE_BYTES} bytes")));
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

/// Loads a config. There is one if the diagnostics have no error.
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
            let mut reader = Reader {
                places,
                base: origin.base(),
                config: &Value::from(merged.clone()),
                schema: LazyCell::new(schema::config),
                mistakes: BTreeSet::new(),
                identities: Identities::default(),
                diagnostics: &mut diagnostics,
            };
            reader.config(merged)
        }
        Err(_) => {
            let message = format!("the environment variables {ENVIRONMENT}... cannot be merged with the config");
            let remedy = format!("write each as {ENVIRONMENT}SECTION__KEY=value");
            diagnostics.push(Diagnostic::error(message).of("the environment").remedy(remedy));
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

impl Reader<'_> {
    fn config(&mut self, mut merged: Dict) -> Option<Config> {
        let hash = fingerprint::ConfigHash::of(&merged);
        let server: Option<ServerSettings> = self.section("server", merged.remove("server"));
        let admin = self.section("admin", merged.remove("admin"));
        let ceremonies = self.section("ceremonies", merged.remove("ceremonies"));
        let limits: Option<Limits> = self.section("limits", merged.remove("limits"));
        let passthrough = self.passthrough(merged.remove("passthrough"));
        let hash_secret = self.hash_secret(merged.remove("gateway"));
        let registry = self.registry(merged.remove("providers"));
        self.identities(merged.remove("identity"));
        let upstreams = self.upstreams(merged.remove("upstreams"), &registry);
        let routes = self.routes(merged.remove("routes"));
        merged.keys().for_each(|name| self.unknown_key(&[name]));
        let input = CompileInput {
            registry: &registry,
            upstreams: &upstreams,
            mistakes: &self.mistakes,
            identities: &self.identities,
            routes: &routes,
            places: &self.places,
            base: &self.base,
            hash_secret: hash_secret.as_ref(),
        };
        let (plan, found) = compile(&input);
        let warnings = server.as_ref().map(|server| deployment::report(server, &input)).unwrap_or_default();
        let about_clients = server.as_ref().zip(limits.as_ref());
        let about_clients = about_clients.map(|(server, limits)| client_limits::report(server, &limits.rates, &input));
        found
            .into_iter()
            .chain(warnings)
            .chain(about_clients.unwrap_or_default())
            .for_each(|finding| self.report(finding));
        let base = std::mem::take(&mut self.base);
        Some(Config {
            server: server?,
            admin: admin?,
            ceremonies: ceremonies?,
            limits: limits?,
            passthrough: passthrough?,
            fingerprint: hash.with_pinned_users(&plan),
            plan,
            registry,
            base,
            places: self.places.clone(),
        })
    }

    fn hash_secret(&mut self, value: Option<Value>) -> Option<HashSecret> {
        let settings: GatewaySettings = self.section("gateway", value).unwrap_or_default();
        let (secret, found) = settings.hash_secret(&self.base, &self.places);
        found.into_iter().for_each(|finding| self.report(finding));
        let is_mistaken = ["gateway", "gateway.hash_key"].iter().any(|key| self.mistakes.contains(*key));
        if is_mistaken { gateway_settings::stand_in() } else { secret }
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
        found.into_iter().for_each(|finding| self.report(finding));
        Some(file)
    }

    fn registry(&mut self, folder: Option<Value>) -> Registry {
        let folder: Option<PathBuf> = folder.and_then(|folder| self.read(&["providers"], folder));
        let folder = folder.map(|folder| self.base.join(folder));
        let (registry, mut found) = Registry::load(folder.as_deref());
        found.locate(|finding| self.places.locate(finding.label("this folder"), "providers"));
        self.diagnostics.extend(found);
        registry
    }

    fn routes(&mut self, value: Option<Value>) -> BTreeMap<String, RouteSettings> {
        let mut routes = BTreeMap::new();
        for (name, mut table) in self.tables("routes", value) {
            let route = format!("routes.{name}");
            renamed::replace(&route, &mut table, &mut self.places, self.diagnostics);
            match self.read(&["routes", &name], Value::from(table)) {
                Some(settings) => drop(routes.insert(name, settings)),
                None => drop(self.mistakes.insert(route)),
            }
        }
        if self.config.find_ref("routes").and_then(Value::as_dict).is_none_or(Dict::is_empty) {
            let finding = Diagnostic::error("the config has no route").label("empty");
            let finding = finding.remedy("write `[routes.NAME]` with `dialect`, `upstream` and `callers`");
            self.report(self.places.locate_key(finding, "routes"));
        }
        routes
    }
}
