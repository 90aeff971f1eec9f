//! Runs the program on one case and compares its output.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// A case of a folder.
#[derive(Clone, Debug)]
pub(crate) struct Case {
    /// The file's name without `.toml`.
    pub(crate) name: String,
    /// The file.
    pub(crate) path: PathBuf,
    /// Its content.
    pub(crate) text: String,
}

/// Every case of `tests/diagnostics/FOLDER`, by name.
pub(crate) fn all(folder: &str) -> Vec<Case> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/diagnostics").join(folder);
    let mut cases: Vec<_> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "toml"))
        .map(|path| Case {
            name: path.file_stem().unwrap().to_str().unwrap().to_owned(),
            text: fs::read_to_string(&path).unwrap(),
            path,
        })
        .collect();
    cases.sort_by(|one, other| one.name.cmp(&other.name));
    cases
}

impl Case {
    /// The environment of the case, from comments `# env NAME=value`.
    pub(crate) fn environment(&self) -> impl Iterator<Item = (&str, &str)> {
        let lines = self.text.lines().filter_map(|line| line.strip_prefix("# env "));
        lines.map(|line| line.split_once('=').expect("a variable is written NAME=value"))
    }

    /// Runs the program in a folder, with no environment but the case's.
    pub(crate) fn run(&self, folder: &Path, arguments: &[&str]) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_passbridge"));
        command.current_dir(folder).args(arguments).env_clear().envs(self.environment());
        command.output().unwrap()
    }

    /// Compares the output with the golden file of the case, or rewrites the file.
    pub(crate) fn compare(&self, output: &Output) -> Result<(), String> {
        let said = String::from_utf8(output.stderr.clone()).unwrap();
        let code = output.status.code().expect("the program ends by itself");
        let said = format!("{}\n\nexit code: {code}\n", said.trim_end());
        let golden = self.path.with_extension("txt");
        if std::env::var_os("UPDATE").is_some() {
            fs::write(golden, said).unwrap();
            return Ok(());
        }
        match fs::read_to_string(golden).unwrap_or_default() {
            wanted if wanted == said => Ok(()),
            wanted => Err(format!("===== {}: wanted\n{wanted}\n===== {}: said\n{said}", self.name, self.name)),
        }
    }
}

/// Fails with every difference of a folder's cases.
pub(crate) fn agree(results: impl IntoIterator<Item = Result<(), String>>) {
    let differences: Vec<_> = results.into_iter().filter_map(Result::err).collect();
    assert!(differences.is_empty(), "{} cases differ\n{}", differences.len(), differences.join("\n"));
}

/// Asserts that every golden file belongs to a case.
pub(crate) fn no_text_is_left_over(folder: &str) {
    let cases = all(folder);
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/diagnostics").join(folder);
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_stem().unwrap().to_str().unwrap();
        assert!(cases.iter().any(|case| case.name == name), "{} belongs to no case", path.display());
    }
}
