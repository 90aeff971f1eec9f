//! Runs the program once, in a temporary folder and with the environment of the test only.

use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

use tempfile::TempDir;

pub(crate) const PROGRAM: &str = env!("CARGO_BIN_EXE_passbridge");

/// A folder to run in.
pub(crate) struct Folder(TempDir);

/// The outcome of a run.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

// ===== impl Folder =====

impl Folder {
    pub(crate) fn empty() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    /// A folder with this config.
    pub(crate) fn with_config(text: &str) -> Self {
        let folder = Self::empty();
        folder.write("gateway.toml", text);
        folder
    }

    pub(crate) fn path(&self) -> &Path {
        self.0.path()
    }

    pub(crate) fn into_inner(self) -> TempDir {
        self.0
    }

    pub(crate) fn write(&self, name: &str, text: &str) {
        let file = self.path().join(name);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(file, text).unwrap();
    }

    pub(crate) fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path().join(name)).unwrap()
    }

    pub(crate) fn run(&self, arguments: &[&str]) -> Ran {
        run(self.path(), arguments, &[], "")
    }

    /// The same with variables in the environment.
    pub(crate) fn run_in(&self, arguments: &[&str], environment: &[(&str, &str)]) -> Ran {
        run(self.path(), arguments, environment, "")
    }
}

/// Runs the program in a folder, with a text as its standard input.
pub(crate) fn run(folder: &Path, arguments: &[&str], environment: &[(&str, &str)], input: &str) -> Ran {
    let mut command = Command::new(PROGRAM);
    command.current_dir(folder).args(arguments).env_clear().envs(environment.iter().copied());
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    // A command that reads nothing may have ended already.
    let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
    let output = child.wait_with_output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    Ran {
        code: output.status.code().expect("the program ends by itself"),
        stdout: text(output.stdout),
        stderr: text(output.stderr),
    }
}
