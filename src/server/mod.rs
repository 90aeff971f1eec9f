//! The HTTP server: listeners, workers, limits, drain, passthrough and the admin listener.
//!
//! Each worker is a thread with its own runtime, listener and application; requests share only counters. A
//! request without an operation passes through to the target of its host. This module must not know
//! providers or operations: it calls the gateway through [`Handler`](crate::gateway::handler::Handler).
//! Start reading at [`workers`], then `worker_thread`, `fast_path` and `application`.
//!
//! ```no_run
//! use passbridge::gateway::handler::Handler;
//! use passbridge::server::admin::{Admin, AdminSettings};
//! use passbridge::server::lifecycle::Lifecycle;
//! use passbridge::server::passthrough::target_settings::PassthroughSettings;
//! use passbridge::server::server_settings::ServerSettings;
//! use passbridge::server::workers::Server;
//!
//! async fn serve<G: Handler>(gateway: fn() -> std::io::Result<G>) -> Result<(), Box<dyn std::error::Error>> {
//!     let lifecycle = Lifecycle::new();
//!     let admin = Admin::bind(&AdminSettings::default())?.start(&lifecycle)?;
//!     let server = Server::bind(&ServerSettings::default())?;
//!     eprintln!("listening on {}, admin on {}", server.address(), admin.address());
//!     let running = server.start(&PassthroughSettings::default(), &lifecycle, gateway)?;
//!     passbridge::server::signals::stop_on_signal(&lifecycle)?;
//!     let drained = running.drained().await?;
//!     eprintln!("{} connections closed at the drain timeout", drained.cut);
//!     Ok(())
//! }
//! ```

mod accept;
pub mod admin;
mod application;
mod body;
mod caller_stream;
mod connection_admission;
mod fast_path;
mod forwarded_client;
mod frame_budget;
mod guarded_stream;
mod hyper_connection;
mod hyper_request;
pub mod lifecycle;
mod limits;
pub mod listen;
pub mod listen_address;
mod middleware;
mod pace;
pub mod passthrough;
mod proxy_protocol;
mod replayed_stream;
pub mod server_settings;
pub mod signals;
pub mod trusted_proxies;
mod worker_thread;
pub mod workers;
