//! The program. What it can do is told by `passbridge --help`; the library does it.

use std::process::ExitCode;

fn main() -> ExitCode {
    passbridge::cli::run()
}
