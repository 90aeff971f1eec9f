//! A key set that its issuer publishes, and changes: fetched when it is needed, and then shared, also
//! by all routes whose tokens it verifies.
//!
//! One fetch is under way at a time, on the worker that began it; whoever cannot do without it waits
//! for it. While the issuer cannot be reached, the last good set is kept for a day. Key ids that
//! nobody knows, which anybody can make up, cause no more than one fetch in half a minute.

use std::cell::RefCell;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::{Instant, timeout_at};
use tracing::warn;

use crate::caller_auth::key_set::{ASYMMETRIC, KeySet};
use crate::upstream::fetch::{InvalidDocumentUrl, RemoteDocument};

/// How long a fetch may take.
const FETCH_WITHIN: Duration = Duration::from_secs(5);
/// How long a key set may be, in bytes.
const MAX_BYTES: usize = 256 * 1024;
/// The least time from one fetch to the next, whatever callers send.
const FETCH_EVERY: Duration = Duration::from_secs(30);
/// How old a set may become before it is fetched anew, behind the back of whoever calls.
const REFRESH_AFTER: Duration = Duration::from_mins(10);
/// How old a set may be that is used at once. One gets older where nobody called, and who calls then
/// waits for the new one: a key may have been taken back since.
const WAIT_AFTER: Duration = Duration::from_mins(20);
/// How long the last good set is kept while the issuer cannot be reached.
const KEPT_FOR: Duration = Duration::from_hours(24);
/// How long a caller waits for a fetch. Longer than a fetch takes, so only for one whose worker stands still.
const WAIT_WITHIN: Duration = Duration::from_secs(6);

/// The sets of a plan, one for each address.
#[derive(Debug, Default)]
pub(crate) struct KeySets(RefCell<HashMap<String, FetchedKeys>>);

/// The set as all workers share it.
#[derive(Clone, Debug)]
pub(super) struct FetchedKeys(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    document: RemoteDocument,
    state: Mutex<State>,
    landed: watch::Sender<()>,
}

#[derive(Debug, Default)]
struct State {
    /// The last good set, and when its fetch began.
    set: Option<(Arc<KeySet>, Instant)>,
    /// When the last fetch began.
    begun: Option<Instant>,
    in_flight: bool,
    /// Whether the last fetch brought nothing: whoever can do without the next one does not wait for it.
    is_failing: bool,
}

/// A fetch under way. It lands when it is dropped, so also where its worker ends.
struct Flight {
    keys: Arc<Shared>,
    begun: Instant,
    brought: Option<KeySet>,
}

// ===== impl KeySets =====

impl KeySets {
    /// The set at an address, the same one for whoever else asks for it there; connects to nothing yet.
    pub(super) fn at(&self, address: &str) -> Result<FetchedKeys, InvalidDocumentUrl> {
        let mut sets = self.0.borrow_mut();
        if let Some(keys) = sets.get(address) {
            return Ok(keys.clone());
        }
        let keys = FetchedKeys::new(RemoteDocument::at(address, FETCH_WITHIN, MAX_BYTES)?);
        sets.insert(address.to_owned(), keys.clone());
        Ok(keys)
    }
}

// ===== impl FetchedKeys =====

impl FetchedKeys {
    fn new(document: RemoteDocument) -> Self {
        let (landed, _) = watch::channel(());
        Self(Arc::new(Shared { document, state: Mutex::default(), landed }))
    }

    /// The best set there is: one that is `enough` if that can be had. `None` without any.
    pub(super) async fn set(&self, enough: impl Fn(&KeySet) -> bool) -> Option<Arc<KeySet>> {
        let deadline = Instant::now() + WAIT_WITHIN;
        loop {
            // Before the look: a fetch that lands in between is not missed.
            let mut landed = self.0.landed.subscribe();
            let (set, shall_wait) = self.look(&enough);
            if !shall_wait || timeout_at(deadline, landed.changed()).await.is_err() {
                return set;
            }
        }
    }

    /// The set as it is, and whether it is better to wait for the fetch under way.
    fn look(&self, enough: impl Fn(&KeySet) -> bool) -> (Option<Arc<KeySet>>, bool) {
        let now = Instant::now();
        let mut state = self.0.lock();
        if state.set.as_ref().is_some_and(|(_, begun)| now.duration_since(*begun) > KEPT_FOR) {
            state.set = None;
        }
        let age = state.set.as_ref().filter(|(set, _)| enough(set)).map(|(_, begun)| now.duration_since(*begun));
        let is_due = state.begun.is_none_or(|begun| now.duration_since(begun) >= FETCH_EVERY);
        let starts = is_due && age.is_none_or(|age| age > REFRESH_AFTER);
        if starts {
            state.begin(now);
        }
        let is_needed = age.is_none_or(|age| age > WAIT_AFTER && !state.is_failing);
        let outcome = (state.set.as_ref().map(|(set, _)| set.clone()), is_needed && state.in_flight);
        drop(state);
        if starts {
            // Not carried by the caller: it may go away, and others wait. Without the lock: a runtime
            // that is shutting down drops the flight here and now.
            tokio::spawn(Flight { keys: self.0.clone(), begun: now, brought: None }.fly());
        }
        outcome
    }
}

// ===== impl State =====

impl State {
    fn begin(&mut self, now: Instant) {
        // An old failure says nothing of now.
        self.is_failing &= self.begun.is_some_and(|begun| now.duration_since(begun) <= WAIT_AFTER);
        self.begun = Some(now);
        self.in_flight = true;
    }
}

// ===== impl Shared =====

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        // Every change under this lock is whole, so a panic elsewhere has broken nothing.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

// ===== impl Flight =====

impl Flight {
    async fn fly(mut self) {
        match self.fetch().await {
            Ok(set) => self.brought = Some(set),
            Err(reason) => {
                let origin = self.keys.document.origin();
                warn!(origin, reason, "the key set for user tokens cannot be fetched");
            }
        }
    }

    async fn fetch(&self) -> Result<KeySet, String> {
        let text = self.keys.document.fetch().await.map_err(|failure| failure.to_string())?;
        // Which of them it takes, a route asks itself.
        KeySet::parse(&text, &ASYMMETRIC).map_err(|invalid| invalid.to_string())
    }
}

impl Drop for Flight {
    fn drop(&mut self) {
        let mut state = self.keys.lock();
        // A fetch whose worker stood still may land after the next one: it must not undo that.
        if state.begun == Some(self.begun) {
            state.in_flight = false;
            state.is_failing = self.brought.is_none();
            if let Some(set) = self.brought.take() {
                state.set = Some((Arc::new(set), self.begun));
            }
        }
        drop(state);
        self.keys.landed.send_replace(());
    }
}
