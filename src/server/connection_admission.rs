//! Which connections are admitted: up to a maximum over all workers, and up to a maximum for one address.
//!
//! At the maximum, the connection of this worker that has been idle for longest is closed, so that idle connections
//! cannot keep new ones out. The order of idle connections is kept as sequence numbers: a request only stores one.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::hash::{BuildHasher as _, RandomState};
use std::net::IpAddr;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError, Weak};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use crate::base::keyed_counts::KeyedCounts;
use crate::gateway::client_key::AddressKey;
use crate::gateway::handler::{AddressLimits, Peer};

/// How long a new connection waits for the idle one that is closed for it.
const CLOSE_TIMEOUT: Duration = Duration::from_millis(100);
/// Entries of connections that have ended are removed when there are this many more than admitted ones.
const MAX_ENDED: usize = 1024;

/// Admits the connections of one listener or worker.
#[derive(Debug)]
pub(super) struct ConnectionAdmission {
    permits: Arc<Semaphore>,
    /// Counts the ends of requests on this worker.
    sequence: Arc<AtomicU64>,
    idle: Mutex<BinaryHeap<Reverse<Admitted>>>,
}

/// The connections of each address, over all workers.
#[derive(Debug)]
pub(super) struct AddressCounts {
    max: usize,
    counts: KeyedCounts,
    hasher: RandomState,
}

/// Counts towards the maximums until it is dropped, also after the connection was upgraded.
#[derive(Clone, Debug)]
pub(super) struct ConnectionPermit(Arc<PermitParts>);

#[derive(Debug)]
struct PermitParts {
    #[expect(dead_code, reason = "held, never read")]
    permit: OwnedSemaphorePermit,
    address: OnceLock<AddressPermit>,
    activity: Arc<Activity>,
}

#[derive(Debug)]
struct AddressPermit {
    addresses: Arc<AddressCounts>,
    key: u64,
}

/// What a connection is doing.
#[derive(Debug)]
pub(super) struct Activity {
    active: AtomicU32,
    /// Whether the last response is streamed or upgraded the connection. The next request ends it.
    is_streaming: AtomicBool,
    /// The sequence number of its beginning, or of the end of its last request.
    idle_since: AtomicU64,
    sequence: Arc<AtomicU64>,
    close: CancellationToken,
}

/// A request is active until it is dropped.
#[derive(Debug)]
pub(super) struct ActiveRequest(Arc<Activity>);

/// An admitted connection, in the order in which they became idle, as far as that is known.
#[derive(Debug)]
struct Admitted {
    idle_since: u64,
    activity: Weak<Activity>,
}

/// The address of a peer has too many connections.
#[derive(Clone, Copy, Debug)]
pub(super) struct TooManyOfAddress;

// ===== impl ConnectionAdmission =====

impl ConnectionAdmission {
    pub(super) fn new(permits: Arc<Semaphore>) -> Self {
        Self { permits, sequence: Arc::default(), idle: Mutex::default() }
    }

    /// Admits a connection, which `stop` closes too. `None` at the maximum, if no connection of this worker is idle.
    pub(super) async fn admit(&self, stop: &CancellationToken) -> Option<ConnectionPermit> {
        let permit = match self.permits.clone().try_acquire_owned() {
            Ok(permit) => permit,
            Err(_) => {
                self.close_longest_idle()?;
                timeout(CLOSE_TIMEOUT, self.permits.clone().acquire_owned()).await.ok()?.ok()?
            }
        };
        let idle_since = self.sequence.fetch_add(1, Ordering::Relaxed);
        let activity = Arc::new(Activity {
            active: AtomicU32::new(0),
            is_streaming: AtomicBool::new(false),
            idle_since: AtomicU64::new(idle_since),
            sequence: self.sequence.clone(),
            close: stop.child_token(),
        });
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        if idle.len() > MAX_ENDED && idle.len() == idle.capacity() {
            idle.retain(|Reverse(admitted)| admitted.activity.strong_count() > 0);
        }
        idle.push(Reverse(Admitted { idle_since, activity: Arc::downgrade(&activity) }));
        Some(ConnectionPermit(Arc::new(PermitParts { permit, address: OnceLock::new(), activity })))
    }

    /// Closes the connection that has been idle for longest.
    fn close_longest_idle(&self) -> Option<()> {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        let mut busy = Vec::new();
        let mut closed = None;
        while let Some(Reverse(Admitted { idle_since, activity: weak })) = idle.pop() {
            let Some(activity) = weak.upgrade() else { continue };
            let now = activity.idle_since();
            if !activity.is_idle() {
                busy.push(Reverse(Admitted { idle_since: now, activity: weak }));
            } else if now != idle_since {
                idle.push(Reverse(Admitted { idle_since: now, activity: weak }));
            } else {
                tracing::debug!("idle connection closed, max_connections reached");
                activity.close.cancel();
                closed = Some(());
                break;
            }
        }
        idle.extend(busy);
        closed
    }
}

// ===== impl AddressCounts =====

impl AddressCounts {
    /// At most `max` connections for each address. 0 is no limit.
    pub(super) fn new(max: usize) -> Arc<Self> {
        Arc::new(Self { max, counts: KeyedCounts::default(), hasher: RandomState::new() })
    }

    fn add(self: &Arc<Self>, address: IpAddr) -> Result<AddressPermit, TooManyOfAddress> {
        let key = self.hasher.hash_one(AddressKey::of(address));
        match self.counts.add(key, self.max) {
            true => Ok(AddressPermit { addresses: self.clone(), key }),
            false => Err(TooManyOfAddress),
        }
    }
}

impl Drop for AddressPermit {
    fn drop(&mut self) {
        self.addresses.counts.remove(self.key);
    }
}

// ===== impl ConnectionPermit =====

impl ConnectionPermit {
    /// Counts the connection as one of a peer.
    pub(super) fn count(&self, addresses: &Arc<AddressCounts>, peer: &Peer) -> Result<(), TooManyOfAddress> {
        if let Some(address) = peer.address
            && peer.limits == AddressLimits::Enforced
            && addresses.max > 0
        {
            let permit = addresses.add(address.ip())?;
            let _ = self.0.address.set(permit); // a connection has one peer
        }
        Ok(())
    }

    /// Cancelled when the server stops, or when the connection is closed for being idle.
    pub(super) fn close(&self) -> &CancellationToken {
        &self.0.activity.close
    }

    pub(super) fn activity(&self) -> Arc<Activity> {
        self.0.activity.clone()
    }
}

// ===== impl Activity =====

impl Activity {
    /// Begins a request.
    pub(super) fn begin(self: &Arc<Self>) -> ActiveRequest {
        // Relaxed: the counters guard no other memory.
        self.active.fetch_add(1, Ordering::Relaxed);
        self.is_streaming.store(false, Ordering::Relaxed);
        ActiveRequest(self.clone())
    }

    /// Changes when a request ends.
    pub(super) fn idle_since(&self) -> u64 {
        self.idle_since.load(Ordering::Relaxed)
    }

    pub(super) fn has_active_requests(&self) -> bool {
        self.active.load(Ordering::Relaxed) > 0
    }

    fn is_idle(&self) -> bool {
        !self.has_active_requests() && !self.is_streaming.load(Ordering::Relaxed)
    }
}

impl ActiveRequest {
    /// Its response is streamed and is still sent when the request ends.
    pub(super) fn is_streamed(&self) {
        self.0.is_streaming.store(true, Ordering::Relaxed);
    }
}

impl Drop for ActiveRequest {
    fn drop(&mut self) {
        let Activity { active, idle_since, sequence, .. } = &*self.0;
        idle_since.store(sequence.fetch_add(1, Ordering::Relaxed), Ordering::Relaxed);
        active.fetch_sub(1, Ordering::Relaxed);
    }
}

// ===== impl Admitted =====

impl Ord for Admitted {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.idle_since.cmp(&other.idle_since)
    }
}

impl PartialOrd for Admitted {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Admitted {
    fn eq(&self, other: &Self) -> bool {
        self.idle_since == other.idle_since
    }
}

impl Eq for Admitted {}

#[cfg(test)]
mod tests {
    use super::*;

    fn admission(max: usize) -> ConnectionAdmission {
        ConnectionAdmission::new(Arc::new(Semaphore::new(max)))
    }

    #[tokio::test(start_paused = true)]
    async fn longest_idle_connection_is_closed_for_a_new_one() {
        let (admission, stop) = (admission(3), CancellationToken::new());
        let first = admission.admit(&stop).await.unwrap();
        let second = admission.admit(&stop).await.unwrap();
        let third = admission.admit(&stop).await.unwrap();
        drop(first.activity().begin());
        let busy = third.activity().begin();
        // The second connection is closed, but it takes too long to end.
        assert!(admission.admit(&stop).await.is_none());
        let closed = |permit: &ConnectionPermit| permit.close().is_cancelled();
        assert_eq!([&first, &second, &third].map(closed), [false, true, false]);
        drop(second);
        let fourth = admission.admit(&stop).await.unwrap();
        assert!(admission.admit(&stop).await.is_none());
        assert_eq!([&first, &third, &fourth].map(closed), [true, false, false]);
        drop((busy, first));
        assert!(admission.admit(&stop).await.is_some());
    }

    #[tokio::test(start_paused = true)]
    async fn streaming_connection_is_not_closed() {
        let (admission, stop) = (admission(1), CancellationToken::new());
        let permit = admission.admit(&stop).await.unwrap();
        let request = permit.activity().begin();
        request.is_streamed();
        drop(request);
        assert!(admission.admit(&stop).await.is_none());
        assert!(!permit.close().is_cancelled());
        drop(permit.activity().begin());
        assert!(admission.admit(&stop).await.is_none());
        assert!(permit.close().is_cancelled());
    }

    #[tokio::test]
    async fn connections_of_an_address_are_counted_until_they_end() {
        let (admission, stop) = (admission(9), CancellationToken::new());
        let addresses = AddressCounts::new(2);
        let peer = |address: &str, limits| Peer { limits, ..Peer::new(address.parse().unwrap()) };
        let noisy = peer("[2001:db8::1]:1", AddressLimits::Enforced);
        let mut permits = Vec::new();
        for _ in 0..2 {
            let permit = admission.admit(&stop).await.unwrap();
            permit.count(&addresses, &noisy).unwrap();
            permits.push(permit);
        }
        let next = admission.admit(&stop).await.unwrap();
        assert!(next.count(&addresses, &peer("[2001:db8::2]:2", AddressLimits::Enforced)).is_err());
        assert!(next.count(&addresses, &peer("[2001:db8:0:1::1]:1", AddressLimits::Enforced)).is_ok());
        let observed = admission.admit(&stop).await.unwrap();
        assert!(observed.count(&addresses, &peer("[2001:db8::3]:3", AddressLimits::Observed)).is_ok());
        permits.pop();
        let again = admission.admit(&stop).await.unwrap();
        assert!(again.count(&addresses, &noisy).is_ok());
    }
}
