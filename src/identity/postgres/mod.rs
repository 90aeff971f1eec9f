//! A PostgreSQL database that is asked for one user at a time, and never written.
//!
//! One thread drives its few connections, behind a bounded queue, so that every worker may ask and none
//! has to live for another's answer. A connection is opened when it is needed and kept; what broke is
//! opened anew, and after a failure nobody tries again for a while. Every question has its deadline.

mod address;
mod pool;
mod session;
mod tls;

use std::io;
use std::sync::Arc;
use std::sync::mpsc::sync_channel;
use std::thread;
use std::time::Duration;

use tokio::runtime::{Builder, Runtime};
use tokio::sync::{Semaphore, mpsc, oneshot};
use tokio::time::{Instant, timeout};

use crate::ceremony::Subject;
pub(super) use crate::identity::postgres::address::{Address, InvalidAddress};
use crate::identity::postgres::pool::Pool;
pub(super) use crate::identity::postgres::session::{Failure, Wanted};

/// How many connections there are at most, and so how many questions are under way at once.
const CONNECTIONS: usize = 4;
/// How many questions may wait.
const QUEUE: usize = 256;

/// The database, as every worker asks it.
#[derive(Debug)]
pub(super) struct Postgres {
    questions: mpsc::Sender<Question>,
    timeout: Duration,
}

#[derive(Debug)]
struct Question {
    wanted: Arc<Wanted>,
    asked: Subject,
    until: Instant,
    answer: oneshot::Sender<Result<Option<Subject>, String>>,
}

impl Postgres {
    /// Starts its thread, and has these queries checked if the database answers in time; says what came
    /// of that. The thread ends when nobody can ask any more.
    ///
    /// # Errors
    /// Where there is no thread to be had.
    pub(super) fn start(
        address: Address,
        timeout: Duration,
        queries: Vec<Arc<Wanted>>,
    ) -> io::Result<(Self, Result<(), Failure>)> {
        let runtime = Builder::new_current_thread().enable_all().build()?;
        let (questions, asked) = mpsc::channel(QUEUE);
        let (told, checked) = sync_channel(1);
        let thread = thread::Builder::new().name("identity".to_owned());
        let pool = Pool::new(address, timeout);
        thread.spawn(move || {
            // Whoever waits for it is told at once where the thread ends before.
            let _ = told.send(runtime.block_on(check(&pool, &queries, timeout)));
            answer(&runtime, pool, asked);
        })?;
        let checked = checked.recv().unwrap_or_else(|_| Err(Failure::Unreachable("its thread has ended".to_owned())));
        Ok((Self { questions, timeout }, checked))
    }

    /// Asks.
    ///
    /// # Errors
    /// A sentence, where there is no answer in time.
    pub(super) async fn find(&self, wanted: &Arc<Wanted>, asked: Subject) -> Result<Option<Subject>, String> {
        let (answer, answered) = oneshot::channel();
        let question = Question { wanted: wanted.clone(), asked, until: Instant::now() + self.timeout, answer };
        self.questions.try_send(question).map_err(|_| "too many questions wait".to_owned())?;
        match timeout(self.timeout, answered).await {
            Ok(Ok(found)) => found,
            Ok(Err(_)) => Err("its thread has ended".to_owned()),
            Err(_) => Err("it did not answer in time".to_owned()),
        }
    }
}

async fn check(pool: &Pool, queries: &[Arc<Wanted>], patience: Duration) -> Result<(), Failure> {
    let mut session = pool.session().await?;
    let until = Instant::now() + patience;
    for query in queries {
        session.statement(query, until).await?;
    }
    pool.take_back(session);
    Ok(())
}

fn answer(runtime: &Runtime, pool: Pool, mut questions: mpsc::Receiver<Question>) {
    let (pool, places) = (Arc::new(pool), Arc::new(Semaphore::new(CONNECTIONS)));
    runtime.block_on(async move {
        while let Some(Question { wanted, asked, until, answer }) = questions.recv().await {
            let Ok(place) = places.clone().acquire_owned().await else { return };
            // Nobody waits for it any more.
            if answer.is_closed() {
                continue;
            }
            let pool = pool.clone();
            tokio::spawn(async move {
                let found = pool.find(&wanted, &asked, until).await.map_err(|failure| failure.to_string());
                // Whoever asked may have gone meanwhile.
                let _ = answer.send(found);
                drop(place);
            });
        }
    });
}
