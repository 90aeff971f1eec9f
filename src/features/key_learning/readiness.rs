//! How many users of another upstream could sign in here.
//!
//! Two views of the last thirty days: what the active users could do now, and how many sign-ins of each day could have
//! been served then. Users without a sign-in for this relying party are in neither. Reads every observed passkey once.

use jiff::Timestamp;
use serde::Serialize;

use crate::relying_party::directory::Store;
use crate::relying_party::directory::days::{DAY, Day, WINDOW};
use crate::storage::error::StoreError;

/// The readiness of a relying party.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Readiness {
    /// Users who signed in within the last thirty days, by the current knowledge of the passkeys they used.
    pub active_users: Counts,
    /// Their sign-ins, by the current knowledge of the passkey.
    pub sign_ins: Counts,
    /// Passkeys with contradicting sign-ins, which are counted as unseen.
    pub contradicted: u64,
    /// Days with sign-ins, the oldest first.
    pub days: Vec<DayReadiness>,
}

/// The readiness of a day, by the knowledge before each sign-in.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct DayReadiness {
    /// The day in UTC, as `2026-01-31`.
    pub day: String,
    /// Users, by their first sign-in of the day.
    pub active_users: Counts,
    /// Sign-ins.
    pub sign_ins: Counts,
    /// Sign-ins that the other upstream accepted and this relying party would have refused.
    pub mismatched: u64,
    /// Sign-ins for another relying party or origin, or without a user.
    pub ignored: u64,
    /// Sign-ins that were not recorded.
    pub dropped: u64,
}

/// Counts by kind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Counts {
    /// The sum.
    pub total: u64,
    /// Can be served here.
    pub proven: u64,
    /// One more signature is needed.
    pub one_short: u64,
    /// Nothing is known of the passkeys.
    pub unseen: u64,
    /// The signatures do not reveal the key: Ed25519, RSA.
    pub not_learnable: u64,
    /// The share of the proven ones, from 0 to 1, rounded down to four digits; absent if the sum is 0.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub share: Option<f64>,
}

impl Readiness {
    /// Reads it from a directory.
    pub(crate) fn of(store: &Store, rp_id: &str, now: i64) -> Result<Self, StoreError> {
        let snapshot = store.connection().unchecked_transaction()?;
        let mut readiness = Self::default();
        let [mut users, mut sign_ins] = [[0_u64; 4]; 2];
        let sql = "SELECT user_id, state, last_seen_at, recent FROM observed_credentials
                   WHERE rp_id = ?1 AND last_seen_at >= ?2 ORDER BY user_id";
        let mut statement = snapshot.prepare_cached(sql)?;
        let mut rows = statement.query((rp_id, window(now)))?;
        let mut last: Option<(String, usize)> = None;
        while let Some(row) = rows.next()? {
            let (user_id, state): (String, String) = (row.get(0)?, row.get(1)?);
            let (seen, recent): (i64, [u8; WINDOW]) = (row.get(2)?, row.get(3)?);
            readiness.contradicted += u64::from(state == "contradicted");
            let kind = index(&state);
            // Days before the window are not counted.
            let days = usize::try_from(seen.div_euclid(DAY) - window(now).div_euclid(DAY) + 1).unwrap_or(0);
            sign_ins[kind] += recent[..days.min(WINDOW)].iter().map(|count| u64::from(*count)).sum::<u64>();
            last = Some(match last {
                Some((user, worst)) if user == user_id => (user, worst.max(kind)),
                other => {
                    count_user(other.as_ref(), &mut users);
                    (user_id, kind)
                }
            });
        }
        count_user(last.as_ref(), &mut users);
        readiness.active_users = Counts::of(users);
        readiness.sign_ins = Counts::of(sign_ins);
        readiness.days = Day::all(&snapshot, now.div_euclid(DAY))?.into_iter().map(DayReadiness::of).collect();
        Ok(readiness)
    }
}

/// The start of the last thirty days, including today.
pub(crate) fn window(now: i64) -> i64 {
    let days = i64::try_from(WINDOW).expect("the window is short");
    (now.div_euclid(DAY) - days + 1) * DAY
}

/// The index of a state in [`Counts::of`]. A user counts by the highest index of their passkeys.
fn index(state: &str) -> usize {
    match state {
        "proven" => 0,
        "candidates" => 1,
        "not_learnable" => 3,
        _ => 2,
    }
}

fn count_user(user: Option<&(String, usize)>, users: &mut [u64; 4]) {
    if let Some((_, kind)) = user {
        users[*kind] += 1;
    }
}

impl DayReadiness {
    fn of(day: Day) -> Self {
        let date = Timestamp::from_second(day.day.saturating_mul(DAY)).unwrap_or(Timestamp::UNIX_EPOCH);
        Self {
            day: date.strftime("%Y-%m-%d").to_string(),
            active_users: Counts::of(day.users),
            sign_ins: Counts::of(day.sign_ins),
            mismatched: day.mismatched,
            ignored: day.ignored,
            dropped: day.dropped,
        }
    }
}

impl Counts {
    /// In the order proven, one short, unseen, not learnable.
    fn of(kinds: [u64; 4]) -> Self {
        let [proven, one_short, unseen, not_learnable] = kinds;
        let total = kinds.iter().sum();
        #[expect(clippy::cast_precision_loss, reason = "there are fewer than 2^52 sign-ins")]
        let share = (total > 0).then(|| (proven as f64 / total as f64 * 10_000.0).floor() / 10_000.0);
        Self { total, proven, one_short, unseen, not_learnable, share }
    }
}
