//! The program. `passbridge --help` lists its commands; the library implements them.

use std::process::ExitCode;

/// The allocator needs half of the instructions of the system's (6,000 fewer per request), and reuses large buffers
/// instead of unmapping them. Huge pages are off: they would double the memory after the start.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    passbridge::cli::run()
}
