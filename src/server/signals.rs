//! SIGTERM and SIGINT: the first begins the drain, the second ends the process at once.

use std::io;
use std::process;

use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::server::lifecycle::Lifecycle;

/// What a shell reports for a process that an interrupt ended.
const INTERRUPTED: i32 = 130;

/// Watches for signals from now on, in a task of the current runtime.
///
/// # Errors
///
/// The system's, if it lets us have no signal handler.
pub fn stop_on_signal(lifecycle: &Lifecycle) -> io::Result<()> {
    let (mut terminate, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    let lifecycle = lifecycle.clone();
    tokio::spawn(async move {
        next(&mut terminate, &mut interrupt).await;
        tracing::info!("told to stop: finishing what is under way");
        lifecycle.stop();
        next(&mut terminate, &mut interrupt).await;
        tracing::warn!("told to stop again: exiting at once");
        process::exit(INTERRUPTED);
    });
    Ok(())
}

async fn next(terminate: &mut Signal, interrupt: &mut Signal) {
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
}
