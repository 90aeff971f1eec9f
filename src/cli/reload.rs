//! Reloads the config on SIGHUP.
//!
//! An invalid config changes nothing. A ceremony is finished with the config it was begun with.
//! A change of `[server]`, `[admin]`, `[ceremonies]` or `[passthrough]` needs a restart.

use std::io;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::signal::unix::{SignalKind, signal};

use crate::ceremony::memory::CeremonySettings;
use crate::cli::start::GatewayBuilder;
use crate::config::load::{self, Config, Origin};
use crate::gateway::reload::Reloadable;
use crate::server::admin::AdminSettings;
use crate::server::passthrough::settings::PassthroughSettings;
use crate::server::settings::ServerSettings;

/// The running gateways, one per worker.
#[derive(Clone, Debug, Default)]
pub(super) struct Gateways(Arc<Mutex<Vec<Reloadable>>>);

/// The settings that a reload does not change.
pub(super) struct FixedSettings {
    server: ServerSettings,
    admin: AdminSettings,
    ceremonies: CeremonySettings,
    passthrough: PassthroughSettings,
}

impl Gateways {
    pub(super) fn add(&self, gateway: &Reloadable) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(gateway.clone());
    }

    fn all(&self) -> Vec<Reloadable> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl FixedSettings {
    pub(super) fn of(config: &Config) -> Self {
        Self {
            server: config.server.clone(),
            admin: config.admin.clone(),
            ceremonies: config.ceremonies.clone(),
            passthrough: config.passthrough.clone(),
        }
    }

    /// The tables in which a config differs.
    fn changed(&self, config: &Config) -> Vec<&'static str> {
        let tables = [
            ("[server]", self.server != config.server),
            ("[admin]", self.admin != config.admin),
            ("[ceremonies]", self.ceremonies != config.ceremonies),
            ("[passthrough]", self.passthrough != config.passthrough),
        ];
        tables.into_iter().filter(|(_, differs)| *differs).map(|(table, _)| table).collect()
    }
}

/// Starts to reload the config on every SIGHUP.
pub(super) fn on_hangup(
    origin: Origin,
    fixed: FixedSettings,
    mut builder: Arc<GatewayBuilder>,
    gateways: Gateways,
) -> io::Result<()> {
    let mut hangup = signal(SignalKind::hangup())?;
    tokio::spawn(async move {
        while hangup.recv().await.is_some() {
            match reload(&origin, &fixed, &builder, &gateways) {
                Ok(reloaded) => {
                    tracing::info!(config = origin.name(), "config reloaded");
                    builder = reloaded;
                }
                Err(problem) => tracing::error!("reload failed, keeping the previous config: {problem}"),
            }
        }
    });
    Ok(())
}

fn reload(
    origin: &Origin,
    fixed: &FixedSettings,
    previous: &GatewayBuilder,
    gateways: &Gateways,
) -> Result<Arc<GatewayBuilder>, String> {
    let (config, diagnostics) = load::load(origin);
    let Some(config) = config else { return Err(format!("the config is not valid\n{diagnostics}")) };
    let changed = fixed.changed(&config);
    if !changed.is_empty() {
        tracing::warn!("restart needed to apply the changes of {}", changed.join(", "));
    }
    let builder = Arc::new(GatewayBuilder::open(config, Some(previous)).map_err(|error| super::chain(&error))?);
    let running = gateways.all();
    let built = running.iter().map(|_| builder.build()).collect::<Result<Vec<_>, _>>();
    for (gateway, built) in running.iter().zip(built.map_err(|error| super::chain(&*error))?) {
        gateway.replace(built);
    }
    Ok(builder)
}
