//! The table of observed sign-ins by day, for the last thirty days.
//!
//! A sign-in is counted by what was known of its passkey before it. The first sign-in of a day deletes older rows.

use rusqlite::Connection;

use crate::storage::error::StoreError;

/// In seconds.
pub(crate) const DAY: i64 = 86_400;

/// In days.
pub(crate) const WINDOW: usize = 30;

/// The state of a passkey's key before a sign-in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum KeyKnowledge {
    /// The key: the sign-in could have been served here.
    Proven,
    /// A few candidates; this sign-in selects one.
    OneShort,
    /// Nothing.
    Unseen,
    /// Signatures of its algorithm do not reveal the key.
    NotLearnable,
}

/// A counter of sign-ins with another outcome.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum DayCounter {
    /// Accepted by the other upstream, but contradicts the directory.
    Mismatched,
    /// For another relying party or origin, or without a user.
    Ignored,
    /// Not recorded, because the queue was full or the directory failed.
    Dropped,
}

/// One day.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Day {
    /// Days since 1970.
    pub(crate) day: i64,
    /// Proven, one short, unseen, not learnable.
    pub(crate) sign_ins: [u64; 4],
    /// Users, in the same order.
    pub(crate) users: [u64; 4],
    pub(crate) mismatched: u64,
    pub(crate) ignored: u64,
    pub(crate) dropped: u64,
}

impl Day {
    /// Counts a sign-in. `first` is whether it is the user's first of the day.
    pub(crate) fn sign_in(
        connection: &Connection,
        day: i64,
        known: KeyKnowledge,
        first: bool,
    ) -> Result<(), StoreError> {
        let column = match known {
            KeyKnowledge::Proven => "proven",
            KeyKnowledge::OneShort => "one_short",
            KeyKnowledge::Unseen => "unseen",
            KeyKnowledge::NotLearnable => "not_learnable",
        };
        add(connection, day, &format!("{column}_sign_ins"), 1)?;
        if first { add(connection, day, &format!("{column}_users"), 1) } else { Ok(()) }
    }

    /// Adds to a counter.
    pub(crate) fn count(connection: &Connection, day: i64, counter: DayCounter, count: u64) -> Result<(), StoreError> {
        let column = match counter {
            DayCounter::Mismatched => "mismatched",
            DayCounter::Ignored => "ignored",
            DayCounter::Dropped => "dropped",
        };
        add(connection, day, column, count)
    }

    /// The last thirty days, the oldest first.
    pub(crate) fn all(connection: &Connection, today: i64) -> Result<Vec<Self>, StoreError> {
        let sql = "SELECT day, proven_sign_ins, one_short_sign_ins, unseen_sign_ins, not_learnable_sign_ins,
                       proven_users, one_short_users, unseen_users, not_learnable_users,
                       mismatched, ignored, dropped
                   FROM observed_days WHERE day > ?1 ORDER BY day";
        let mut statement = connection.prepare_cached(sql)?;
        let days = statement.query_map([last_expired(today)], |row| {
            let count = |column| row.get::<_, i64>(column).map(|count| u64::try_from(count).unwrap_or(0));
            Ok(Self {
                day: row.get(0)?,
                sign_ins: [count(1)?, count(2)?, count(3)?, count(4)?],
                users: [count(5)?, count(6)?, count(7)?, count(8)?],
                mismatched: count(9)?,
                ignored: count(10)?,
                dropped: count(11)?,
            })
        })?;
        Ok(days.collect::<Result<_, _>>()?)
    }
}

/// The last day before the window.
fn last_expired(today: i64) -> i64 {
    today - i64::try_from(WINDOW).expect("the window is short")
}

/// `column` must be a column of the table, never input.
fn add(connection: &Connection, day: i64, column: &str, count: u64) -> Result<(), StoreError> {
    let count = i64::try_from(count).unwrap_or(i64::MAX);
    let new = connection.prepare_cached("INSERT OR IGNORE INTO observed_days (day) VALUES (?1)")?.execute([day])?;
    if new == 1 {
        connection.prepare_cached("DELETE FROM observed_days WHERE day <= ?1")?.execute([last_expired(day)])?;
    }
    let sql = format!("UPDATE observed_days SET {column} = {column} + ?2 WHERE day = ?1");
    connection.prepare_cached(&sql)?.execute((day, count))?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::relying_party::directory::tests::temporary;

    #[test]
    fn sign_ins_are_counted_by_day_and_old_days_deleted() {
        let (_place, store) = temporary();
        let connection = store.connection();
        for (day, known, first) in [
            (100, KeyKnowledge::Unseen, true),
            (100, KeyKnowledge::OneShort, false),
            (101, KeyKnowledge::Proven, true),
            (101, KeyKnowledge::NotLearnable, true),
        ] {
            Day::sign_in(connection, day, known, first).unwrap();
        }
        for (what, count) in [(DayCounter::Mismatched, 1), (DayCounter::Ignored, 2), (DayCounter::Dropped, 3)] {
            Day::count(connection, 101, what, count).unwrap();
        }
        let before = Day { day: 100, sign_ins: [0, 1, 1, 0], users: [0, 0, 1, 0], ..Day::default() };
        let after =
            Day { day: 101, sign_ins: [1, 0, 0, 1], users: [1, 0, 0, 1], mismatched: 1, ignored: 2, dropped: 3 };
        assert_eq!(Day::all(connection, 101).unwrap(), [before, after]);
        Day::sign_in(connection, 130, KeyKnowledge::Proven, true).unwrap();
        let kept: Vec<_> = Day::all(connection, 130).unwrap().iter().map(|day| day.day).collect();
        assert_eq!(kept, [101, 130]);
        let rows: i64 = connection.query_row("SELECT count(*) FROM observed_days", [], |row| row.get(0)).unwrap();
        assert_eq!(rows, 2);
    }
}
