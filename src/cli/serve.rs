//! `passbridge serve`: checks the config, says what is served, and serves until it is told to stop.

use std::error::Error;
use std::process::ExitCode;
use std::sync::Arc;

use crate::cli::curl;
use crate::cli::reload::{Bound, Gateways, on_hangup};
use crate::cli::start::Ready;
use crate::config::load::{self, Config, Origin};
use crate::gateway::reload::Reloadable;
use crate::server::admin::Admin;
use crate::server::lifecycle::Lifecycle;
use crate::server::signals::stop_on_signal;
use crate::server::workers::Server;

pub(super) fn serve(origin: &Origin) -> ExitCode {
    let (config, diagnostics) = load::load(origin);
    if !diagnostics.is_empty() {
        eprintln!("{diagnostics}\n");
    }
    let Some(config) = config else {
        eprintln!("passbridge does not start: {} does not work.", origin.name());
        return ExitCode::from(super::BAD_CONFIG);
    };
    match run(config, origin) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("passbridge stops: {}", super::chain(&*error));
            ExitCode::FAILURE
        }
    }
}

fn run(config: Config, origin: &Origin) -> Result<(), Box<dyn Error>> {
    // Whatever TLS is spoken is spoken with one provider, also by what comes to be linked later.
    if rustls::crypto::aws_lc_rs::default_provider().install_default().is_err() {
        tracing::debug!("a TLS provider was installed before");
    }
    let (server, admin, passthrough) = (config.server.clone(), config.admin.clone(), config.passthrough.clone());
    let bound = Bound::of(&config);
    let ready = Arc::new(Ready::open(config)?);
    let lifecycle = Lifecycle::new();
    let (builder, gateways) = (ready.clone(), Gateways::default());
    let live = Reloadable::new(ready.gateway().map_err(|error| -> Box<dyn Error> { error })?);
    gateways.add(&live);
    let admin = Admin::bind(&admin)?.with_gateway(live).start(&lifecycle)?;
    let server = Server::bind(&server)?;
    let address = server.address();
    let started = gateways.clone();
    let running = server.start(&passthrough, &lifecycle, move || {
        builder.gateway().map(|gateway| {
            let live = Reloadable::new(gateway);
            started.add(&live);
            live
        })
    })?;

    let banner = curl::banner(&ready, origin, address, &admin);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let drained = runtime.block_on(async {
        stop_on_signal(&lifecycle)?;
        on_hangup(origin.clone(), bound, ready, gateways)?;
        // Whoever reads this may send signals.
        super::print(&banner);
        running.drained().await.map_err(Box::<dyn Error>::from)
    })?;
    tracing::info!(connections_cut = drained.cut, "stopped");
    Ok(())
}
