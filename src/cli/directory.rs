//! `passbridge users` and `passbridge keys`: looking after an embedded relying party's directory.
//!
//! The gateway may run meanwhile. An import takes whole lines only: whatever stops it, no user is
//! there by half.

use std::fs::File;
use std::io::{self, BufReader, BufWriter, Read, Write as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Subcommand;

use crate::config::load::{self, Config, Origin};
use crate::import_export;
use crate::relying_party::RelyingParty;
use crate::relying_party::config::EmbeddedSettings;
use crate::routes::upstream::UpstreamKind;

/// `passbridge users`.
#[derive(Debug, Subcommand)]
pub(super) enum Users {
    /// Add users and their passkeys from JSON Lines, one user a line; bad lines are told of and left out.
    Import {
        /// The file, or `-` for standard input.
        file: PathBuf,
        /// The embedded upstream. Default: the only one.
        #[arg(long, value_name = "NAME")]
        upstream: Option<String>,
    },
    /// Write every user and their passkeys as JSON Lines.
    Export {
        /// The file, or `-` for standard output. An existing file is not written over.
        file: PathBuf,
        /// The embedded upstream. Default: the only one.
        #[arg(long, value_name = "NAME")]
        upstream: Option<String>,
    },
}

/// `passbridge keys`.
#[derive(Debug, Subcommand)]
pub(super) enum Keys {
    /// Make a new signing key; the old one goes on verifying until its last token has expired.
    Rotate {
        /// The embedded upstream. Default: the only one.
        #[arg(long, value_name = "NAME")]
        upstream: Option<String>,
    },
}

pub(super) fn users(origin: &Origin, command: &Users) -> ExitCode {
    let (Users::Import { upstream, .. } | Users::Export { upstream, .. }) = command;
    with_directory(origin, upstream.as_deref(), |settings, base| match command {
        Users::Import { file, .. } => import(settings, base, file),
        Users::Export { file, .. } => export(settings, base, file),
    })
}

pub(super) fn keys(origin: &Origin, command: &Keys) -> ExitCode {
    let Keys::Rotate { upstream } = command;
    with_directory(origin, upstream.as_deref(), rotate)
}

fn with_directory(
    origin: &Origin,
    upstream: Option<&str>,
    work: impl FnOnce(&EmbeddedSettings, &Path) -> Result<ExitCode, String>,
) -> ExitCode {
    let (config, diagnostics) = load::load(origin);
    let Some(config) = config else {
        eprintln!("{diagnostics}\n\n{} does not work.", origin.name());
        return ExitCode::from(super::BAD_CONFIG);
    };
    match embedded(&config, upstream).and_then(|settings| work(settings, &config.base)) {
        Ok(code) => code,
        Err(failure) => {
            eprintln!("passbridge: {failure}");
            ExitCode::FAILURE
        }
    }
}

fn embedded<'c>(config: &'c Config, name: Option<&str>) -> Result<&'c EmbeddedSettings, String> {
    let embedded: Vec<_> = config
        .plan
        .upstreams
        .iter()
        .filter_map(|upstream| match &upstream.kind {
            UpstreamKind::Embedded(settings) => Some((&*upstream.name, settings)),
            UpstreamKind::Http { .. } => None,
        })
        .collect();
    let names = || embedded.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(", ");
    match (name, embedded.as_slice()) {
        (None, [(_, settings)]) => Ok(settings),
        (None, []) => Err("the config has no upstream whose provider is `embedded`".to_owned()),
        (None, _) => Err(format!("name one of the embedded upstreams with --upstream: {}", names())),
        (Some(name), all) => match all.iter().find(|(known, _)| *known == name) {
            Some((_, settings)) => Ok(settings),
            None => Err(format!("there is no embedded upstream `{name}`; there is: {}", names())),
        },
    }
}

fn import(settings: &EmbeddedSettings, base: &Path, file: &Path) -> Result<ExitCode, String> {
    let mut store = settings.open_directory(base).map_err(|error| super::chain(&error))?;
    let input: Box<dyn Read> = match file {
        file if file == Path::new("-") => Box::new(io::stdin().lock()),
        file => Box::new(File::open(file).map_err(|error| format!("{} cannot be read: {error}", file.display()))?),
    };
    let refused = |bad: import_export::BadLine| eprintln!("{bad}");
    let imported = import_export::import(&mut store, &settings.rp_id, BufReader::new(input), refused)
        .map_err(|error| super::chain(&error))?;
    eprintln!(
        "{} users with {} passkeys imported, {} lines refused",
        imported.users, imported.credentials, imported.refused
    );
    Ok(if imported.refused == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn export(settings: &EmbeddedSettings, base: &Path, file: &Path) -> Result<ExitCode, String> {
    let store = settings.open_directory(base).map_err(|error| super::chain(&error))?;
    let count = if file == Path::new("-") {
        import_export::export(&store, io::stdout().lock()).map_err(|error| super::chain(&error))?
    } else {
        let created = File::create_new(file).map_err(|error| format!("{} cannot be made: {error}", file.display()))?;
        let mut output = BufWriter::new(created);
        let count = import_export::export(&store, &mut output).map_err(|error| super::chain(&error))?;
        output.flush().map_err(|error| format!("{} cannot be written: {error}", file.display()))?;
        count
    };
    eprintln!("{count} users exported");
    Ok(ExitCode::SUCCESS)
}

fn rotate(settings: &EmbeddedSettings, base: &Path) -> Result<ExitCode, String> {
    let party = RelyingParty::open(settings, base).map_err(|error| super::chain(&error))?;
    let runtime = tokio::runtime::Builder::new_current_thread().build().map_err(|error| error.to_string())?;
    let key = runtime.block_on(party.rotate_keys()).map_err(|refusal| refusal.reason.into_owned())?;
    eprintln!("tokens are signed with the key {key} from now on");
    Ok(ExitCode::SUCCESS)
}
