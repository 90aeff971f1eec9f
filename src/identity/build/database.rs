//! Maps out of a database: the queries are prepared, so that the database itself says what is wrong.
//!
//! A file that is not there is a mistake. A server that cannot be asked at the moment is none: the
//! gateway starts, and callers are told until it is back.

use std::sync::Arc;

use secrecy::ExposeSecret as _;

use crate::base::diagnostic::Diagnostic;
use crate::identity::build::{Builder, both};
use crate::identity::map::{Both, Direction, Source};
use crate::identity::names::{Asks, Columns};
use crate::identity::postgres::{Address, Failure, InvalidAddress, Postgres, Wanted};
use crate::identity::query::Query;
use crate::identity::sqlite::{Opened, Prepared};

const GOOD_QUERY: &str = "write a SELECT that gives one row a user, with these columns";

impl Builder<'_> {
    pub(super) fn sqlite(&mut self, caller: &Columns, upstream: &Columns) -> Option<Source> {
        let path = self.settings.sqlite.as_ref()?;
        let timeout = self.settings.timeout_ms.millis();
        let (query, reverse) = self.queries("sqlite")?;
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
                self.error(key, message, "this query", GOOD_QUERY);
                None
            }
        }
    }

    /// What is to be asked, each way, where it can be read; `None` without a query.
    fn queries(&mut self, source: &str) -> Option<(Option<Query>, Option<Option<Query>>)> {
        let Some(text) = &self.settings.query else {
            let remedy = "write `query = \"SELECT new_id FROM users WHERE old_id = {user.id}\"`";
            self.error("", format!("the map has `{source}` and no `query`"), "this table", remedy);
            return None;
        };
        let query = self.parsed("query", Query::sql(text));
        Some((query, self.settings.reverse.as_ref().map(|text| self.parsed("reverse", Query::sql(text)))))
    }

    pub(super) fn postgres(&mut self, caller: &Columns, upstream: &Columns) -> Option<Source> {
        let queries = self.queries("postgres");
        let address = self.address();
        let (query, reverse) = queries?;
        let forward = query.map(|query| self.wanted("query", &query, upstream));
        let back = reverse.map(|reverse| reverse.map(|reverse| self.wanted("reverse", &reverse, caller)));
        let ((forward, back), address) = (both(forward, back)?, address?);
        let queries = [Some(&forward), back.as_ref()].into_iter().flatten().map(|direction| direction.query.clone());
        let (source, checked) = match Postgres::start(address, self.settings.timeout_ms.millis(), queries.collect()) {
            Ok(started) => started,
            Err(problem) => {
                let message = format!("no thread can be started: {problem}");
                self.error("postgres", message, "this database", "give the process more threads");
                return None;
            }
        };
        self.checked(checked);
        Some(Source::Postgres(Box::new(Both { source, forward, back })))
    }

    fn address(&mut self) -> Option<Address> {
        let reference = self.settings.postgres.as_ref()?;
        let text = match reference.resolve(self.base) {
            Ok(text) => text,
            Err(problem) => {
                self.error(
                    "postgres",
                    format!("`postgres` is missing: {problem}"),
                    "this reference",
                    reference.remedy(),
                );
                return None;
            }
        };
        let ca_file = self.settings.ca_file.as_ref().map(|file| self.base.join(file));
        match Address::parse(text.expose_secret(), ca_file.as_deref(), self.settings.timeout_ms.millis()) {
            Ok(address) => Some(address),
            Err(InvalidAddress::Tls(problem)) => {
                let key = if ca_file.is_some() { "ca_file" } else { "postgres" };
                self.error(
                    key,
                    format!("TLS cannot be spoken: {problem}"),
                    "this one",
                    "name a PEM file of certificate authorities as `ca_file`",
                );
                None
            }
            Err(problem) => {
                let remedy = "write it like `postgres://user:password@host/database`; to another machine TLS is \
                              spoken, unless it ends with `?sslmode=disable`";
                self.error("postgres", format!("{reference} holds {problem}"), "this reference", remedy);
                None
            }
        }
    }

    fn wanted(&self, key: &'static str, query: &Query, columns: &Columns) -> Direction<Arc<Wanted>> {
        let asks = Asks::AnyOf(query.members());
        Direction { query: Arc::new(Wanted::of(key, query, columns)), asks, cache: self.cache() }
    }

    /// What the database said of the queries, if it said anything.
    fn checked(&mut self, checked: Result<(), Failure>) {
        let Err(failure) = checked else { return };
        match failure {
            Failure::Query(unusable) => {
                let message = format!("`{}` cannot be used: {}", unusable.key, unusable.message);
                self.error(unusable.key, message, "this query", GOOD_QUERY);
            }
            Failure::Refused(problem) => {
                let message = format!("the database cannot be asked: {problem}");
                self.error("postgres", message, "this database", "name a user who may read there");
            }
            Failure::Unreachable(_) | Failure::Late | Failure::Stale => {
                let warning = Diagnostic::warning(format!("the database does not answer: {failure}"));
                let remedy = "see that it runs: until it answers, callers are told `identity_unavailable`";
                self.warned.push(("postgres".to_owned(), warning.label("this database").remedy(remedy)));
            }
        }
    }
}
