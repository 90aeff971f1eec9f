//! `passbridge credentials convert`: converts passkey records from one format to another.
//!
//! It needs no config and calls nothing. What is refused or lost is reported on standard error by record and member,
//! never by value. The output is written completely or not at all.

use std::fs::{self, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Subcommand;

use super::count;
use crate::import_export::convert::{Defaults, convert};
use crate::import_export::formats::PasskeyFormat;

/// The largest input, in bytes. It is held in memory.
const MAX_INPUT: u64 = 1 << 30;

/// `passbridge credentials`.
#[derive(Debug, Subcommand)]
pub(super) enum Credentials {
    /// Convert passkey records from one format to another.
    ///
    /// A record that is not valid is reported and left out; the exit code is then 1.
    #[command(after_help = "Example:\n  passbridge credentials convert --from ory --to passbridge identities.json")]
    Convert {
        /// The format of the input.
        #[arg(long, value_name = "FORMAT", value_parser = format)]
        from: PasskeyFormat,
        /// The format of the output.
        #[arg(long, value_name = "FORMAT", value_parser = output_format)]
        to: PasskeyFormat,
        /// The RP ID of records that do not have one.
        #[arg(long, value_name = "DOMAIN")]
        rp_id: Option<String>,
        /// The file to write, which must not exist. Default: standard output.
        #[arg(long, value_name = "FILE")]
        output: Option<PathBuf>,
        /// The file to read, or `-` for standard input.
        #[arg(default_value = "-")]
        file: PathBuf,
    },
}

pub(super) fn credentials(Credentials::Convert { from, to, rp_id, output, file }: Credentials) -> ExitCode {
    let run = || {
        let converted = convert(&read(&file)?, from, to, &Defaults { rp_id });
        converted.messages.iter().for_each(|message| eprintln!("{message}"));
        if let Some(path) = &output {
            let written = write_new(path, &converted.text);
            written.map_err(|problem| format!("{} cannot be written: {problem}", path.display()))?;
        }
        let (users, passkeys) = (count(converted.users, "user"), count(converted.passkeys, "passkey"));
        eprintln!("{users} with {passkeys} converted, {} refused", count(converted.refused, "record"));
        let printed = if output.is_none() { super::print(&converted.text) } else { ExitCode::SUCCESS };
        Ok::<_, String>(if converted.refused == 0 { printed } else { ExitCode::FAILURE })
    };
    run().unwrap_or_else(|failure| {
        eprintln!("passbridge: {failure}");
        ExitCode::FAILURE
    })
}

fn format(name: &str) -> Result<PasskeyFormat, String> {
    PasskeyFormat::named(name).ok_or_else(|| format!("the formats are: {}", names(|_| true)))
}

fn output_format(name: &str) -> Result<PasskeyFormat, String> {
    match PasskeyFormat::named(name) {
        Some(format) if format.is_written() => Ok(format),
        Some(_) => {
            Err(format!("this format can only be read; the output formats are: {}", names(PasskeyFormat::is_written)))
        }
        None => Err(format!("the formats are: {}", names(PasskeyFormat::is_written))),
    }
}

fn names(which: impl Fn(PasskeyFormat) -> bool) -> String {
    let names: Vec<_> =
        PasskeyFormat::ALL.into_iter().filter(|format| which(*format)).map(PasskeyFormat::name).collect();
    names.join(", ")
}

fn read(file: &Path) -> Result<String, String> {
    let mut text = String::new();
    let read = super::open_input(file)?.take(MAX_INPUT + 1).read_to_string(&mut text);
    read.map_err(|problem| format!("{} cannot be read: {problem}", file.display()))?;
    match text.len() as u64 > MAX_INPUT {
        true => Err(format!("{} cannot be read: it is larger than {MAX_INPUT} bytes", file.display())),
        false => Ok(text),
    }
}

/// Writes a new file, readable by its owner only. It appears when it is complete, and never replaces another file.
fn write_new(path: &Path, text: &str) -> io::Result<()> {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(format!(".{}.part", std::process::id()));
    let part = path.with_file_name(name);
    let written = write_part(&part, text).and_then(|()| fs::hard_link(&part, path));
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
