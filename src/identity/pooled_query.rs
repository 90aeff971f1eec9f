//! A query on a pool of database connections, with a deadline.

use std::time::Duration;

use tokio::time::timeout;

use crate::ceremony::Subject;
use crate::storage::blocking_pool::BlockingPool;

/// Runs a query on one of the connections. It is skipped if it is still queued at the deadline.
///
/// # Errors
/// Why there is no result in time.
pub(super) async fn pooled_query<S: Send + 'static>(
    pool: &BlockingPool<S>,
    time_limit: Duration,
    query: impl FnOnce(&mut S) -> Result<Option<Subject>, String> + Send + 'static,
) -> Result<Option<Subject>, String> {
    match timeout(time_limit, pool.run(move |connection| Ok(query(connection)))).await {
        Ok(Ok(found)) => found,
        Ok(Err(refusal)) => Err(refusal.reason.into_owned()),
        Err(_) => Err("it did not respond in time".to_owned()),
    }
}
