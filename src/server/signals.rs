//! SIGTERM and SIGINT: the first begins the drain, the second exits at once.

use std::io;
use std::process;

use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::server::lifecycle::Lifecycle;

/// The exit code of a process ended by SIGINT (128 + 2).
const EXIT_CODE: i32 = 130;

/// Handles signals in a task of the current runtime.
///
/// # Errors
///
/// If no signal handler can be installed.
pub fn stop_on_signal(lifecycle: &Lifecycle) -> io::Result<()> {
    let (mut terminate, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    let lifecycle = lifecycle.clone();
    tokio::spawn(async move {
        next(&mut terminate, &mut interrupt).await;
        tracing::info!("shutting down, draining requests");
        lifecycle.stop();
        next(&mut terminate, &mut interrupt).await;
        tracing::warn!("second signal, exiting without draining");
        process::exit(EXIT_CODE);
    });
    Ok(())
}

async fn next(terminate: &mut Signal, interrupt: &mut Signal) {
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
}
