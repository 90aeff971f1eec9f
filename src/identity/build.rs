//! Making a map of its settings: everything that is wrong with them is found in one go.
//!
//! Files are read and queries prepared here, so that a mistake in them is told before a port is bound.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use ::http::{HeaderName, HeaderValue};
use secrecy::ExposeSecret as _;

use crate::canonical::member::Member;
use crate::diagnostic::{Diagnostic, nearest};
use crate::identity::cache::Cache;
use crate::identity::file;
use crate::identity::http::{Lookup, Service};
use crate::identity::map::{Both, Direction, Map, Source};
use crate::identity::names::{Asks, Columns, NAMES};
use crate::identity::query::{BadQuery, Query};
use crate::identity::settings::{MapSettings, Missing};
use crate::identity::sqlite::{Opened, Prepared};

/// The settings of a map, and what was found wrong with them so far, by key below its table.
struct Builder<'s> {
    settings: &'s MapSettings,
    base: &'s Path,
    found: Vec<(String, Diagnostic)>,
}

/// The sources there are, by the key that names one.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    File,
    Sqlite,
    Http,
}

impl Map {
    /// Makes the map of a table `[identity.NAME]`. Relative paths start at `base`.
    ///
    /// # Errors
    /// All that is wrong, each with its key below the table (empty for the table itself) and without a
    /// place.
    pub fn build(name: &str, settings: &MapSettings, base: &Path) -> Result<Self, Vec<(String, Diagnostic)>> {
        let mut builder = Builder { settings, base, found: Vec::new() };
        let caller = builder.columns("caller", &settings.caller);
        let upstream = builder.columns("upstream", &settings.upstream);
        let source = builder.kind().and_then(|kind| {
            builder.strangers(kind);
            let (caller, upstream) = (caller.as_ref()?, upstream.as_ref()?);
            builder.source(kind, caller, upstream)
        });
        match (source, caller, upstream) {
            (Some(source), Some(caller), Some(upstream)) if builder.found.is_empty() => Ok(Self {
                name: name.into(),
                caller,
                upstream,
                missing: settings.missing,
                outage: settings.outage,
                source,
            }),
            _ => Err(builder.found),
        }
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
            (settings.url.is_some(), "url", Kind::Http),
        ];
        let mut given = given.into_iter().filter(|(is_given, ..)| *is_given);
        let remedy = "write one of `file = \"users.csv\"`, `sqlite = \"users.db\"` and `url = \"https://...\"`";
        let Some((_, _, kind)) = given.next() else {
            self.error("", "the map says nowhere where its answers come from", "this table", remedy);
            return None;
        };
        if let Some((_, key, _)) = given.next() {
            self.error(key, "a map has one source, and this one has more", "one too many", remedy);
            return None;
        }
        let strange = [
            ("query", settings.query.is_some() && kind != Kind::Sqlite, "`sqlite`"),
            ("reverse", settings.reverse.is_some() && kind == Kind::File, "`sqlite` or `url`"),
            ("fields", !settings.fields.is_empty() && kind != Kind::Http, "`url`"),
            ("cache", settings.cache.is_some() && kind == Kind::File, "`sqlite` or `url`"),
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
            Kind::Http => self.http(caller, upstream),
        }
    }

    fn file(&mut self, caller: &Columns, upstream: &Columns) -> Option<Source> {
        let file = self.settings.file.as_ref()?;
        match file::read(&self.base.join(file), &file.display().to_string(), caller, upstream) {
            Ok(table) => Some(Source::File(Box::new(table))),
            Err(problems) => {
                for file::Problem { message, remedy } in problems {
                    self.error("file", message, "this file", remedy);
                }
                None
            }
        }
    }

    fn sqlite(&mut self, caller: &Columns, upstream: &Columns) -> Option<Source> {
        let path = self.settings.sqlite.as_ref()?;
        let timeout = self.settings.timeout_ms.millis();
        let Some(text) = &self.settings.query else {
            let remedy = "write `query = \"SELECT new_id FROM users WHERE old_id = {user.id}\"`";
            self.error("", "the map has `sqlite` and no `query`", "this table", remedy);
            return None;
        };
        let query = self.parsed("query", Query::sql(text));
        let reverse = self.settings.reverse.as_ref().map(|text| self.parsed("reverse", Query::sql(text)));
        let opened = match Opened::open(&self.base.join(path), timeout) {
            Ok(opened) => opened,
            Err(problem) => {
                let message = format!("`{}` cannot be read as a SQLite database: {problem}", path.display());
                self.error("sqlite", message, "this file", "name a database that is there");
                return None;
            }
        };
        let forward = query.and_then(|query| self.prepared(&opened, "query", &query, upstream));
        let back = reverse.map(|reverse| self.prepared(&opened, "reverse", &reverse?, caller));
        let (forward, back) = both(forward, back)?;
        match opened.start(timeout) {
            Ok(database) => Some(Source::Sqlite(Box::new(Both { source: database, forward, back }))),
            Err(problem) => {
                self.error("sqlite", problem, "this file", "give the process more threads");
                None
            }
        }
    }

    fn prepared(
        &mut self,
        opened: &Opened,
        key: &str,
        query: &Query,
        columns: &Columns,
    ) -> Option<Direction<Arc<Prepared>>> {
        match opened.prepare(query, columns) {
            Ok(prepared) => {
                let asks = Asks::AnyOf(query.members());
                Some(Direction { query: Arc::new(prepared), asks, cache: self.cache() })
            }
            Err(problem) => {
                let message = format!("`{key}` cannot be used: {problem}");
                self.error(key, message, "this query", "write a SELECT that gives one row a user, with these columns");
                None
            }
        }
    }

    fn http(&mut self, caller: &Columns, upstream: &Columns) -> Option<Source> {
        let url = self.settings.url.as_ref()?;
        let service = self.service();
        let forward = self.lookup("url", url, upstream);
        let back = self.settings.reverse.as_ref().map(|url| self.lookup("reverse", url, caller));
        let (forward, back) = both(forward, back)?;
        Some(Source::Http(Box::new(Both { source: service?, forward, back })))
    }

    fn lookup(&mut self, key: &str, url: &str, columns: &Columns) -> Option<Direction<Lookup>> {
        let address = self.parsed(key, Query::address(url))?;
        let asks = Asks::AllOf(address.members());
        match Lookup::at(address, columns, self.settings.timeout_ms.millis()) {
            Ok(query) => Some(Direction { query, asks, cache: self.cache() }),
            Err(problem) => {
                let message = format!("`{key}` cannot be asked: {problem}");
                self.error(key, message, "this address", "write it like `https://users.example.com/{user.id}`");
                None
            }
        }
    }

    fn service(&mut self) -> Option<Service> {
        let mut fields = Vec::new();
        for (name, reference) in &self.settings.fields {
            let key = format!("fields.{name}");
            let Ok(field) = name.parse::<HeaderName>() else {
                self.error(
                    key,
                    format!("`{name}` is no name of a header field"),
                    "this name",
                    "write one like `authorization`",
                );
                continue;
            };
            let value = reference.resolve(self.base);
            match value.as_ref().map(|secret| secret.expose_secret().parse::<HeaderValue>()) {
                Ok(Ok(value)) => fields.push((field, value)),
                Ok(Err(_)) => {
                    let message = format!("{reference} cannot stand in a header field");
                    self.error(key, message, "this reference", "write it in one line of visible letters");
                }
                Err(problem) => {
                    self.error(key, format!("`{name}` is missing: {problem}"), "this reference", reference.remedy());
                }
            }
        }
        (fields.len() == self.settings.fields.len()).then(|| Service::new(fields))
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
