//! A SQLite database that is queried for one user at a time, and never written.
//!
//! One thread has the connection, behind a bounded queue, because SQLite blocks. A query that exceeds its time limit
//! is interrupted.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use rusqlite::types::ValueRef;
use rusqlite::{Connection, OpenFlags, Row, params_from_iter};

use crate::ceremony::Subject;
use crate::identity::names::{Columns, name};
use crate::identity::pooled_query::pooled_query;
use crate::identity::query::Query;
use crate::model::member::Member;
use crate::storage::blocking_pool::BlockingPool;

/// The number of SQLite instructions between two checks of the time limit.
const INSTRUCTIONS_PER_CHECK: i32 = 1000;

/// The database, shared by all workers.
#[derive(Debug)]
pub(super) struct Sqlite {
    pool: Arc<BlockingPool<OpenDatabase>>,
    timeout: Duration,
}

/// A query that was checked against the database.
#[derive(Clone, Debug)]
pub(super) struct Prepared {
    sql: String,
    members: Vec<Member>,
    columns: Columns,
}

/// A connection, before it is moved to its thread.
pub(super) struct OpenDatabase {
    connection: Connection,
    until: Arc<Mutex<Option<Instant>>>,
}

impl OpenDatabase {
    /// Opens the file read-only.
    ///
    /// # Errors
    /// If it is not a database that can be read.
    pub(super) fn open(path: &Path, timeout: Duration) -> Result<Self, String> {
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let mut connection = Connection::open_with_flags(path, flags).map_err(|error| reason(&error))?;
        connection.busy_timeout(timeout).map_err(|error| reason(&error))?;
        // The schema of the file is not trusted to call functions. The query fails if it is not a database.
        connection.pragma_update(None, "trusted_schema", "OFF").map_err(|error| reason(&error))?;
        connection.query_row("SELECT count(*) FROM sqlite_schema", [], |_| Ok(())).map_err(|error| reason(&error))?;
        let until = Arc::new(Mutex::new(None));
        let seen = until.clone();
        let is_late = move || {
            let until: Option<Instant> = *seen.lock().unwrap_or_else(PoisonError::into_inner);
            until.is_some_and(|until| Instant::now() > until)
        };
        connection.progress_handler(INSTRUCTIONS_PER_CHECK, Some(is_late)).map_err(|error| reason(&error))?;
        Ok(Self { connection, until })
    }

    /// Checks a query.
    ///
    /// # Errors
    /// If it is not valid, would write, or lacks a column.
    pub(super) fn prepare(&self, query: &Query, columns: &Columns) -> Result<Prepared, String> {
        let sql = query.numbered('?');
        let statement = self.connection.prepare(&sql).map_err(|error| reason(&error))?;
        if !statement.readonly() {
            return Err("it would write to the database".to_owned());
        }
        let found: Vec<_> = statement.column_names().collect();
        if let Some((_, lacking)) = columns.0.iter().find(|(_, column)| !found.contains(&column.as_str())) {
            return Err(format!("the result has no column `{lacking}`, only: {}", found.join(", ")));
        }
        Ok(Prepared { sql, members: query.members(), columns: columns.clone() })
    }

    /// Moves the connection to its thread, which ends on its own after the database is dropped.
    ///
    /// # Errors
    /// If no thread can be started.
    pub(super) fn start(self, timeout: Duration) -> Result<Sqlite, String> {
        let pool = BlockingPool::start(vec![self]).map_err(|error| format!("no thread can be started: {error}"))?;
        Ok(Sqlite { pool: Arc::new(pool.detached()), timeout })
    }

    fn find(&self, query: &Prepared, user: &Subject) -> Result<Option<Subject>, String> {
        let failed = |error: rusqlite::Error| reason(&error);
        let mut statement = self.connection.prepare_cached(&query.sql).map_err(failed)?;
        let names = query.members.iter().map(|member| name(user, *member));
        let mut rows = statement.query(params_from_iter(names)).map_err(failed)?;
        let Some(row) = rows.next().map_err(failed)? else { return Ok(None) };
        let found = query.columns.subject(|_, column| text(row, column))?;
        match rows.next().map_err(failed)? {
            None => Ok(found),
            Some(_) => Err("the result has more than one row".to_owned()),
        }
    }
}

impl Sqlite {
    /// Looks up a user.
    ///
    /// # Errors
    /// Why there is no result in time.
    pub(super) async fn find(&self, query: &Arc<Prepared>, user: Subject) -> Result<Option<Subject>, String> {
        let (query, until) = (query.clone(), Instant::now() + self.timeout);
        pooled_query(&self.pool, self.timeout, move |database| {
            *database.until.lock().unwrap_or_else(PoisonError::into_inner) = Some(until);
            database.find(&query, &user)
        })
        .await
    }
}

fn text(row: &Row<'_>, column: &str) -> Result<Option<String>, String> {
    match row.get_ref(column).map_err(|error| reason(&error))? {
        ValueRef::Null => Ok(None),
        ValueRef::Integer(number) => Ok(Some(number.to_string())),
        ValueRef::Text(text) => {
            let text = std::str::from_utf8(text).map_err(|_| format!("`{column}` is not in UTF-8"))?;
            Ok(Some(text.to_owned()))
        }
        ValueRef::Real(_) | ValueRef::Blob(_) => Err(format!("`{column}` is not a string")),
    }
}

/// The message of SQLite, without the text of the query.
fn reason(error: &rusqlite::Error) -> String {
    match error {
        rusqlite::Error::SqlInputError { msg, .. } => msg.clone(),
        error if error.sqlite_error_code() == Some(rusqlite::ErrorCode::OperationInterrupted) => {
            "it took too long".to_owned()
        }
        error => error.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn database() -> (tempfile::TempDir, std::path::PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("users.db");
        let connection = Connection::open(&path).unwrap();
        let rows = "CREATE TABLE users (old, new, mail); INSERT INTO users VALUES
                    (1, 'n1', 'ada@a.example'), ('2', 'n2', 'two@a.example'), ('3', 'n3', 'two@a.example'),
                    ('4', NULL, NULL), ('5', x'00', NULL)";
        connection.execute_batch(rows).unwrap();
        (folder, path)
    }

    fn upstream() -> Columns {
        Columns(vec![(Member::UserId, "new".to_owned())])
    }

    fn user(id: Option<&str>, email: Option<&str>) -> Subject {
        Subject { id: id.map(Into::into), email: email.map(Into::into) }
    }

    const BY_ANY: &str =
        "SELECT new FROM users WHERE old = CAST({user.id} AS INTEGER) OR old = {user.id} OR mail = {user.email}";

    #[tokio::test]
    async fn one_row_is_a_user_and_several_are_an_error() {
        let (_folder, path) = database();
        let timeout = Duration::from_secs(5);
        let opened = OpenDatabase::open(&path, timeout).unwrap();
        let query = Arc::new(opened.prepare(&Query::sql(BY_ANY).unwrap(), &upstream()).unwrap());
        let sqlite = opened.start(timeout).unwrap();
        let find = async |id, email| sqlite.find(&query, user(id, email)).await;
        assert_eq!(find(Some("1"), None).await, Ok(Some(user(Some("n1"), None))));
        assert_eq!(find(None, Some("ada@a.example")).await, Ok(Some(user(Some("n1"), None))));
        assert_eq!(find(Some("9' OR 1=1 --"), None).await, Ok(None));
        assert_eq!(find(Some("4"), None).await, Ok(None), "a user without a name at the upstream");
        assert_eq!(find(None, Some("two@a.example")).await, Err("the result has more than one row".to_owned()));
        assert_eq!(find(Some("5"), None).await, Err("`new` is not a string".to_owned()));
        // Changes by other processes are visible.
        Connection::open(&path).unwrap().execute("UPDATE users SET new = 'x' WHERE old = 1", []).unwrap();
        assert_eq!(find(Some("1"), None).await, Ok(Some(user(Some("x"), None))));
    }

    #[tokio::test]
    async fn endless_query_is_interrupted_and_the_next_one_runs() {
        let (_folder, path) = database();
        let endless = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n)
                       SELECT max(i) AS new FROM n WHERE {user.id} IS NOT NULL";
        let opened = OpenDatabase::open(&path, Duration::from_millis(50)).unwrap();
        let endless = Arc::new(opened.prepare(&Query::sql(endless).unwrap(), &upstream()).unwrap());
        let query = Arc::new(opened.prepare(&Query::sql(BY_ANY).unwrap(), &upstream()).unwrap());
        let sqlite = opened.start(Duration::from_millis(50)).unwrap();
        assert!(sqlite.find(&endless, user(Some("1"), None)).await.is_err());
        let patient = Sqlite { pool: sqlite.pool.clone(), timeout: Duration::from_secs(30) };
        assert_eq!(patient.find(&query, user(Some("1"), None)).await, Ok(Some(user(Some("n1"), None))));
    }

    #[test]
    fn invalid_queries_and_files_are_reported() {
        let (folder, path) = database();
        let opened = OpenDatabase::open(&path, Duration::from_secs(1)).unwrap();
        let problem = |sql: &str| opened.prepare(&Query::sql(sql).unwrap(), &upstream()).unwrap_err();
        assert_eq!(problem("SELECT new FROM people WHERE old = {user.id}"), "no such table: people");
        assert_eq!(problem("SELECT old FROM users WHERE old = {user.id}"), "the result has no column `new`, only: old");
        assert_eq!(problem("DELETE FROM users WHERE old = {user.id} RETURNING new"), "it would write to the database");
        assert!(OpenDatabase::open(&folder.path().join("none.db"), Duration::from_secs(1)).is_err());
        std::fs::write(folder.path().join("text.db"), "x".repeat(4096)).unwrap();
        assert!(OpenDatabase::open(&folder.path().join("text.db"), Duration::from_secs(1)).is_err());
    }
}
