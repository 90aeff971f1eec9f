//! The outer edge: sockets, limits, drain, and what passes through untouched.
//!
//! Each worker is one thread with its own runtime, its own listener on the shared port and its own
//! application, so that nothing on the way of a request is shared but counters. Every failure here is
//! an answer; only a broken connection is none. This is the only module that knows the HTTP server.
//!
//! ```no_run
//! use passbridge::gateway::handler::Exchange;
//! use passbridge::server::admin::{Admin, AdminSettings};
//! use passbridge::server::lifecycle::Lifecycle;
//! use passbridge::server::passthrough::settings::PassthroughSettings;
//! use passbridge::server::settings::ServerSettings;
//! use passbridge::server::workers::Server;
//!
//! async fn serve<G: Exchange>(gateway: fn() -> std::io::Result<G>) -> Result<(), Box<dyn std::error::Error>> {
//!     let lifecycle = Lifecycle::new();
//!     let admin = Admin::bind(&AdminSettings::default())?.start(&lifecycle)?;
//!     let server = Server::bind(&ServerSettings::default())?;
//!     eprintln!("listening on {}, admin on {}", server.address(), admin.address());
//!     let running = server.start(&PassthroughSettings::default(), &lifecycle, gateway)?;
//!     passbridge::server::signals::stop_on_signal(&lifecycle)?;
//!     let drained = running.drained().await?;
//!     eprintln!("{} connections were cut", drained.cut);
//!     Ok(())
//! }
//! ```

mod accept;
pub mod admin;
mod application;
mod body;
mod fast_path;
mod hyper_connection;
pub mod lifecycle;
mod limits;
mod listen;
mod middleware;
pub mod passthrough;
mod received;
pub mod settings;
pub mod signals;
mod worker;
pub mod workers;
