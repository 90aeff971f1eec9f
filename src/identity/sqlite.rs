//! A SQLite database that is asked for one user at a time, and never written.
//!
//! One thread has the connection, behind a bounded queue: SQLite blocks, and a runtime's thread serves
//! many others. A query that takes longer than its time is broken off, and one that nobody waits for
//! any more is not begun.

use std::path::Path;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use rusqlite::types::ValueRef;
use rusqlite::{Connection, OpenFlags, Row, params_from_iter};
use tokio::sync::oneshot;

use crate::ceremony::Subject;
use crate::identity::names::{Columns, name};
use crate::identity::query::Query;
use crate::model::member::Member;

/// How many questions may wait.
const QUEUE: usize = 256;
/// After so many of SQLite's own steps a query is asked whether its time is over.
const STEPS: i32 = 1000;

/// The database, as every worker asks it.
#[derive(Debug)]
pub(super) struct Sqlite {
    questions: SyncSender<Question>,
    timeout: Duration,
}

/// A query that was checked against the database.
#[derive(Clone, Debug)]
pub(super) struct Prepared {
    sql: String,
    members: Vec<Member>,
    columns: Columns,
}

struct Question {
    query: Arc<Prepared>,
    asked: Subject,
    until: Instant,
    answer: oneshot::Sender<Result<Option<Subject>, String>>,
}

/// A connection on its way to its thread.
pub(super) struct Opened {
    connection: Connection,
    until: Arc<Mutex<Option<Instant>>>,
}

// ===== impl Opened =====

impl Opened {
    /// Opens the file to read it.
    ///
    /// # Errors
    /// A sentence, where it is no database that can be read.
    pub(super) fn open(path: &Path, timeout: Duration) -> Result<Self, String> {
        let told = |error: &rusqlite::Error| reason(error);
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let mut connection = Connection::open_with_flags(path, flags).map_err(|error| told(&error))?;
        connection.busy_timeout(timeout).map_err(|error| told(&error))?;
        // The file is somebody else's: it may not call functions, and what is no database shows here.
        connection.pragma_update(None, "trusted_schema", "OFF").map_err(|error| told(&error))?;
        connection.query_row("SELECT count(*) FROM sqlite_schema", [], |_| Ok(())).map_err(|error| told(&error))?;
        let until = Arc::new(Mutex::new(None));
        let seen = until.clone();
        let is_late = move || {
            let until: Option<Instant> = *seen.lock().unwrap_or_else(PoisonError::into_inner);
            until.is_some_and(|until| Instant::now() > until)
        };
        connection.progress_handler(STEPS, Some(is_late)).map_err(|error| told(&error))?;
        Ok(Self { connection, until })
    }

    /// Checks a query.
    ///
    /// # Errors
    /// A sentence, where it cannot be run, would write, or lacks a column.
    pub(super) fn prepare(&self, query: &Query, columns: &Columns) -> Result<Prepared, String> {
        let sql = query.numbered('?');
        let statement = self.connection.prepare(&sql).map_err(|error| reason(&error))?;
        if !statement.readonly() {
            return Err("it would write, and a map only reads".to_owned());
        }
        let found: Vec<_> = statement.column_names().collect();
        if let Some((_, lacking)) = columns.0.iter().find(|(_, column)| !found.contains(&column.as_str())) {
            return Err(format!("its answer has no column `{lacking}`, only: {}", found.join(", ")));
        }
        Ok(Prepared { sql, members: query.members(), columns: columns.clone() })
    }

    /// Gives the connection to its thread, which ends when nobody can ask any more.
    ///
    /// # Errors
    /// A sentence, where there is no thread to be had.
    pub(super) fn start(self, timeout: Duration) -> Result<Sqlite, String> {
        let (questions, asked) = sync_channel(QUEUE);
        let thread = thread::Builder::new().name("identity".to_owned());
        thread.spawn(move || self.answer(&asked)).map_err(|error| format!("no thread can be started: {error}"))?;
        Ok(Sqlite { questions, timeout })
    }

    fn answer(&self, questions: &Receiver<Question>) {
        while let Ok(question) = questions.recv() {
            if question.answer.is_closed() {
                continue;
            }
            *self.until.lock().unwrap_or_else(PoisonError::into_inner) = Some(question.until);
            let found = self.find(&question.query, &question.asked);
            // Whoever asked may have gone meanwhile.
            let _ = question.answer.send(found);
        }
    }

    fn find(&self, query: &Prepared, asked: &Subject) -> Result<Option<Subject>, String> {
        let told = |error: rusqlite::Error| reason(&error);
        let mut statement = self.connection.prepare_cached(&query.sql).map_err(told)?;
        let names = query.members.iter().map(|member| name(asked, *member));
        let mut rows = statement.query(params_from_iter(names)).map_err(told)?;
        let Some(row) = rows.next().map_err(told)? else { return Ok(None) };
        let user = query.columns.subject(|_, column| text(row, column))?;
        match rows.next().map_err(told)? {
            None => Ok(user),
            Some(_) => Err("the answer has more than one row".to_owned()),
        }
    }
}

// ===== impl Sqlite =====

impl Sqlite {
    /// Asks.
    ///
    /// # Errors
    /// A sentence, where there is no answer in time.
    pub(super) async fn find(&self, query: &Arc<Prepared>, asked: Subject) -> Result<Option<Subject>, String> {
        let (answer, answered) = oneshot::channel();
        let question = Question { query: query.clone(), asked, until: Instant::now() + self.timeout, answer };
        self.questions.try_send(question).map_err(|_| "too many questions wait".to_owned())?;
        match tokio::time::timeout(self.timeout, answered).await {
            Ok(Ok(found)) => found,
            Ok(Err(_)) => Err("its thread has ended".to_owned()),
            Err(_) => Err("it did not answer in time".to_owned()),
        }
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
        ValueRef::Real(_) | ValueRef::Blob(_) => Err(format!("`{column}` is no text")),
    }
}

/// What SQLite says, without the text of a query.
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
    async fn one_row_is_a_user_and_several_are_none() {
        let (_folder, path) = database();
        let timeout = Duration::from_secs(5);
        let opened = Opened::open(&path, timeout).unwrap();
        let query = Arc::new(opened.prepare(&Query::sql(BY_ANY).unwrap(), &upstream()).unwrap());
        let sqlite = opened.start(timeout).unwrap();
        let find = async |id, email| sqlite.find(&query, user(id, email)).await;
        assert_eq!(find(Some("1"), None).await, Ok(Some(user(Some("n1"), None))));
        assert_eq!(find(None, Some("ada@a.example")).await, Ok(Some(user(Some("n1"), None))));
        assert_eq!(find(Some("9' OR 1=1 --"), None).await, Ok(None));
        assert_eq!(find(Some("4"), None).await, Ok(None), "a user without a name there");
        assert_eq!(find(None, Some("two@a.example")).await, Err("the answer has more than one row".to_owned()));
        assert_eq!(find(Some("5"), None).await, Err("`new` is no text".to_owned()));
        // What is written meanwhile is seen.
        Connection::open(&path).unwrap().execute("UPDATE users SET new = 'x' WHERE old = 1", []).unwrap();
        assert_eq!(find(Some("1"), None).await, Ok(Some(user(Some("x"), None))));
    }

    #[tokio::test]
    async fn a_query_that_does_not_end_is_broken_off_and_the_next_is_answered() {
        let (_folder, path) = database();
        let endless = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n)
                       SELECT max(i) AS new FROM n WHERE {user.id} IS NOT NULL";
        let opened = Opened::open(&path, Duration::from_millis(50)).unwrap();
        let endless = Arc::new(opened.prepare(&Query::sql(endless).unwrap(), &upstream()).unwrap());
        let query = Arc::new(opened.prepare(&Query::sql(BY_ANY).unwrap(), &upstream()).unwrap());
        let sqlite = opened.start(Duration::from_millis(50)).unwrap();
        assert!(sqlite.find(&endless, user(Some("1"), None)).await.is_err());
        let patient = Sqlite { questions: sqlite.questions.clone(), timeout: Duration::from_secs(30) };
        assert_eq!(patient.find(&query, user(Some("1"), None)).await, Ok(Some(user(Some("n1"), None))));
    }

    #[test]
    fn what_cannot_be_asked_is_told_before() {
        let (folder, path) = database();
        let opened = Opened::open(&path, Duration::from_secs(1)).unwrap();
        let told = |sql: &str| opened.prepare(&Query::sql(sql).unwrap(), &upstream()).unwrap_err();
        assert_eq!(told("SELECT new FROM people WHERE old = {user.id}"), "no such table: people");
        assert_eq!(told("SELECT old FROM users WHERE old = {user.id}"), "its answer has no column `new`, only: old");
        assert_eq!(
            told("DELETE FROM users WHERE old = {user.id} RETURNING new"),
            "it would write, and a map only reads"
        );
        assert!(Opened::open(&folder.path().join("none.db"), Duration::from_secs(1)).is_err());
        std::fs::write(folder.path().join("text.db"), "x".repeat(4096)).unwrap();
        assert!(Opened::open(&folder.path().join("text.db"), Duration::from_secs(1)).is_err());
    }
}
