//! `passbridge credentials convert`: passkeys from one form of keeping them into another.
//!
//! It needs no config and asks nobody. What is refused and what gets lost is told on standard error, by record and
//! member, never by value; the text comes out whole or not at all.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Subcommand;

use crate::import_export::convert::{Defaults, convert};
use crate::import_export::formats::PasskeyFormat;

/// An input is not larger than this, in bytes: it is held in memory.
const MAX_INPUT: u64 = 1 << 30;

/// `passbridge credentials`.
#[derive(Debug, Subcommand)]
pub(super) enum Credentials {
    /// Convert passkeys from one form into another; bad records are told of and left out.
    Convert {
        /// The form they are in.
        #[arg(long, value_name = "FORM", value_parser = form)]
        from: PasskeyFormat,
        /// The form they are wanted in.
        #[arg(long, value_name = "FORM", value_parser = written_form)]
        to: PasskeyFormat,
        /// The relying party of records that do not name one.
        #[arg(long, value_name = "DOMAIN")]
        rp_id: Option<String>,
        /// The file to write, which must not be there yet. Default: standard output.
        #[arg(long, value_name = "FILE")]
        output: Option<PathBuf>,
        /// The file to read, or `-` for standard input.
        #[arg(default_value = "-")]
        file: PathBuf,
    },
}

pub(super) fn credentials(command: Credentials) -> ExitCode {
    let Credentials::Convert { from, to, rp_id, output, file } = command;
    let input = match read(&file) {
        Ok(input) => input,
        Err(problem) => {
            eprintln!("passbridge: {} cannot be read: {problem}", file.display());
            return ExitCode::FAILURE;
        }
    };
    let converted = convert(&input, from, to, &Defaults { rp_id });
    converted.messages.iter().for_each(|message| eprintln!("{message}"));
    let written = match &output {
        Some(path) => write_whole(path, &converted.text).map_err(|problem| (path, problem)),
        None => Ok(()),
    };
    if let Err((path, problem)) = written {
        eprintln!("passbridge: {} cannot be written: {problem}", path.display());
        return ExitCode::FAILURE;
    }
    eprintln!(
        "{} users with {} passkeys converted, {} records refused",
        converted.users, converted.passkeys, converted.refused
    );
    if output.is_none() && super::print(&converted.text) != ExitCode::SUCCESS {
        return ExitCode::FAILURE;
    }
    if converted.refused == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn form(name: &str) -> Result<PasskeyFormat, String> {
    PasskeyFormat::named(name).ok_or_else(|| format!("the forms are: {}", names(|_| true)))
}

fn written_form(name: &str) -> Result<PasskeyFormat, String> {
    match PasskeyFormat::named(name) {
        Some(format) if format.is_written() => Ok(format),
        Some(_) => Err(format!(
            "this format cannot be written; those that are written are: {}",
            names(PasskeyFormat::is_written)
        )),
        None => Err(format!("the forms are: {}", names(PasskeyFormat::is_written))),
    }
}

fn names(which: impl Fn(PasskeyFormat) -> bool) -> String {
    let names: Vec<_> =
        PasskeyFormat::ALL.into_iter().filter(|format| which(*format)).map(PasskeyFormat::name).collect();
    names.join(", ")
}

fn read(file: &Path) -> io::Result<String> {
    let input: Box<dyn Read> = match file {
        file if file == Path::new("-") => Box::new(io::stdin().lock()),
        file => Box::new(File::open(file)?),
    };
    let mut text = String::new();
    input.take(MAX_INPUT + 1).read_to_string(&mut text)?;
    if text.len() as u64 > MAX_INPUT {
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, format!("it is larger than {MAX_INPUT} bytes")));
    }
    Ok(text)
}

/// Writes a file that appears when it is whole, for its owner's eyes only, over nothing that was there.
fn write_whole(path: &Path, text: &str) -> io::Result<()> {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(format!(".{}.part", std::process::id()));
    let part = path.with_file_name(name);
    let written = write_part(&part, text).and_then(|()| fs::hard_link(&part, path));
    // Whatever became of it, the part is not wanted any more.
    let removed = fs::remove_file(&part);
    written.and(removed)
}

fn write_part(part: &Path, text: &str) -> io::Result<()> {
    let mut options = OpenOptions::new();
    options.create_new(true).write(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(part)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()
}
