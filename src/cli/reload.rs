//! Loading the config anew while serving, at SIGHUP.
//!
//! A config that does not work changes nothing. What was begun under the old one is finished by it.
//! `[server]`, `[admin]` and `[passthrough]` are bound once: a change of them needs a restart.

use std::io;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::signal::unix::{SignalKind, signal};

use crate::cli::start::Ready;
use crate::config::load::{self, Config, Origin};
use crate::gateway::live::Live;
use crate::server::admin::AdminSettings;
use crate::server::passthrough::settings::PassthroughSettings;
use crate::server::settings::ServerSettings;

/// The gateways that run, one a worker.
#[derive(Clone, Debug, Default)]
pub(super) struct Gateways(Arc<Mutex<Vec<Live>>>);

/// The settings that a running process cannot change.
pub(super) struct Bound {
    server: ServerSettings,
    admin: AdminSettings,
    passthrough: PassthroughSettings,
}

impl Gateways {
    /// Notes one more worker's gateway.
    pub(super) fn add(&self, live: &Live) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(live.clone());
    }

    fn all(&self) -> Vec<Live> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Bound {
    /// Those of a config.
    pub(super) fn of(config: &Config) -> Self {
        let (server, admin, passthrough) = (config.server.clone(), config.admin.clone(), config.passthrough.clone());
        Self { server, admin, passthrough }
    }

    fn differs(&self, config: &Config) -> bool {
        self.server != config.server || self.admin != config.admin || self.passthrough != config.passthrough
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
    if bound.differs(&config) {
        tracing::warn!("changes of [server], [admin] and [passthrough] need a restart");
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
