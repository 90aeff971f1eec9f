//! `passbridge users` and `passbridge keys`: manages an embedded relying party's directory.
//!
//! The gateway may run meanwhile. Each user is imported completely or not at all.

use std::fs::File;
use std::io::{self, BufReader, BufWriter, Write as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Subcommand;

use super::{chain, count};
use crate::config::load::{Config, Origin};
use crate::import_export;
use crate::relying_party::RelyingParty;
use crate::relying_party::config::EmbeddedSettings;
use crate::routes::upstream::UpstreamKind;

/// `passbridge users`.
#[derive(Debug, Subcommand)]
pub(super) enum Users {
    /// Import users and their passkeys from JSON Lines, one user per line.
    ///
    /// A line that is not valid is reported and left out; the exit code is then 1.
    #[command(after_help = "Example:\n  passbridge users import users.jsonl")]
    Import {
        /// The file, or `-` for standard input.
        file: PathBuf,
        /// The embedded upstream. Required if there are several.
        #[arg(long, value_name = "NAME")]
        upstream: Option<String>,
    },
    /// Export every user with their passkeys as JSON Lines.
    #[command(after_help = "Example:\n  passbridge users export users.jsonl")]
    Export {
        /// The file, or `-` for standard output. An existing file is not overwritten.
        file: PathBuf,
        /// The embedded upstream. Required if there are several.
        #[arg(long, value_name = "NAME")]
        upstream: Option<String>,
    },
}

/// `passbridge keys`.
#[derive(Debug, Subcommand)]
pub(super) enum Keys {
    /// Create a new key that signs tokens from now on.
    ///
    /// The previous key stays in the published key set until the last token that it signed has expired.
    #[command(after_help = "Example:\n  passbridge keys rotate")]
    Rotate {
        /// The embedded upstream. Required if there are several.
        #[arg(long, value_name = "NAME")]
        upstream: Option<String>,
    },
}

pub(super) fn users(origin: &Origin, command: &Users) -> ExitCode {
    super::with_config(origin, |config| {
        let (Users::Import { upstream, .. } | Users::Export { upstream, .. }) = command;
        let settings = super::select(embedded(&config), upstream.as_deref(), EMBEDDED)?;
        match command {
            Users::Import { file, .. } => import(settings, &config.base, file),
            Users::Export { file, .. } => export(settings, &config.base, file),
        }
    })
}

pub(super) fn keys(origin: &Origin, command: &Keys) -> ExitCode {
    super::with_config(origin, |config| {
        let Keys::Rotate { upstream } = command;
        let settings = super::select(embedded(&config), upstream.as_deref(), EMBEDDED)?;
        let party = RelyingParty::open(settings, &config.base).map_err(|error| chain(&error))?;
        let runtime = tokio::runtime::Builder::new_current_thread().build().map_err(|error| error.to_string())?;
        let key = runtime.block_on(party.rotate_keys()).map_err(|refusal| refusal.reason.into_owned())?;
        eprintln!("new signing key {key}");
        Ok(ExitCode::SUCCESS)
    })
}

/// The kind of upstream that [`embedded`] lists.
pub(super) const EMBEDDED: &str = "with `provider = \"embedded\"`";

/// The embedded upstreams, by name.
pub(super) fn embedded(config: &Config) -> Vec<(&str, &EmbeddedSettings)> {
    let upstreams = config.plan.upstreams.iter().filter_map(|upstream| match &upstream.kind {
        UpstreamKind::Embedded(settings) => Some((&*upstream.name, settings)),
        UpstreamKind::Http { .. } => None,
    });
    upstreams.collect()
}

fn import(settings: &EmbeddedSettings, base: &Path, file: &Path) -> Result<ExitCode, String> {
    let mut store = settings.open_directory(base).map_err(|error| chain(&error))?;
    let input = BufReader::new(super::open_input(file)?);
    let refused = |bad: import_export::BadLine| eprintln!("{bad}");
    let imported = import_export::import(&mut store, &settings.rp_id, input, refused).map_err(|error| chain(&error))?;
    let (users, passkeys) = (count(imported.users, "user"), count(imported.credentials, "passkey"));
    eprintln!("{users} with {passkeys} imported, {} refused", count(imported.refused, "line"));
    Ok(if imported.refused == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn export(settings: &EmbeddedSettings, base: &Path, file: &Path) -> Result<ExitCode, String> {
    let store = settings.open_directory(base).map_err(|error| chain(&error))?;
    let users = if file == Path::new("-") {
        import_export::export(&store, io::stdout().lock()).map_err(|error| chain(&error))?
    } else {
        let created =
            File::create_new(file).map_err(|error| format!("{} cannot be created: {error}", file.display()))?;
        let mut output = BufWriter::new(created);
        let users = import_export::export(&store, &mut output).map_err(|error| chain(&error))?;
        output.flush().map_err(|error| format!("{} cannot be written: {error}", file.display()))?;
        users
    };
    eprintln!("{} exported", count(users, "user"));
    Ok(ExitCode::SUCCESS)
}
