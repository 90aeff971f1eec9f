//! One connection, and the statements that were prepared on it.
//!
//! Names go in as text and come back as text. The server is told that nothing may be written and how
//! long a query may take. What it says of a query is told where that was checked; while a user is asked
//! for, only its code is, since its words may repeat a name.

use std::error::Error as _;
use std::io;
use std::time::Duration;

use tokio::time::{Instant, timeout_at};
use tokio_postgres::error::{DbError, SqlState};
use tokio_postgres::types::{FromSql, ToSql, Type};
use tokio_postgres::{Client, Error, NoTls, Statement};

use crate::ceremony::Subject;
use crate::identity::names::{Columns, name};
use crate::identity::postgres::address::{Address, Way};
use crate::identity::query::Query;
use crate::model::member::Member;

/// A query, and the columns that its answer must have.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Wanted {
    key: &'static str,
    sql: String,
    members: Vec<Member>,
    columns: Columns,
}

/// A connection.
pub(super) struct Session {
    client: Client,
    prepared: Vec<(String, Statement)>,
}

/// Why there is no answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Failure {
    /// The connection, or what was prepared on it, is no more: to be asked again on another.
    #[error("its connection ended")]
    Stale,
    /// Nothing came in time.
    #[error("it did not answer in time")]
    Late,
    /// There is no connection to be had.
    #[error("{0}")]
    Unreachable(String),
    /// It does not let us in, and will not.
    #[error("{0}")]
    Refused(String),
    /// It cannot answer this query.
    #[error("{}", .0.message)]
    Query(Unusable),
}

/// A query that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Unusable {
    pub(crate) key: &'static str,
    pub(crate) message: String,
}

// ===== impl Wanted =====

impl Wanted {
    /// The query of a key of the config.
    pub(crate) fn of(key: &'static str, query: &Query, columns: &Columns) -> Self {
        Self { key, sql: query.numbered('$'), members: query.members(), columns: columns.clone() }
    }

    fn unusable(&self, message: String) -> Failure {
        Failure::Query(Unusable { key: self.key, message })
    }

    /// Whether every column is there, once, as text.
    fn columns_of(&self, statement: &Statement) -> Result<(), Failure> {
        for (_, column) in &self.columns.0 {
            let mut found = statement.columns().iter().filter(|found| found.name() == column);
            let Some(first) = found.next() else {
                let all: Vec<_> = statement.columns().iter().map(tokio_postgres::Column::name).collect();
                return Err(self.unusable(format!("its answer has no column `{column}`, only: {}", all.join(", "))));
            };
            if found.next().is_some() {
                return Err(self.unusable(format!("its answer has two columns `{column}`")));
            }
            // A `character(n)` comes with blanks at its end.
            if *first.type_() == Type::BPCHAR || !<&str as FromSql<'_>>::accepts(first.type_()) {
                let message = format!(
                    "its column `{column}` is of type {} and a name is text: write `{column}::text AS {column}`",
                    first.type_()
                );
                return Err(self.unusable(message));
            }
        }
        Ok(())
    }
}

// ===== impl Session =====

impl Session {
    /// Opens one.
    pub(super) async fn open(address: &Address, patience: Duration, until: Instant) -> Result<Self, Failure> {
        let opening = async {
            // The connection itself is driven beside us, until the client is dropped or the server ends it.
            let client = match &address.way {
                Way::Plain => {
                    let (client, connection) = address.config.connect(NoTls).await?;
                    tokio::spawn(connection);
                    client
                }
                Way::Tls(tls) => {
                    let (client, connection) = address.config.connect(tls.clone()).await?;
                    tokio::spawn(connection);
                    client
                }
            };
            let milliseconds = patience.as_millis();
            client
                .batch_execute(&format!(
                    "SET default_transaction_read_only = on; SET statement_timeout = {milliseconds}"
                ))
                .await?;
            Ok::<_, Error>(client)
        };
        match timeout_at(until, opening).await {
            Ok(Ok(client)) => Ok(Self { client, prepared: Vec::new() }),
            Ok(Err(error)) => Err(not_opened(&error)),
            Err(_) => Err(Failure::Unreachable("no connection was made in time".to_owned())),
        }
    }

    pub(super) fn is_open(&self) -> bool {
        !self.client.is_closed()
    }

    /// A query as it was prepared here, which is done where it was not.
    pub(super) async fn statement(&mut self, wanted: &Wanted, until: Instant) -> Result<Statement, Failure> {
        if let Some((_, statement)) = self.prepared.iter().find(|(sql, _)| *sql == wanted.sql) {
            return Ok(statement.clone());
        }
        let types = vec![Type::TEXT; wanted.members.len()];
        let statement = match timeout_at(until, self.client.prepare_typed(&wanted.sql, &types)).await {
            Ok(Ok(statement)) => statement,
            Ok(Err(error)) if is_stale(&error) => return Err(Failure::Stale),
            Ok(Err(error)) => {
                let message = error.as_db_error().map_or_else(|| error.to_string(), |error| error.message().to_owned());
                return Err(wanted.unusable(message));
            }
            Err(_) => return Err(Failure::Late),
        };
        wanted.columns_of(&statement)?;
        self.prepared.push((wanted.sql.clone(), statement.clone()));
        Ok(statement)
    }

    /// Asks for one user. More than one row is no answer.
    pub(super) async fn find(
        &mut self,
        wanted: &Wanted,
        asked: &Subject,
        until: Instant,
    ) -> Result<Option<Subject>, Failure> {
        let statement = self.statement(wanted, until).await?;
        let names: Vec<_> = wanted.members.iter().map(|member| name(asked, *member)).collect();
        // No text of PostgreSQL holds it, and so no user's name does.
        if names.iter().flatten().any(|name| name.contains('\0')) {
            return Ok(None);
        }
        let names: Vec<&(dyn ToSql + Sync)> = names.iter().map(|name| name as &(dyn ToSql + Sync)).collect();
        let row = match timeout_at(until, self.client.query_opt(&statement, &names)).await {
            Ok(Ok(Some(row))) => row,
            Ok(Ok(None)) => return Ok(None),
            Ok(Err(error)) => return Err(not_answered(&error, wanted)),
            Err(_) => return Err(Failure::Late),
        };
        wanted.columns.subject(|_, column| row.try_get(column)).map_err(|error| not_answered(&error, wanted))
    }
}

fn not_opened(error: &Error) -> Failure {
    let Some(told) = error.as_db_error() else { return Failure::Unreachable(chain(error)) };
    match told.code() {
        &SqlState::INVALID_PASSWORD | &SqlState::INVALID_AUTHORIZATION_SPECIFICATION => {
            Failure::Refused("it does not accept the user and the password".to_owned())
        }
        &SqlState::INVALID_CATALOG_NAME => Failure::Refused("it has no such database".to_owned()),
        &SqlState::INSUFFICIENT_PRIVILEGE => Failure::Refused("the user may not use the database".to_owned()),
        code => Failure::Unreachable(format!("it lets nobody in, with SQLSTATE {}", code.code())),
    }
}

fn not_answered(error: &Error, wanted: &Wanted) -> Failure {
    match error.as_db_error() {
        _ if is_stale(error) => Failure::Stale,
        Some(told) if *told.code() == SqlState::QUERY_CANCELED => Failure::Late,
        Some(told) => wanted.unusable(format!("its query failed with SQLSTATE {}", told.code().code())),
        // The library has no other word for it; whatever else it is, is no answer either.
        None if error.source().is_none() => wanted.unusable("the answer has more than one row".to_owned()),
        None => wanted.unusable("its answer cannot be read".to_owned()),
    }
}

/// Whether a new connection may answer where this one did not: the server ended it, or somebody between
/// us and the server, or what was prepared on it is no longer good.
fn is_stale(error: &Error) -> bool {
    let is_of_connection = |told: &DbError| {
        let code = told.code();
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

/// All that an error says of itself.
fn chain(error: &Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        let told = error.to_string();
        if !text.contains(&told) {
            text = format!("{text}: {told}");
        }
        source = error.source();
    }
    text
}
