//! Builds a map from its settings and reports all errors at once.
//!
//! Files are read and queries are prepared here, so that errors are found before the gateway listens.

mod database;
mod service;

use std::collections::BTreeMap;
use std::path::Path;

use crate::base::diagnostic::Diagnostic;
use crate::base::similar_name::did_you_mean;
use crate::identity::cache::Cache;
use crate::identity::file::FileProblem;
use crate::identity::map::{CachedQuery, Map, Source};
use crate::identity::map_settings::{MapSettings, Missing};
use crate::identity::names::{Columns, NAMES};
use crate::identity::query::{InvalidTemplate, Query};
use crate::identity::shared_tables;
use crate::model::member::Member;

/// The settings of a map, and the findings by key below its table.
struct Builder<'s> {
    settings: &'s MapSettings,
    base: &'s Path,
    errors: Vec<(String, Diagnostic)>,
    /// Findings that do not prevent the use of the map.
    warnings: Vec<(String, Diagnostic)>,
}

/// The kinds of sources.
#[derive(Clone, Copy, PartialEq, Eq)]
enum SourceKind {
    File,
    Sqlite,
    Postgres,
    Http,
}

impl Map {
    /// Builds the map of a table `[identity.NAME]`, if it has no errors; paths are relative to `base`. Each finding
    /// comes with its key below the table (empty for the table itself) and has no position yet.
    pub fn build(name: &str, settings: &MapSettings, base: &Path) -> (Option<Self>, Vec<(String, Diagnostic)>) {
        let mut builder = Builder { settings, base, errors: Vec::new(), warnings: Vec::new() };
        let caller = builder.columns("caller", &settings.caller);
        let upstream = builder.columns("upstream", &settings.upstream);
        let source = builder.kind().and_then(|kind| {
            builder.check_missing(kind);
            let (caller, upstream) = (caller.as_ref()?, upstream.as_ref()?);
            builder.source(kind, caller, upstream)
        });
        let map = match (source, caller, upstream) {
            (Some(source), Some(caller), Some(upstream)) if builder.errors.is_empty() => Some(Self {
                name: name.into(),
                caller,
                upstream,
                missing: settings.missing,
                outage: settings.outage,
                source,
            }),
            _ => None,
        };
        builder.errors.append(&mut builder.warnings);
        (map, builder.errors)
    }
}

impl Builder<'_> {
    fn error(&mut self, key: impl Into<String>, message: impl Into<String>, label: &str, remedy: impl Into<String>) {
        self.errors.push((key.into(), Diagnostic::error(message).label(label).remedy(remedy)));
    }

    fn columns(&mut self, side: &str, settings: &BTreeMap<String, String>) -> Option<Columns> {
        let mut columns = Vec::new();
        for (name, column) in settings {
            match NAMES.into_iter().find(|member| member.name() == name) {
                Some(member) => columns.push((member, column.clone())),
                None => {
                    let remedy = did_you_mean(name, NAMES.map(Member::name), "the members are");
                    self.error(format!("{side}.{name}"), format!("unknown member `{name}`"), "this member", remedy);
                }
            }
        }
        if settings.is_empty() {
            let remedy = "write a member and its column: `{ \"user.id\" = \"old_id\" }`";
            self.error(side, format!("`{side}` is empty"), "this table", remedy);
        }
        (columns.len() == settings.len() && !columns.is_empty()).then_some(Columns(columns))
    }

    /// Determines the kind of source and checks that the other keys apply to it.
    fn kind(&mut self) -> Option<SourceKind> {
        let settings = self.settings;
        let given = [
            (settings.file.is_some(), "file", SourceKind::File),
            (settings.sqlite.is_some(), "sqlite", SourceKind::Sqlite),
            (settings.postgres.is_some(), "postgres", SourceKind::Postgres),
            (settings.url.is_some(), "url", SourceKind::Http),
        ];
        let mut given = given.into_iter().filter(|(is_given, ..)| *is_given);
        let remedy = "write one of `file = \"users.csv\"`, `sqlite = \"users.db\"`, `postgres = \"env:NAME\"` or `url = \"https://...\"`";
        let Some((_, _, kind)) = given.next() else {
            self.error("", "the identity map has no source", "this table", remedy);
            return None;
        };
        if let Some((_, key, _)) = given.next() {
            self.error(key, "the identity map has more than one source", "this key", remedy);
            return None;
        }
        let is_sql = matches!(kind, SourceKind::Sqlite | SourceKind::Postgres);
        let unsuitable = [
            ("query", settings.query.is_some() && !is_sql, "`sqlite` or `postgres`"),
            ("reverse", settings.reverse.is_some() && kind == SourceKind::File, "`sqlite`, `postgres` or `url`"),
            ("ca_file", settings.ca_file.is_some() && kind != SourceKind::Postgres, "`postgres`"),
            ("fields", !settings.fields.is_empty() && kind != SourceKind::Http, "`url`"),
            ("cache", settings.cache.is_some() && kind == SourceKind::File, "`sqlite`, `postgres` or `url`"),
        ];
        for (key, is_unsuitable, of) in unsuitable {
            if is_unsuitable {
                self.error(key, format!("`{key}` requires {of}"), "this key", "remove it");
            }
        }
        Some(kind)
    }

    /// Unknown users may have the same name on both sides only if a query can check that no other user has it.
    fn check_missing(&mut self, kind: SourceKind) {
        if self.settings.missing == Missing::Same && kind != SourceKind::File && self.settings.reverse.is_none() {
            let message =
                "`missing = \"same\"` requires `reverse`; otherwise an id could belong to another user at the upstream";
            self.error("missing", message, "this value", "add `reverse`, or write `missing = \"refuse\"`");
        }
    }

    fn source(&mut self, kind: SourceKind, caller: &Columns, upstream: &Columns) -> Option<Source> {
        match kind {
            SourceKind::File => self.file(caller, upstream),
            SourceKind::Sqlite => self.sqlite(caller, upstream),
            SourceKind::Postgres => self.postgres(caller, upstream),
            SourceKind::Http => self.http(caller, upstream),
        }
    }

    fn file(&mut self, caller: &Columns, upstream: &Columns) -> Option<Source> {
        let file = self.settings.file.as_ref()?;
        match shared_tables::read(&self.base.join(file), &file.display().to_string(), caller, upstream) {
            Ok(table) => Some(Source::File(table)),
            Err(problems) => {
                for FileProblem { message, remedy } in problems {
                    self.error("file", message, "this file", remedy);
                }
                None
            }
        }
    }

    fn parsed(&mut self, key: &str, query: Result<Query, InvalidTemplate>) -> Option<Query> {
        match query {
            Ok(query) => Some(query),
            Err(InvalidTemplate { message, remedy }) => {
                self.error(key, format!("`{key}` is not valid: {message}"), "this value", remedy);
                None
            }
        }
    }

    fn cache(&self) -> Cache {
        Cache::new(self.settings.cache.unwrap_or_default())
    }
}

/// Both directions, if neither has errors.
fn both<Q>(
    forward: Option<CachedQuery<Q>>,
    back: Option<Option<CachedQuery<Q>>>,
) -> Option<(CachedQuery<Q>, Option<CachedQuery<Q>>)> {
    match (forward, back) {
        (Some(forward), None) => Some((forward, None)),
        (Some(forward), Some(Some(back))) => Some((forward, Some(back))),
        (None, _) | (Some(_), Some(None)) => None,
    }
}
