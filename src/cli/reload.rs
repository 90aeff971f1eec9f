//! Loading the config anew while serving, at SIGHUP.
//!
//! A config that does not work changes nothing. What was begun under the old one is finished by it.
//! `[server]`, `[admin]`, `[ceremonies]` and `[passthrough]` are bound once: a change of them needs a
//! restart.

use std::io;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::signal::unix::{SignalKind, signal};

use crate::ceremony::memory::CeremonySettings;
use crate::cli::start::Ready;
use crate::config::load::{self, Config, Origin};
use crate::gateway::reload::Reloadable;
use crate::server::admin::AdminSettings;
use crate::server::passthrough::settings::PassthroughSettings;
use crate::server::settings::ServerSettings;

/// The gateways that run, one a worker.
#[derive(Clone, Debug, Default)]
pub(super) struct Gateways(Arc<Mutex<Vec<Reloadable>>>);

/// The settings that a running process cannot change.
pub(super) struct Bound {
    server: ServerSettings,
    admin: AdminSettings,
    ceremonies: CeremonySettings,
    passthrough: PassthroughSettings,
}

impl Gateways {
    /// Notes one more worker's gateway.
    pub(super) fn add(&self, live: &Reloadable) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(live.clone());
    }

    fn all(&self) -> Vec<Reloadable> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Bound {
    /// Those of a config.
    pub(super) fn of(config: &Config) -> Self {
        Self {
            server: config.server.clone(),
            admin: config.admin.clone(),
            ceremonies: config.ceremonies.clone(),
            passthrough: config.passthrough.clone(),
        }
    }

    /// The tables that a config would change.
    fn changed(&self, config: &Config) -> Vec<&'static str> {
        let tables = [
            ("[server]", self.server != config.server),
            ("[admin]", self.admin != config.admin),
            ("[ceremonies]", self.ceremonies != config.ceremonies),
            ("[passthrough]", self.passthrough != config.passthrough),
        ];
        tables.into_iter().filter_map(|(table, differs)| differs.then_some(table)).collect()
    }
}

/// Loads the config anew whenever the process is told to, for as long as it runs.
pub(super) fn on_hangup(origin: Origin, bound: Bound, ready: Arc<Ready>, gateways: Gateways) -> io::Result<()> {
    let mut hangup = signal(SignalKind::hangup())?;
    tokio::spawn(async move {
        let mut ready = ready;
        while hangup.recv().await.is_some() {
            match reload(&origin, &bound, &ready, &gateways) {
                Ok(reloaded) => {
                    tracing::info!(config = origin.name(), "the config was loaded anew");
                    ready = reloaded;
                }
                Err(problem) => tracing::error!("the config was not loaded, the old one goes on: {problem}"),
            }
        }
    });
    Ok(())
}

fn reload(origin: &Origin, bound: &Bound, former: &Ready, gateways: &Gateways) -> Result<Arc<Ready>, String> {
    let (config, diagnostics) = load::load(origin);
    let Some(config) = config else { return Err(format!("it does not work\n{diagnostics}")) };
    let changed = bound.changed(&config);
    if !changed.is_empty() {
        tracing::warn!("a change of {} needs a restart", changed.join(", "));
    }
    let ready = Arc::new(Ready::reopen(config, former).map_err(|error| super::chain(&error))?);
    let lives = gateways.all();
    let fresh: Result<Vec<_>, _> = lives.iter().map(|_| ready.gateway()).collect();
    let fresh = fresh.map_err(|error| super::chain(&*error))?;
    for (live, gateway) in lives.iter().zip(fresh) {
        live.replace(gateway);
    }
    Ok(ready)
}
