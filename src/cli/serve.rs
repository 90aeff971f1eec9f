//! `passbridge serve`: checks the config, prints the routes, and runs the gateway until a signal stops it.

use std::error::Error;
use std::process::ExitCode;
use std::sync::Arc;

use crate::cli::banner::banner;
use crate::cli::reload::{FixedSettings, Gateways, on_hangup};
use crate::cli::start::GatewayBuilder;
use crate::config::load::{self, Config, Origin};
use crate::gateway::reload::Reloadable;
use crate::server::admin::Admin;
use crate::server::lifecycle::Lifecycle;
use crate::server::listen::inherited::InheritedSockets;
use crate::server::signals::stop_on_signal;
use crate::server::workers::Server;

pub(super) fn serve(origin: &Origin) -> ExitCode {
    let (config, diagnostics) = load::load(origin);
    if !diagnostics.is_empty() {
        eprintln!("{diagnostics}\n");
    }
    let Some(config) = config else {
        eprintln!("passbridge does not start: {} is not valid.", origin.name());
        return ExitCode::from(super::BAD_CONFIG);
    };
    match run(config, origin) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("passbridge: {}", super::chain(&*error));
            ExitCode::FAILURE
        }
    }
}

fn run(config: Config, origin: &Origin) -> Result<(), Box<dyn Error>> {
    // One TLS provider for the whole process, whatever features dependencies enable.
    if rustls::crypto::aws_lc_rs::default_provider().install_default().is_err() {
        tracing::debug!("a TLS provider is already installed");
    }
    let inherited = InheritedSockets::from_systemd()?;
    let (server, admin, passthrough) = (config.server.clone(), config.admin.clone(), config.passthrough.clone());
    let fixed = FixedSettings::of(&config);
    let builder = Arc::new(GatewayBuilder::open(config, None)?);
    let lifecycle = Lifecycle::new();
    let gateways = Gateways::default();
    let gateway = Reloadable::new(builder.build().map_err(|error| -> Box<dyn Error> { error })?);
    gateways.add(&gateway);
    let admin = Admin::bind(&admin)?.with_gateway(gateway).start(&lifecycle)?;
    let server = Server::bind_or_inherit(&server, inherited)?;
    let address = server.address();
    let urls: Vec<_> = server.addresses().map(url).collect();
    let (worker_builder, worker_gateways) = (builder.clone(), gateways.clone());
    let running = server.start(&passthrough, &lifecycle, move || {
        let gateway = worker_builder.build().map(Reloadable::new);
        gateway.inspect(|gateway| worker_gateways.add(gateway))
    })?;

    let banner = banner(&builder, origin, &urls, address, &admin);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let drained = runtime.block_on(async {
        stop_on_signal(&lifecycle)?;
        on_hangup(origin.clone(), fixed, builder, gateways)?;
        // Printed last: a reader of the banner may send signals.
        super::print(&banner);
        running.drained().await.map_err(Box::<dyn Error>::from)
    })?;
    tracing::info!(connections_cut = drained.cut, "stopped");
    Ok(())
}

/// A bound address as it is printed.
fn url(address: &str) -> String {
    match address.starts_with("unix:") {
        true => address.to_owned(),
        false => format!("http://{address}"),
    }
}
