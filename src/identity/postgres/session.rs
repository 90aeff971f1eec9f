//! A session with the server, and the statements prepared in it.
//!
//! Names are sent and returned as text. The session is read only and has a statement timeout. Server messages are
//! reported when a query is checked, but not when a user is looked up, because they may repeat a name; then only the
//! SQLSTATE is reported.

use std::error::Error as _;
use std::io;
use std::time::Duration;

use tokio::time::{Instant, timeout_at};
use tokio_postgres::error::{DbError, SqlState};
use tokio_postgres::types::{FromSql, ToSql, Type};
use tokio_postgres::{Client, Error, NoTls, Statement};

use crate::ceremony::Subject;
use crate::identity::names::{Columns, name};
use crate::identity::postgres::address::{Address, Transport};
use crate::identity::query::Query;
use crate::model::member::Member;

/// A query and the columns that its result must have.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct CheckedQuery {
    key: &'static str,
    sql: String,
    members: Vec<Member>,
    columns: Columns,
}

/// A session with the server.
pub(super) struct Session {
    client: Client,
    prepared: Vec<(String, Statement)>,
}

/// Why there is no result.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Failure {
    /// The connection or a prepared statement is no longer valid: to be repeated on a new connection.
    #[error("the connection was closed")]
    Stale,
    /// There was no response in time.
    #[error("it did not respond in time")]
    Late,
    /// The server cannot be reached.
    #[error("{0}")]
    Unreachable(String),
    /// The server refuses the login permanently.
    #[error("{0}")]
    Refused(String),
    /// The query failed.
    #[error("{}", .0.message)]
    Query(InvalidQuery),
}

/// A query that cannot be used, with its config key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct InvalidQuery {
    pub(crate) key: &'static str,
    pub(crate) message: String,
}

impl CheckedQuery {
    /// The query of a config key.
    pub(crate) fn new(key: &'static str, query: &Query, columns: &Columns) -> Self {
        Self { key, sql: query.numbered('$'), members: query.members(), columns: columns.clone() }
    }

    fn invalid(&self, message: String) -> Failure {
        Failure::Query(InvalidQuery { key: self.key, message })
    }

    /// Checks that the result has every column, once, as text.
    fn check_columns(&self, statement: &Statement) -> Result<(), Failure> {
        for (_, column) in &self.columns.0 {
            let mut found = statement.columns().iter().filter(|found| found.name() == column);
            let Some(first) = found.next() else {
                let all: Vec<_> = statement.columns().iter().map(tokio_postgres::Column::name).collect();
                return Err(self.invalid(format!("the result has no column `{column}`, only: {}", all.join(", "))));
            };
            if found.next().is_some() {
                return Err(self.invalid(format!("the result has two columns `{column}`")));
            }
            // `character(n)` is padded with blanks.
            if *first.type_() == Type::BPCHAR || !<&str as FromSql<'_>>::accepts(first.type_()) {
                let message = format!(
                    "the column `{column}` has type {}, not text: write `{column}::text AS {column}`",
                    first.type_()
                );
                return Err(self.invalid(message));
            }
        }
        Ok(())
    }
}

impl Session {
    /// Connects and prepares the session.
    pub(super) async fn open(address: &Address, statement_timeout: Duration, until: Instant) -> Result<Self, Failure> {
        let opening = async {
            // The connection is a task of its own, which ends when the client is dropped or the server closes it.
            let client = match &address.transport {
                Transport::Plain => {
                    let (client, connection) = address.config.connect(NoTls).await?;
                    tokio::spawn(connection);
                    client
                }
                Transport::Tls(tls) => {
                    let (client, connection) = address.config.connect(tls.clone()).await?;
                    tokio::spawn(connection);
                    client
                }
            };
            let milliseconds = statement_timeout.as_millis();
            client
                .batch_execute(&format!(
                    "SET default_transaction_read_only = on; SET statement_timeout = {milliseconds}"
                ))
                .await?;
            Ok::<_, Error>(client)
        };
        match timeout_at(until, opening).await {
            Ok(Ok(client)) => Ok(Self { client, prepared: Vec::new() }),
            Ok(Err(error)) => Err(connect_failure(&error)),
            Err(_) => Err(Failure::Unreachable("no connection in time".to_owned())),
        }
    }

    pub(super) fn is_open(&self) -> bool {
        !self.client.is_closed()
    }

    /// The prepared statement of a query; prepares it at first use.
    pub(super) async fn statement(&mut self, query: &CheckedQuery, until: Instant) -> Result<Statement, Failure> {
        if let Some((_, statement)) = self.prepared.iter().find(|(sql, _)| *sql == query.sql) {
            return Ok(statement.clone());
        }
        let types = vec![Type::TEXT; query.members.len()];
        let statement = match timeout_at(until, self.client.prepare_typed(&query.sql, &types)).await {
            Ok(Ok(statement)) => statement,
            Ok(Err(error)) if is_stale(&error) => return Err(Failure::Stale),
            Ok(Err(error)) => {
                let message = error.as_db_error().map_or_else(|| error.to_string(), |error| error.message().to_owned());
                return Err(query.invalid(message));
            }
            Err(_) => return Err(Failure::Late),
        };
        query.check_columns(&statement)?;
        self.prepared.push((query.sql.clone(), statement.clone()));
        Ok(statement)
    }

    /// Looks up a user. More than one row is a failure.
    pub(super) async fn find(
        &mut self,
        query: &CheckedQuery,
        user: &Subject,
        until: Instant,
    ) -> Result<Option<Subject>, Failure> {
        let statement = self.statement(query, until).await?;
        let names: Vec<_> = query.members.iter().map(|member| name(user, *member)).collect();
        // PostgreSQL text cannot contain NUL, so no user has such a name.
        if names.iter().flatten().any(|name| name.contains('\0')) {
            return Ok(None);
        }
        let names: Vec<&(dyn ToSql + Sync)> = names.iter().map(|name| name as &(dyn ToSql + Sync)).collect();
        let row = match timeout_at(until, self.client.query_opt(&statement, &names)).await {
            Ok(Ok(Some(row))) => row,
            Ok(Ok(None)) => return Ok(None),
            Ok(Err(error)) => return Err(query_failure(&error, query)),
            Err(_) => return Err(Failure::Late),
        };
        query.columns.subject(|_, column| row.try_get(column)).map_err(|error| query_failure(&error, query))
    }
}

fn connect_failure(error: &Error) -> Failure {
    let Some(reported) = error.as_db_error() else { return Failure::Unreachable(chain(error)) };
    match reported.code() {
        &SqlState::INVALID_PASSWORD | &SqlState::INVALID_AUTHORIZATION_SPECIFICATION => {
            Failure::Refused("the server refuses the user or the password".to_owned())
        }
        &SqlState::INVALID_CATALOG_NAME => Failure::Refused("the database does not exist".to_owned()),
        &SqlState::INSUFFICIENT_PRIVILEGE => Failure::Refused("the user is not allowed to use the database".to_owned()),
        code => Failure::Unreachable(format!("the server refuses connections, with SQLSTATE {}", code.code())),
    }
}

fn query_failure(error: &Error, query: &CheckedQuery) -> Failure {
    match error.as_db_error() {
        _ if is_stale(error) => Failure::Stale,
        Some(reported) if *reported.code() == SqlState::QUERY_CANCELED => Failure::Late,
        Some(reported) => query.invalid(format!("the query failed with SQLSTATE {}", reported.code().code())),
        // The only error of the library without a source and without a code.
        None if error.source().is_none() => query.invalid("the result has more than one row".to_owned()),
        None => query.invalid("the result cannot be read".to_owned()),
    }
}

/// Whether a new connection may help: the connection was closed, or a prepared statement is no longer valid.
fn is_stale(error: &Error) -> bool {
    let is_of_connection = |reported: &DbError| {
        let code = reported.code();
        code.code().starts_with("08")
            || [
                SqlState::ADMIN_SHUTDOWN,
                SqlState::CRASH_SHUTDOWN,
                SqlState::CANNOT_CONNECT_NOW,
                SqlState::IDLE_SESSION_TIMEOUT,
                SqlState::INVALID_SQL_STATEMENT_NAME,
                SqlState::DUPLICATE_PSTATEMENT,
                // "cached plan must not change result type"
                SqlState::FEATURE_NOT_SUPPORTED,
            ]
            .contains(code)
    };
    let is_broken = || error.source().is_some_and(|source| source.is::<io::Error>());
    error.is_closed() || error.as_db_error().map_or_else(is_broken, is_of_connection)
}

/// An error with its sources.
fn chain(error: &Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        let reason = error.to_string();
        if !text.contains(&reason) {
            text = format!("{text}: {reason}");
        }
        source = error.source();
    }
    text
}
