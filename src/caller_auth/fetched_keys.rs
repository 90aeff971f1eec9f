//! A key set published by an issuer: fetched when it is needed and shared by all routes that use it.
//!
//! There is at most one fetch at a time, on the worker that started it; requests that need the new set wait for it.
//! While the issuer cannot be reached, the last valid set is kept for a day. Unknown key ids, which anyone can make
//! up, cause at most one fetch every 30 seconds.

use std::cell::RefCell;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::{Instant, timeout_at};
use tracing::warn;

use crate::caller_auth::key_set::{ASYMMETRIC, KeySet};
use crate::upstream::fetch::{InvalidDocumentUrl, RemoteDocument};

/// The time limit of a fetch.
const FETCH_TIMEOUT: Duration = Duration::from_secs(5);
/// The maximum size of a key set.
const MAX_BYTES: usize = 256 * 1024;
/// The minimum time between two fetches.
const MIN_FETCH_INTERVAL: Duration = Duration::from_secs(30);
/// The age at which a set is fetched again in the background.
const REFRESH_AFTER: Duration = Duration::from_mins(10);
/// The age at which requests wait for the new set, because a key may have been revoked since. A set gets this old
/// if there were no requests.
const WAIT_AFTER: Duration = Duration::from_mins(20);
/// How long the last valid set is used while the issuer cannot be reached.
const MAX_AGE: Duration = Duration::from_hours(24);
/// How long a request waits for a fetch. Longer than the time limit of a fetch, in case its worker is blocked.
const WAIT_TIMEOUT: Duration = Duration::from_secs(6);

/// The key sets of a config by URL.
#[derive(Debug, Default)]
pub(crate) struct KeySets(RefCell<HashMap<String, FetchedKeys>>);

/// A key set, shared by all workers.
#[derive(Clone, Debug)]
pub(super) struct FetchedKeys(Arc<SharedSet>);

#[derive(Debug)]
struct SharedSet {
    document: RemoteDocument,
    state: Mutex<FetchState>,
    finished: watch::Sender<()>,
}

#[derive(Debug, Default)]
struct FetchState {
    /// The last valid set and the start of its fetch.
    set: Option<(Arc<KeySet>, Instant)>,
    /// The start of the last fetch.
    started: Option<Instant>,
    in_flight: bool,
    /// Whether the last fetch failed: then requests do not wait for the next one if the set they have is sufficient.
    is_failing: bool,
}

/// A fetch in progress. It finishes when it is dropped, so also if its worker ends.
struct Fetch {
    keys: Arc<SharedSet>,
    started: Instant,
    fetched: Option<KeySet>,
}

// ===== impl KeySets =====

impl KeySets {
    /// The set at a URL, shared by all routes with the same URL. Does not connect yet.
    pub(super) fn at(&self, address: &str) -> Result<FetchedKeys, InvalidDocumentUrl> {
        let mut sets = self.0.borrow_mut();
        if let Some(keys) = sets.get(address) {
            return Ok(keys.clone());
        }
        let keys = FetchedKeys::new(RemoteDocument::at(address, FETCH_TIMEOUT, MAX_BYTES)?);
        sets.insert(address.to_owned(), keys.clone());
        Ok(keys)
    }
}

// ===== impl FetchedKeys =====

impl FetchedKeys {
    fn new(document: RemoteDocument) -> Self {
        let (finished, _) = watch::channel(());
        Self(Arc::new(SharedSet { document, state: Mutex::default(), finished }))
    }

    /// The best available set: one that is `sufficient`, if there is one.
    pub(super) async fn set(&self, sufficient: impl Fn(&KeySet) -> bool) -> Option<Arc<KeySet>> {
        let deadline = Instant::now() + WAIT_TIMEOUT;
        loop {
            // Subscribed before the check, so that a fetch that finishes in between is not missed.
            let mut finished = self.0.finished.subscribe();
            let (set, should_wait) = self.current(&sufficient);
            if !should_wait || timeout_at(deadline, finished.changed()).await.is_err() {
                return set;
            }
        }
    }

    /// The current set, and whether to wait for the fetch in progress. Starts a fetch if one is due.
    fn current(&self, sufficient: impl Fn(&KeySet) -> bool) -> (Option<Arc<KeySet>>, bool) {
        let now = Instant::now();
        let mut state = self.0.lock();
        if state.set.as_ref().is_some_and(|(_, started)| now.duration_since(*started) > MAX_AGE) {
            state.set = None;
        }
        let age =
            state.set.as_ref().filter(|(set, _)| sufficient(set)).map(|(_, started)| now.duration_since(*started));
        let is_due = state.started.is_none_or(|started| now.duration_since(started) >= MIN_FETCH_INTERVAL);
        let starts = is_due && age.is_none_or(|age| age > REFRESH_AFTER);
        if starts {
            state.begin(now);
        }
        let is_needed = age.is_none_or(|age| age > WAIT_AFTER && !state.is_failing);
        let outcome = (state.set.as_ref().map(|(set, _)| set.clone()), is_needed && state.in_flight);
        drop(state);
        if starts {
            // A task of its own, because the request may be cancelled while others wait. Spawned without the lock,
            // because a runtime that is shutting down drops the task at once.
            tokio::spawn(Fetch { keys: self.0.clone(), started: now, fetched: None }.run());
        }
        outcome
    }
}

// ===== impl FetchState =====

impl FetchState {
    fn begin(&mut self, now: Instant) {
        // A failure too long ago is no longer significant.
        self.is_failing &= self.started.is_some_and(|started| now.duration_since(started) <= WAIT_AFTER);
        self.started = Some(now);
        self.in_flight = true;
    }
}

// ===== impl SharedSet =====

impl SharedSet {
    fn lock(&self) -> MutexGuard<'_, FetchState> {
        // Every change under this lock is atomic, so the state is consistent even after a panic.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

// ===== impl Fetch =====

impl Fetch {
    async fn run(mut self) {
        match self.fetch().await {
            Ok(set) => self.fetched = Some(set),
            Err(reason) => {
                let origin = self.keys.document.origin();
                warn!(origin, reason, "key set for user tokens cannot be fetched");
            }
        }
    }

    async fn fetch(&self) -> Result<KeySet, String> {
        let text = self.keys.document.fetch().await.map_err(|failure| failure.to_string())?;
        // Each route selects by its own algorithms later.
        KeySet::parse(&text, &ASYMMETRIC).map_err(|invalid| invalid.to_string())
    }
}

impl Drop for Fetch {
    fn drop(&mut self) {
        let mut state = self.keys.lock();
        // A fetch of a blocked worker may finish after a later one and must not overwrite its result.
        if state.started == Some(self.started) {
            state.in_flight = false;
            state.is_failing = self.fetched.is_none();
            if let Some(set) = self.fetched.take() {
                state.set = Some((Arc::new(set), self.started));
            }
        }
        drop(state);
        self.keys.finished.send_replace(());
    }
}
