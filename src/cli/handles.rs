//! `passbridge handles`: manages the file with the user handles of an upstream's passkeys.
//!
//! The gateway may run meanwhile. A file is imported completely or not at all.

use std::io::BufReader;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Subcommand;

use super::{chain, count};
use crate::base::base64;
use crate::config::load::{Config, Origin};
use crate::features::user_handles::import::{ImportError, InputFormat, import};
use crate::features::user_handles::store::HandleStore;

/// `passbridge handles`.
#[derive(Debug, Subcommand)]
pub(super) enum HandlesCommand {
    /// Import user handles from CSV or JSON Lines.
    ///
    /// A passkey keeps the user handle it was created with: the `user.id` of its registration.
    /// An upstream that has imported the passkey knows the user by another handle and rejects
    /// the original one. The file named by the upstream's `handles` setting maps each passkey
    /// to the handle the upstream expects.
    ///
    /// A `.csv` file begins with a line of column names. A `.jsonl` file, and standard input,
    /// has one JSON object per line. Columns or members, bytes in base64url or base64:
    ///
    ///   credential_id    the passkey
    ///   upstream_handle  the user handle at the upstream
    ///   caller_handle    the user handle the passkey was created with; may be empty. If it is
    ///                    given, the handle that an authenticator returns must be equal
    ///   rp_id            the domain of the passkey; may be empty if there is only one
    ///
    /// For example:
    ///
    ///   credential_id,upstream_handle,caller_handle,rp_id
    ///   9yqGaXRc0Lk,dXNlcl8yNHdG,YWRh,example.com
    ///
    /// If one line is not valid, nothing is imported. Importing a file again changes nothing.
    /// During the import, registrations at a running gateway wait.
    #[command(verbatim_doc_comment, after_help = "Example:\n  passbridge handles import handles.csv")]
    Import {
        /// The file, or `-` for JSON Lines on standard input.
        file: PathBuf,
        /// The upstream. Required if several have `handles`.
        #[arg(long, value_name = "NAME")]
        upstream: Option<String>,
    },
    /// Remove passkeys that were deleted directly at the upstream.
    ///
    /// Their authenticators can then be registered again.
    #[command(after_help = "Example:\n  passbridge handles forget 9yqGaXRc0Lk")]
    Forget {
        /// The credential ids, in base64url or base64.
        #[arg(required = true, value_name = "CREDENTIAL_ID")]
        ids: Vec<String>,
        /// The upstream. Required if several have `handles`.
        #[arg(long, value_name = "NAME")]
        upstream: Option<String>,
    },
}

pub(super) fn handles(origin: &Origin, command: &HandlesCommand) -> ExitCode {
    super::with_config(origin, |config| match command {
        HandlesCommand::Import { file, upstream } => import_file(open(&config, upstream.as_deref())?, file),
        HandlesCommand::Forget { ids, upstream } => forget(&open(&config, upstream.as_deref())?, ids),
    })
}

fn open(config: &Config, name: Option<&str>) -> Result<HandleStore, String> {
    let upstreams = config.plan.upstreams.iter();
    let with_handles = upstreams.filter_map(|one| Some((&*one.name, one.handles.as_deref()?))).collect();
    let file = super::select(with_handles, name, "with `handles = \"FILE\"`")?;
    HandleStore::open(&config.base.join(file)).map_err(|error| chain(&error))
}

fn import_file(mut store: HandleStore, file: &Path) -> Result<ExitCode, String> {
    let format = match file.extension().and_then(|extension| extension.to_str()) {
        Some("csv") => InputFormat::Csv,
        Some("jsonl" | "ndjson") => InputFormat::JsonLines,
        None if file == Path::new("-") => InputFormat::JsonLines,
        _ => return Err(format!("{} must be named `*.csv` or `*.jsonl`", file.display())),
    };
    let input = BufReader::new(super::open_input(file)?);
    match import(&mut store, format, input, |lines| eprintln!("{lines} lines read")) {
        Ok(imported) => {
            eprintln!("{} imported, {} already known", count(imported.added, "passkey"), imported.known);
            Ok(ExitCode::SUCCESS)
        }
        Err(ImportError::Lines { reported, all }) => {
            for problem in &reported {
                eprintln!("line {} {}\n  help: {}", problem.line, problem.message, problem.remedy);
            }
            let more = all - reported.len();
            let more = if more > 0 { format!(" ({more} not shown)") } else { String::new() };
            eprintln!("nothing imported: {} not valid{more}", count(all as u64, "line"));
            Ok(ExitCode::FAILURE)
        }
        Err(error @ (ImportError::Input(_) | ImportError::HandleStore(_))) => Err(chain(&error)),
    }
}

fn forget(store: &HandleStore, ids: &[String]) -> Result<ExitCode, String> {
    let mut forgotten = 0;
    for (index, id) in (1..).zip(ids) {
        let id = base64::read(id).map_err(|_| format!("credential id {index} is not base64"))?;
        match store.forget(Some(&id), None).map_err(|error| chain(&error))? {
            0 => eprintln!("credential id {index} is not known"),
            some => forgotten += some,
        }
    }
    eprintln!("{} removed", count(forgotten, "passkey"));
    let all = usize::try_from(forgotten) == Ok(ids.len());
    Ok(if all { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
