//! `passbridge readiness`: how many users of another provider could already sign in at an embedded upstream.
//!
//! It reads the directory, also while the gateway runs; the latest sign-ins may be missing. It shows counts only.

use std::collections::BTreeMap;
use std::process::ExitCode;

use comfy_table::CellAlignment;

use super::directory::{EMBEDDED, embedded};
use super::{chain, table};
use crate::config::load::{Config, Origin};
use crate::features::key_learning::readiness::{Counts, Readiness};
use crate::relying_party::clock::now;
use crate::relying_party::config::EmbeddedSettings;

/// `passbridge readiness`.
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// Print JSON, like `/readiness` of the admin listener.
    #[arg(long)]
    json: bool,
    /// The embedded upstream. Default: all of them.
    #[arg(long, value_name = "NAME")]
    upstream: Option<String>,
}

pub(super) fn readiness(origin: &Origin, arguments: &Arguments) -> ExitCode {
    super::with_config(origin, |config| {
        let all = read(&config, arguments.upstream.as_deref())?;
        Ok(super::print(&match arguments.json {
            true => format!("{:#}\n", serde_json::to_value(&all).map_err(|error| chain(&error))?),
            false => all.iter().map(|(name, readiness)| text(name, readiness)).collect(),
        }))
    })
}

fn read<'c>(config: &'c Config, only: Option<&'c str>) -> Result<BTreeMap<&'c str, Readiness>, String> {
    let upstreams = match (embedded(config), only) {
        (all, None) if !all.is_empty() => all,
        (all, only) => vec![(only.unwrap_or_default(), super::select(all, only, EMBEDDED)?)],
    };
    let read = |(name, settings): (&'c str, &EmbeddedSettings)| {
        let store = settings.open_directory(&config.base).map_err(|error| chain(&error))?;
        Ok((name, Readiness::of(&store, &settings.rp_id, now()).map_err(|error| chain(&error))?))
    };
    upstreams.into_iter().map(read).collect()
}

const KINDS: [&str; 4] = ["proven", "one signature short", "unseen", "not learnable"];

fn kinds(counts: &Counts) -> [u64; 4] {
    [counts.proven, counts.one_short, counts.unseen, counts.not_learnable]
}

fn text(name: &str, readiness: &Readiness) -> String {
    let (users, sign_ins) = (&readiness.active_users, &readiness.sign_ins);
    if users.total == 0 && readiness.days.is_empty() {
        return format!("{name}: no sign-ins observed in the last 30 days\n");
    }
    let counts = KINDS.iter().zip(kinds(users).into_iter().zip(kinds(sign_ins)));
    let counts = counts.map(|(kind, (users, sign_ins))| [(*kind).to_owned(), users.to_string(), sign_ins.to_string()]);
    let head = ["", "users", "sign-ins"].map(str::to_owned);
    let last = ["could sign in here".to_owned(), share(users), share(sign_ins)];
    let summary = table("  ", CellAlignment::Right, [head].into_iter().chain(counts).chain([last]));
    let head = ["day", "proven", "one short", "unseen", "not learnable", "mismatched", "ignored", "dropped"];
    let days = readiness.days.iter().map(|day| {
        let [proven, one_short, unseen, not_learnable] = kinds(&day.sign_ins).map(|count| count.to_string());
        let [mismatched, ignored, dropped] = [day.mismatched, day.ignored, day.dropped].map(|count| count.to_string());
        [day.day.clone(), proven, one_short, unseen, not_learnable, mismatched, ignored, dropped]
    });
    let days = table("  ", CellAlignment::Right, [head.map(str::to_owned)].into_iter().chain(days));
    format!(
        "{name}: the last 30 days, by what is known now\n{summary}{name}: sign-ins by day, by what was known that day\n{days}"
    )
}

fn share(counts: &Counts) -> String {
    counts.share.map_or_else(|| "-".to_owned(), |share| format!("{:.2} %", share * 100.0))
}
