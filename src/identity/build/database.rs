//! Maps from a database. Queries are prepared, so that the database itself checks them.
//!
//! A missing file is an error. A server that cannot be reached is a warning: the gateway starts, and requests are
//! refused until the server is available.

use std::sync::Arc;

use secrecy::ExposeSecret as _;

use crate::base::diagnostic::Diagnostic;
use crate::identity::build::{Builder, both};
use crate::identity::map::{CachedQuery, QuerySource, Source};
use crate::identity::names::{Columns, RequiredNames};
use crate::identity::postgres::{Address, CheckedQuery, Failure, InvalidAddress, Postgres};
use crate::identity::query::Query;
use crate::identity::sqlite::{OpenDatabase, Prepared};

const GOOD_QUERY: &str = "write a SELECT that returns one row per user, with the columns that `upstream` lists";

impl Builder<'_> {
    pub(super) fn sqlite(&mut self, caller: &Columns, upstream: &Columns) -> Option<Source> {
        let path = self.settings.sqlite.as_ref()?;
        let timeout = self.settings.timeout_ms.millis();
        let (query, reverse) = self.queries("sqlite")?;
        let opened = match OpenDatabase::open(&self.base.join(path), timeout) {
            Ok(opened) => opened,
            Err(problem) => {
                let message = format!("`{}` cannot be read as a SQLite database: {problem}", path.display());
                self.error("sqlite", message, "this file", "name an existing SQLite database");
                return None;
            }
        };
        let forward = query.and_then(|query| self.prepared(&opened, "query", &query, upstream));
        let back = reverse.map(|reverse| self.prepared(&opened, "reverse", &reverse?, caller));
        let (forward, back) = both(forward, back)?;
        match opened.start(timeout) {
            Ok(database) => Some(Source::Sqlite(Box::new(QuerySource { source: database, forward, back }))),
            Err(problem) => {
                self.error("sqlite", problem, "this file", "raise the thread limit of the process");
                None
            }
        }
    }

    fn prepared(
        &mut self,
        opened: &OpenDatabase,
        key: &str,
        query: &Query,
        columns: &Columns,
    ) -> Option<CachedQuery<Arc<Prepared>>> {
        match opened.prepare(query, columns) {
            Ok(prepared) => {
                let required = RequiredNames::AnyOf(query.members());
                Some(CachedQuery { query: Arc::new(prepared), required, cache: self.cache() })
            }
            Err(problem) => {
                let message = format!("`{key}` is not valid: {problem}");
                self.error(key, message, "this query", GOOD_QUERY);
                None
            }
        }
    }

    /// The queries of both directions; `None` without `query`.
    fn queries(&mut self, source: &str) -> Option<(Option<Query>, Option<Option<Query>>)> {
        let Some(text) = &self.settings.query else {
            let remedy = "write `query = \"SELECT new_id FROM users WHERE old_id = {user.id}\"`";
            self.error("", format!("the identity map has `{source}` but no `query`"), "this table", remedy);
            return None;
        };
        let query = self.parsed("query", Query::sql(text));
        Some((query, self.settings.reverse.as_ref().map(|text| self.parsed("reverse", Query::sql(text)))))
    }

    pub(super) fn postgres(&mut self, caller: &Columns, upstream: &Columns) -> Option<Source> {
        let queries = self.queries("postgres");
        let address = self.address();
        let (query, reverse) = queries?;
        let forward = query.map(|query| self.checked_query("query", &query, upstream));
        let back = reverse.map(|reverse| reverse.map(|reverse| self.checked_query("reverse", &reverse, caller)));
        let ((forward, back), address) = (both(forward, back)?, address?);
        let queries = [Some(&forward), back.as_ref()].into_iter().flatten().map(|direction| direction.query.clone());
        let (source, checked) =
            match Postgres::start(address, self.settings.timeout_ms.millis(), &queries.collect::<Vec<_>>()) {
                Ok(started) => started,
                Err(problem) => {
                    let message = format!("no thread can be started: {problem}");
                    self.error("postgres", message, "this database", "raise the thread limit of the process");
                    return None;
                }
            };
        self.report_check(checked);
        Some(Source::Postgres(Box::new(QuerySource { source, forward, back })))
    }

    fn address(&mut self) -> Option<Address> {
        let reference = self.settings.postgres.as_ref()?;
        let text = match reference.resolve(self.base) {
            Ok(text) => text,
            Err(problem) => {
                self.error(
                    "postgres",
                    format!("the connection string in `postgres` cannot be read: {problem}"),
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
                    format!("TLS cannot be set up: {problem}"),
                    "this value",
                    "set `ca_file` to a PEM file of certificate authorities",
                );
                None
            }
            Err(problem) => {
                let remedy = "for example: `postgres://user:password@host/database`; TLS is used for remote \
                              hosts unless it ends with `?sslmode=disable`";
                self.error("postgres", format!("{reference} has {problem}"), "this reference", remedy);
                None
            }
        }
    }

    fn checked_query(&self, key: &'static str, query: &Query, columns: &Columns) -> CachedQuery<Arc<CheckedQuery>> {
        let required = RequiredNames::AnyOf(query.members());
        CachedQuery { query: Arc::new(CheckedQuery::new(key, query, columns)), required, cache: self.cache() }
    }

    /// Reports the result of checking the queries.
    fn report_check(&mut self, checked: Result<(), Failure>) {
        let Err(failure) = checked else { return };
        match failure {
            Failure::Query(invalid) => {
                let message = format!("`{}` is not valid: {}", invalid.key, invalid.message);
                self.error(invalid.key, message, "this query", GOOD_QUERY);
            }
            Failure::Refused(problem) => {
                let message = format!("the database cannot be queried: {problem}");
                self.error("postgres", message, "this database", "use a user that is allowed to read the database");
            }
            Failure::Unreachable(_) | Failure::Late | Failure::Stale => {
                let warning = Diagnostic::warning(format!("the database is not available: {failure}"));
                let remedy = "start it; until it is available, requests are refused with `identity_unavailable`";
                self.warnings.push(("postgres".to_owned(), warning.label("this database").remedy(remedy)));
            }
        }
    }
}
