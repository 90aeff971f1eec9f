//! The program. What it can do is told by `passbridge --help`; the library does it.

use std::process::ExitCode;

/// Allocates in half of the instructions of the system's (6,000 of them less a request), and gives
/// large buffers back without unmapping them each time. Huge pages stay off: they would double what the
/// program holds when it starts.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    passbridge::cli::run()
}
