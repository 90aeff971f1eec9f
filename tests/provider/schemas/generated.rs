//! The generated files of the repository, compared with the output of the program.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The lines of `providers/README.md` before and after the matrix.
const MATRIX: [&str; 2] = ["<!-- matrix:begin -->\n", "<!-- matrix:end -->\n"];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The output of the program.
fn printed(arguments: &[&str]) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_passbridge")).args(arguments).env_clear().output().unwrap();
    assert!(output.status.success() && output.stderr.is_empty(), "passbridge {}: {output:?}", arguments.join(" "));
    String::from_utf8(output.stdout).unwrap()
}

/// Compares `wanted` with a file, or writes the file if `UPDATE` is set.
fn current(file: &str, wanted: &str) {
    let path: PathBuf = root().join(file);
    if std::env::var_os("UPDATE").is_some() {
        fs::write(path, wanted).unwrap();
        return;
    }
    let found = fs::read_to_string(&path).unwrap_or_default();
    let line = found.lines().zip(wanted.lines()).take_while(|(one, other)| one == other).count() + 1;
    assert!(
        found == wanted,
        "{file} is stale from line {line} on: run `UPDATE=1 cargo nextest run --test provider` and read the difference"
    );
}

#[test]
fn config_schema_is_current() {
    current("schemas/gateway.json", &printed(&["schema", "config"]));
}

#[test]
fn provider_file_schema_is_current() {
    current("schemas/provider.json", &printed(&["schema", "provider"]));
}

#[test]
fn support_matrix_is_current() {
    let readme = fs::read_to_string(root().join("providers/README.md")).unwrap();
    let [begin, end] = MATRIX;
    let (before, rest) = readme.split_once(begin).expect("the matrix begins with its marker");
    let (_, after) = rest.split_once(end).expect("the matrix ends with its marker");
    let matrix = printed(&["matrix"]);
    current("providers/README.md", &format!("{before}{begin}\n{}\n{end}{after}", matrix.trim_matches('\n')));
}
