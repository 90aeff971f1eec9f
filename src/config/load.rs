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

use crate::ceremony::memory::CeremonySettings;
use crate::config::collect;
use crate::config::source::FileSource;
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::document::{Document, Places};
use crate::gateway::limits::Limits;
use crate::gateway::plan::{Ground, Plan, UpstreamSettings};
use crate::gateway::settings::{Assignments, RouteSettings};
use crate::provider::registry::Registry;
use crate::server::admin::AdminSettings;
use crate::server::passthrough::settings::PassthroughSettings;
use crate::server::settings::ServerSettings;
use crate::upstream::base_url::BaseUrl;

/// What every environment variable that is a setting begins with.
pub const ENVIRONMENT: &str = "PASSBRIDGE__";
/// The config that travels inside the binary: it serves every dialect from the embedded relying party.
const BUILT_IN: &str = include_str!("../../gateway.toml");
/// A config is not larger than this, in bytes.
const MAX_FILE: u64 = 16 << 20;
const SECTIONS: &[&str] =
    &["server", "admin", "ceremonies", "limits", "providers", "upstreams", "routes", "passthrough"];

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
            Diagnostic::error(format!("the config {} cannot be read: {problem}", path.display()))
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
    let document = match origin.read().and_then(|text| Document::parse(origin.name(), text)) {
        Ok(document) => document,
        Err(diagnostic) => {
            diagnostics.push(diagnostic);
            return (None, diagnostics);
        }
    };
    let merged: Result<Dict, _> =
        Figment::from(FileSource(&document)).merge(Env::prefixed(ENVIRONMENT).split("__")).extract();
    let config = match merged {
        Ok(merged) => {
            let mut reader =
                Reader { places: Places::of(&document), base: origin.base(), diagnostics: &mut diagnostics };
            reader.config(merged)
        }
        Err(_) => {
            let message = format!("the variables {ENVIRONMENT}... and the config cannot be put together");
            diagnostics.push(Diagnostic::error(message).remedy("write each as PASSBRIDGE__SECTION__KEY=value"));
            None
        }
    };
    diagnostics.sort();
    (config.filter(|_| !diagnostics.has_errors()), diagnostics)
}

struct Reader<'d> {
    places: Places,
    base: PathBuf,
    diagnostics: &'d mut Diagnostics,
}

impl Reader<'_> {
    fn config(&mut self, mut merged: Dict) -> Option<Config> {
        for name in merged.keys().filter(|name| !SECTIONS.contains(&name.as_str())) {
            self.diagnostics.push(collect::unknown_key("", name, SECTIONS, &self.places));
        }
        let server = self.section("server", merged.remove("server"));
        let admin = self.section("admin", merged.remove("admin"));
        let ceremonies = self.section("ceremonies", merged.remove("ceremonies"));
        let limits = self.section("limits", merged.remove("limits"));
        let passthrough = self.section("passthrough", merged.remove("passthrough"));
        let registry = self.registry(merged.remove("providers"));
        let upstreams = self.upstreams(merged.remove("upstreams"));
        let routes = self.routes(merged.remove("routes"));
        let ground = Ground {
            registry: &registry,
            upstreams: &upstreams,
            routes: &routes,
            places: &self.places,
            base: &self.base,
        };
        let (plan, found) = Plan::build(&ground);
        self.diagnostics.extend(found);
        let base = std::mem::take(&mut self.base);
        Some(Config {
            server: server?,
            admin: admin?,
            ceremonies: ceremonies?,
            limits: limits?,
            passthrough: passthrough?,
            plan,
            registry,
            base,
        })
    }

    fn section<T: serde::de::DeserializeOwned + Default>(&mut self, name: &str, value: Option<Value>) -> Option<T> {
        match value {
            Some(value) => collect::section(name, value, &self.places, self.diagnostics),
            None => Some(T::default()),
        }
    }

    fn registry(&mut self, folder: Option<Value>) -> Registry {
        let folder: Option<PathBuf> = match folder {
            Some(value) => collect::section("providers", value, &self.places, self.diagnostics),
            None => None,
        };
        let folder = folder.map(|folder| self.base.join(folder));
        let (registry, found) = Registry::load(folder.as_deref());
        self.diagnostics.extend(found);
        registry
    }

    fn upstreams(&mut self, value: Option<Value>) -> BTreeMap<String, UpstreamSettings> {
        let tables = collect::tables("upstreams", value, &self.places, self.diagnostics);
        tables.into_iter().filter_map(|(name, table)| Some((name.clone(), self.upstream(&name, table)?))).collect()
    }

    fn upstream(&mut self, name: &str, mut table: Dict) -> Option<UpstreamSettings> {
        let section = format!("upstreams.{name}");
        let Some(provider) = table.remove("provider") else {
            let diagnostic = Diagnostic::error(format!("`[{section}]` lacks `provider`"))
                .label("this table")
                .remedy("write `provider = \"embedded\"`, or the id of a provider");
            self.diagnostics.push(self.places.locate_key(diagnostic, &section));
            return None;
        };
        let provider: String =
            collect::section(&format!("{section}.provider"), provider, &self.places, self.diagnostics)?;
        if provider == "embedded" {
            let table = Value::Dict(Tag::Default, table);
            return collect::section(&section, table, &self.places, self.diagnostics).map(UpstreamSettings::Embedded);
        }
        let base_url = self.base_url(&section, table.remove("base_url"));
        let set: Option<Assignments> = match table.remove("set") {
            Some(set) => collect::section(&format!("{section}.set"), set, &self.places, self.diagnostics),
            None => Some(Assignments::default()),
        };
        let discoverable: Option<bool> = match table.remove("discoverable") {
            Some(value) => collect::section(&format!("{section}.discoverable"), value, &self.places, self.diagnostics),
            None => None,
        };
        let http = collect::section(&section, Value::Dict(Tag::Default, table), &self.places, self.diagnostics);
        Some(UpstreamSettings::Http { provider, base_url: base_url?, http: http?, set: set?, discoverable })
    }

    fn base_url(&mut self, section: &str, value: Option<Value>) -> Option<BaseUrl> {
        let Some(value) = value else {
            let diagnostic = Diagnostic::error(format!("`[{section}]` lacks `base_url`"))
                .label("this table")
                .remedy("write `base_url = \"https://...\"`, where the provider's API stands");
            self.diagnostics.push(self.places.locate_key(diagnostic, section));
            return None;
        };
        collect::section(&format!("{section}.base_url"), value, &self.places, self.diagnostics)
    }

    fn routes(&mut self, value: Option<Value>) -> BTreeMap<String, RouteSettings> {
        let tables = collect::tables("routes", value, &self.places, self.diagnostics);
        if tables.is_empty() {
            let diagnostic = Diagnostic::error("the config has no route")
                .remedy("write `[routes.NAME]` with `dialect`, `upstream` and `callers`");
            self.diagnostics.push(diagnostic);
        }
        tables
            .into_iter()
            .filter_map(|(name, table)| {
                let value = Value::Dict(Tag::Default, table);
                let settings = collect::section(&format!("routes.{name}"), value, &self.places, self.diagnostics)?;
                Some((name, settings))
            })
            .collect()
    }
}
