//! Compares output with a file. `UPDATE=1` writes the files.

use std::fs;
use std::path::Path;

use crate::program::Ran;

/// Compares a text with `tests/cli/golden/NAME`, or writes it there.
pub(crate) fn compare(name: &str, said: &str) {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cli/golden").join(name);
    if std::env::var_os("UPDATE").is_some() {
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(file, said).unwrap();
        return;
    }
    let wanted = fs::read_to_string(&file).unwrap_or_default();
    assert!(wanted == said, "===== {name}: wanted\n{wanted}\n===== said\n{said}");
}

/// The exit code and the output of a run, as text.
pub(crate) fn transcript(title: &str, ran: &Ran) -> String {
    let Ran { code, stdout, stderr } = ran;
    format!("===== {title}: exit code {code}\n{stderr}----- standard output\n{stdout}\n")
}
