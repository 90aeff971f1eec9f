//! `passbridge readiness`: how many of those who sign in elsewhere an embedded upstream could serve already.
//!
//! It reads the directory, whether the gateway runs or not; what is observed at this moment may come a little later.
//! It shows counts, and nobody's name.

use std::collections::BTreeMap;
use std::process::ExitCode;

use crate::config::load::{self, Config, Origin};
use crate::features::key_learning::readiness::{Counts, Readiness};
use crate::relying_party::clock::now;
use crate::relying_party::config::EmbeddedSettings;
use crate::routes::upstream::UpstreamKind;

/// `passbridge readiness`.
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// Write JSON, as the admin listener's `/readiness` does.
    #[arg(long)]
    json: bool,
    /// The embedded upstream. Default: every one.
    #[arg(long, value_name = "NAME")]
    upstream: Option<String>,
}

pub(super) fn readiness(origin: &Origin, arguments: &Arguments) -> ExitCode {
    let (config, diagnostics) = load::load(origin);
    let Some(config) = config else {
        eprintln!("{diagnostics}\n\n{} does not work.", origin.name());
        return ExitCode::from(super::BAD_CONFIG);
    };
    match read(&config, arguments.upstream.as_deref()) {
        Ok(all) if arguments.json => {
            let json = serde_json::to_string_pretty(&all).expect("counts are JSON");
            super::print(&(json + "\n"))
        }
        Ok(all) => super::print(&all.iter().map(|(name, readiness)| text(name, readiness)).collect::<String>()),
        Err(failure) => {
            eprintln!("passbridge: {failure}");
            ExitCode::FAILURE
        }
    }
}

fn read<'c>(config: &'c Config, only: Option<&str>) -> Result<BTreeMap<&'c str, Readiness>, String> {
    let embedded = config.plan.upstreams.iter().filter_map(|upstream| match &upstream.kind {
        UpstreamKind::Embedded(settings) => Some((&*upstream.name, settings)),
        UpstreamKind::Http { .. } => None,
    });
    let wanted: Vec<_> = embedded.filter(|(name, _)| only.is_none_or(|only| only == *name)).collect();
    match (only, wanted.is_empty()) {
        (Some(name), true) => Err(format!("there is no embedded upstream `{name}`")),
        (None, true) => Err("the config has no upstream whose provider is `embedded`".to_owned()),
        (_, false) => wanted.into_iter().map(|(name, settings)| Ok((name, of(settings, config)?))).collect(),
    }
}

fn of(settings: &EmbeddedSettings, config: &Config) -> Result<Readiness, String> {
    let store = settings.open_directory(&config.base).map_err(|error| super::chain(&error))?;
    Readiness::of(&store, &settings.rp_id, now()).map_err(|error| super::chain(&error))
}

const KINDS: [&str; 4] = ["proven", "one signature short", "unseen", "not learnable"];

fn kinds(counts: &Counts) -> [u64; 4] {
    [counts.proven, counts.one_short, counts.unseen, counts.not_learnable]
}

fn text(name: &str, readiness: &Readiness) -> String {
    let (users, sign_ins) = (&readiness.active_users, &readiness.sign_ins);
    if users.total == 0 && readiness.days.is_empty() {
        return format!("{name}: no sign-in of the last 30 days was observed\n");
    }
    let mut text = format!("{name}, the last 30 days, by what is known now\n");
    text.push_str(&format!("  {:<20} {:>10} {:>10}\n", "", "users", "sign-ins"));
    for (kind, (users, sign_ins)) in KINDS.iter().zip(kinds(users).into_iter().zip(kinds(sign_ins))) {
        text.push_str(&format!("  {kind:<20} {users:>10} {sign_ins:>10}\n"));
    }
    text.push_str(&format!("  {:<20} {:>10} {:>10}\n", "could be served here", share(users), share(sign_ins)));
    text.push_str(&format!("{name}, day by day, by what was known when a sign-in came\n"));
    let head = ["proven", "one short", "unseen", "not learn.", "mismatched", "ignored", "dropped"];
    text.push_str(&format!("  {:<10}", "sign-ins"));
    head.iter().for_each(|head| text.push_str(&format!(" {head:>10}")));
    text.push('\n');
    for day in &readiness.days {
        text.push_str(&format!("  {:<10}", day.day));
        let asides = [day.mismatched, day.ignored, day.dropped];
        kinds(&day.sign_ins).iter().chain(&asides).for_each(|count| text.push_str(&format!(" {count:>10}")));
        text.push('\n');
    }
    text
}

fn share(counts: &Counts) -> String {
    counts.share.map_or_else(|| "-".to_owned(), |share| format!("{:.2} %", share * 100.0))
}
