//! `passbridge handles`: looking after the file with the user handles of an upstream's passkeys.
//!
//! The gateway may run meanwhile. An import is whole or not at all.

use std::fs::File;
use std::io::{self, BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Subcommand;

use crate::base::base64;
use crate::config::load::{self, Config, Origin};
use crate::features::user_handles::import::{ImportError, InputFormat, import};
use crate::features::user_handles::store::HandleStore;

/// `passbridge handles`.
#[derive(Debug, Subcommand)]
pub(super) enum HandlesCommand {
    /// Add passkeys from CSV or JSON Lines; one bad line, and nothing is added.
    ///
    /// A passkey keeps the user handle it was born with: what `user.id` was when it was registered.
    /// An upstream that has taken the passkey over knows its user by a handle of its own, and
    /// refuses the old one. The file that the upstream's `handles` names says which handle belongs
    /// to which passkey.
    ///
    /// A `.csv` file begins with a line of column names; a `.jsonl` file, and standard input, has
    /// one JSON object a line. Columns or members, bytes in base64url or base64:
    ///
    ///   credential_id    the passkey
    ///   upstream_handle  the user handle at the upstream
    ///   caller_handle    the user handle that the passkey was born with; empty where nobody knows.
    ///                    What an authenticator returns is held against it
    ///   rp_id            the domain it was made for; empty where that is the only one
    ///
    /// For example:
    ///
    ///   credential_id,upstream_handle,caller_handle,rp_id
    ///   9yqGaXRc0Lk,dXNlcl8yNHdG,YWRh,example.com
    ///
    /// It is safe to import a file twice: what is there already just like that is left alone. The
    /// gateway may run meanwhile; while the lines are written, its registrations wait.
    #[command(verbatim_doc_comment)]
    Import {
        /// The file, or `-` for JSON Lines on standard input.
        file: PathBuf,
        /// The upstream. Default: the only one with `handles`.
        #[arg(long, value_name = "NAME")]
        upstream: Option<String>,
    },
    /// Forget passkeys that were deleted at the upstream behind the gateway's back, so that their authenticators can
    /// be registered again.
    Forget {
        /// Their credential ids, in base64url or base64.
        #[arg(required = true, value_name = "CREDENTIAL_ID")]
        ids: Vec<String>,
        /// The upstream. Default: the only one with `handles`.
        #[arg(long, value_name = "NAME")]
        upstream: Option<String>,
    },
}

pub(super) fn handles(origin: &Origin, command: &HandlesCommand) -> ExitCode {
    let (config, diagnostics) = load::load(origin);
    let Some(config) = config else {
        eprintln!("{diagnostics}\n\n{} does not work.", origin.name());
        return ExitCode::from(super::BAD_CONFIG);
    };
    let (HandlesCommand::Import { upstream, .. } | HandlesCommand::Forget { upstream, .. }) = command;
    let done = open(&config, upstream.as_deref()).and_then(|store| match command {
        HandlesCommand::Import { file, .. } => import_file(store, file),
        HandlesCommand::Forget { ids, .. } => forget(&store, ids),
    });
    match done {
        Ok(code) => code,
        Err(failure) => {
            eprintln!("passbridge: {failure}");
            ExitCode::FAILURE
        }
    }
}

fn open(config: &Config, name: Option<&str>) -> Result<HandleStore, String> {
    let upstreams = config.plan.upstreams.iter();
    let with: Vec<_> = upstreams.filter_map(|one| Some((&*one.name, one.handles.as_deref()?))).collect();
    let names = || with.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(", ");
    let file = match (name, with.as_slice()) {
        (_, []) => {
            return Err(
                "no upstream of the config keeps user handles: write `handles = \"handles.db\"` in it".to_owned()
            );
        }
        (None, [(_, file)]) => file,
        (None, _) => return Err(format!("name one of the upstreams with --upstream: {}", names())),
        (Some(name), all) => match all.iter().find(|(known, _)| *known == name) {
            Some((_, file)) => file,
            None => return Err(format!("there is no upstream `{name}` with `handles`; there is: {}", names())),
        },
    };
    HandleStore::open(&config.base.join(file)).map_err(|error| super::chain(&error))
}

fn import_file(mut store: HandleStore, file: &Path) -> Result<ExitCode, String> {
    let format = match file.extension().and_then(|extension| extension.to_str()) {
        Some("csv") => InputFormat::Csv,
        Some("jsonl" | "ndjson") => InputFormat::JsonLines,
        None if file == Path::new("-") => InputFormat::JsonLines,
        _ => {
            let shown = file.display();
            return Err(format!("{shown} is neither a `.csv` nor a `.jsonl` file: name it after what it holds"));
        }
    };
    let input: Box<dyn BufRead> = match file {
        file if file == Path::new("-") => Box::new(io::stdin().lock()),
        file => Box::new(BufReader::new(
            File::open(file).map_err(|error| format!("{} cannot be read: {error}", file.display()))?,
        )),
    };
    match import(&mut store, format, input, |lines| eprintln!("{lines} lines read")) {
        Ok(imported) => {
            eprintln!("{} passkeys imported, {} known already", imported.added, imported.known);
            Ok(ExitCode::SUCCESS)
        }
        Err(ImportError::Lines { reported, all }) => {
            for problem in &reported {
                eprintln!("line {} {}\n  help: {}", problem.line, problem.message, problem.remedy);
            }
            let rest =
                if all > reported.len() { format!(" (the first {} are told)", reported.len()) } else { String::new() };
            eprintln!("nothing imported: {all} lines are wrong{rest}");
            Ok(ExitCode::FAILURE)
        }
        Err(error @ (ImportError::Input(_) | ImportError::HandleStore(_))) => Err(super::chain(&error)),
    }
}

fn forget(store: &HandleStore, ids: &[String]) -> Result<ExitCode, String> {
    let mut forgotten = 0;
    for (index, id) in (1..).zip(ids) {
        let id = base64::read(id).map_err(|_| format!("credential id {index} is not base64"))?;
        match store.forget(Some(&id), None).map_err(|error| super::chain(&error))? {
            0 => eprintln!("credential id {index} is not known"),
            some => forgotten += some,
        }
    }
    eprintln!("{forgotten} passkeys forgotten");
    let all = usize::try_from(forgotten) == Ok(ids.len());
    Ok(if all { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
