//! Making a map of its settings: everything that is wrong with them is found in one go.
//!
//! Files are read and queries prepared here, so that a mistake in them is told before a port is bound.

mod database;
mod service;

use std::collections::BTreeMap;
use std::path::Path;

use crate::base::diagnostic::{Diagnostic, nearest};
use crate::identity::cache::Cache;
use crate::identity::file::Problem;
use crate::identity::map::{Direction, Map, Source};
use crate::identity::names::{Columns, NAMES};
use crate::identity::query::{BadQuery, Query};
use crate::identity::settings::{MapSettings, Missing};
use crate::identity::unchanged;
use crate::model::member::Member;

/// The settings of a map, and what was found wrong with them so far, by key below its table.
struct Builder<'s> {
    settings: &'s MapSettings,
    base: &'s Path,
    found: Vec<(String, Diagnostic)>,
    /// What does not keep the map from being used.
    warned: Vec<(String, Diagnostic)>,
}

/// The sources there are, by the key that names one.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    File,
    Sqlite,
    Postgres,
    Http,
}

impl Map {
    /// Makes the map of a table `[identity.NAME]`, unless it is wrong; relative paths start at `base`. Says
    /// all that was found, each with its key below the table (empty for the table itself) and without a
    /// place.
    pub fn build(name: &str, settings: &MapSettings, base: &Path) -> (Option<Self>, Vec<(String, Diagnostic)>) {
        let mut builder = Builder { settings, base, found: Vec::new(), warned: Vec::new() };
        let caller = builder.columns("caller", &settings.caller);
        let upstream = builder.columns("upstream", &settings.upstream);
        let source = builder.kind().and_then(|kind| {
            builder.strangers(kind);
            let (caller, upstream) = (caller.as_ref()?, upstream.as_ref()?);
            builder.source(kind, caller, upstream)
        });
        let map = match (source, caller, upstream) {
            (Some(source), Some(caller), Some(upstream)) if builder.found.is_empty() => Some(Self {
                name: name.into(),
                caller,
                upstream,
                missing: settings.missing,
                outage: settings.outage,
                source,
            }),
            _ => None,
        };
        builder.found.append(&mut builder.warned);
        (map, builder.found)
    }
}

impl Builder<'_> {
    fn error(&mut self, key: impl Into<String>, message: impl Into<String>, label: &str, remedy: impl Into<String>) {
        self.found.push((key.into(), Diagnostic::error(message).label(label).remedy(remedy)));
    }

    fn columns(&mut self, side: &str, settings: &BTreeMap<String, String>) -> Option<Columns> {
        let mut columns = Vec::new();
        for (name, column) in settings {
            match NAMES.into_iter().find(|member| member.name() == name) {
                Some(member) => columns.push((member, column.clone())),
                None => {
                    let remedy = match nearest(name, NAMES.map(Member::name)) {
                        Some(near) => format!("did you mean `{near}`?"),
                        None => "the members that name a user are: user.id, user.email".to_owned(),
                    };
                    self.error(
                        format!("{side}.{name}"),
                        format!("`{name}` does not name a user"),
                        "this member",
                        remedy,
                    );
                }
            }
        }
        if settings.is_empty() {
            let remedy =
                "write the members that name the user there, each with its column: `{ \"user.id\" = \"old_id\" }`";
            self.error(side, format!("`{side}` names no member"), "empty", remedy);
        }
        (columns.len() == settings.len() && !columns.is_empty()).then_some(Columns(columns))
    }

    /// Which source it is, where that is clear, and whether the other keys go with it.
    fn kind(&mut self) -> Option<Kind> {
        let settings = self.settings;
        let given = [
            (settings.file.is_some(), "file", Kind::File),
            (settings.sqlite.is_some(), "sqlite", Kind::Sqlite),
            (settings.postgres.is_some(), "postgres", Kind::Postgres),
            (settings.url.is_some(), "url", Kind::Http),
        ];
        let mut given = given.into_iter().filter(|(is_given, ..)| *is_given);
        let remedy = "write one of `file = \"users.csv\"`, `sqlite = \"users.db\"`, `postgres = \"env:NAME\"` and `url = \"https://...\"`";
        let Some((_, _, kind)) = given.next() else {
            self.error("", "the map says nowhere where its answers come from", "this table", remedy);
            return None;
        };
        if let Some((_, key, _)) = given.next() {
            self.error(key, "a map has one source, and this one has more", "one too many", remedy);
            return None;
        }
        let is_sql = matches!(kind, Kind::Sqlite | Kind::Postgres);
        let strange = [
            ("query", settings.query.is_some() && !is_sql, "`sqlite` or `postgres`"),
            ("reverse", settings.reverse.is_some() && kind == Kind::File, "`sqlite`, `postgres` or `url`"),
            ("ca_file", settings.ca_file.is_some() && kind != Kind::Postgres, "`postgres`"),
            ("fields", !settings.fields.is_empty() && kind != Kind::Http, "`url`"),
            ("cache", settings.cache.is_some() && kind == Kind::File, "`sqlite`, `postgres` or `url`"),
        ];
        for (key, is_strange, of) in strange {
            if is_strange {
                self.error(key, format!("`{key}` goes with {of} alone"), "of no use here", "take it out");
            }
        }
        Some(kind)
    }

    /// A user nobody knows may only be named alike where it can be seen that nobody else is named so.
    fn strangers(&mut self, kind: Kind) {
        if self.settings.missing == Missing::Same && kind != Kind::File && self.settings.reverse.is_none() {
            let message =
                "`missing = \"same\"` needs `reverse`: without it, a name could be somebody else's at the upstream";
            self.error("missing", message, "this rule", "write `reverse` too, or `missing = \"refuse\"`");
        }
    }

    fn source(&mut self, kind: Kind, caller: &Columns, upstream: &Columns) -> Option<Source> {
        match kind {
            Kind::File => self.file(caller, upstream),
            Kind::Sqlite => self.sqlite(caller, upstream),
            Kind::Postgres => self.postgres(caller, upstream),
            Kind::Http => self.http(caller, upstream),
        }
    }

    fn file(&mut self, caller: &Columns, upstream: &Columns) -> Option<Source> {
        let file = self.settings.file.as_ref()?;
        match unchanged::read(&self.base.join(file), &file.display().to_string(), caller, upstream) {
            Ok(table) => Some(Source::File(table)),
            Err(problems) => {
                for Problem { message, remedy } in problems {
                    self.error("file", message, "this file", remedy);
                }
                None
            }
        }
    }

    fn parsed(&mut self, key: &str, query: Result<Query, BadQuery>) -> Option<Query> {
        match query {
            Ok(query) => Some(query),
            Err(BadQuery { message, remedy }) => {
                self.error(key, format!("`{key}` cannot be used: {message}"), "this value", remedy);
                None
            }
        }
    }

    fn cache(&self) -> Cache {
        Cache::new(self.settings.cache.unwrap_or_default())
    }
}

/// Both directions, where neither is broken.
fn both<Q>(
    forward: Option<Direction<Q>>,
    back: Option<Option<Direction<Q>>>,
) -> Option<(Direction<Q>, Option<Direction<Q>>)> {
    match (forward, back) {
        (Some(forward), None) => Some((forward, None)),
        (Some(forward), Some(Some(back))) => Some((forward, Some(back))),
        (None, _) | (Some(_), Some(None)) => None,
    }
}
