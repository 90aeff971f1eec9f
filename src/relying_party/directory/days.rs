//! The last thirty days of observed sign-ins, one row a day.
//!
//! A row counts by what was known of the passkey when the sign-in came: what this relying party could have answered
//! on that day. Older rows go when a new day begins, so that there are never more than thirty.

use rusqlite::Connection;

use crate::storage::error::StoreError;

/// A day, in seconds.
pub(crate) const DAY: i64 = 86_400;

/// How many days are kept.
pub(crate) const WINDOW: usize = 30;

/// What was known of a passkey when it signed in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Known {
    /// Its key: it could have been served here.
    Proven,
    /// The few keys that it could be: this one decides.
    OneShort,
    /// Nothing.
    Unseen,
    /// That its signatures do not tell.
    NotLearnable,
}

/// What is counted beside that.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Aside {
    /// It was accepted there, and does not agree with what is known here.
    Mismatched,
    /// It was for another relying party or page, or of nobody, and nothing was made of it.
    Ignored,
    /// It came faster than it could be noted.
    Dropped,
}

/// One day.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Day {
    /// Days since 1970.
    pub(crate) day: i64,
    /// Proven, one short, unseen, not learnable.
    pub(crate) sign_ins: [u64; 4],
    /// The same of users.
    pub(crate) users: [u64; 4],
    pub(crate) mismatched: u64,
    pub(crate) ignored: u64,
    pub(crate) dropped: u64,
}

impl Day {
    /// Counts a sign-in of that day; `first` says that its user had none before on it.
    pub(crate) fn sign_in(connection: &Connection, day: i64, known: Known, first: bool) -> Result<(), StoreError> {
        let column = match known {
            Known::Proven => "proven",
            Known::OneShort => "one_short",
            Known::Unseen => "unseen",
            Known::NotLearnable => "not_learnable",
        };
        add(connection, day, &format!("{column}_sign_ins"), 1)?;
        if first { add(connection, day, &format!("{column}_users"), 1) } else { Ok(()) }
    }

    /// Counts what else there is to count.
    pub(crate) fn aside(connection: &Connection, day: i64, what: Aside, count: u64) -> Result<(), StoreError> {
        let column = match what {
            Aside::Mismatched => "mismatched",
            Aside::Ignored => "ignored",
            Aside::Dropped => "dropped",
        };
        add(connection, day, column, count)
    }

    /// The days that are kept, the oldest first.
    pub(crate) fn all(connection: &Connection, today: i64) -> Result<Vec<Self>, StoreError> {
        let sql = "SELECT day, proven_sign_ins, one_short_sign_ins, unseen_sign_ins, not_learnable_sign_ins,
                       proven_users, one_short_users, unseen_users, not_learnable_users,
                       mismatched, ignored, dropped
                   FROM observed_days WHERE day > ?1 ORDER BY day";
        let mut statement = connection.prepare_cached(sql)?;
        let days = statement.query_map([oldest(today)], |row| {
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

/// The last day that is not kept any more.
fn oldest(today: i64) -> i64 {
    today - i64::try_from(WINDOW).expect("the window is short")
}

/// `column` is one of the table's own, never from outside.
fn add(connection: &Connection, day: i64, column: &str, count: u64) -> Result<(), StoreError> {
    let count = i64::try_from(count).unwrap_or(i64::MAX);
    let new = connection.prepare_cached("INSERT OR IGNORE INTO observed_days (day) VALUES (?1)")?.execute([day])?;
    if new == 1 {
        connection.prepare_cached("DELETE FROM observed_days WHERE day <= ?1")?.execute([oldest(day)])?;
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
    fn a_day_counts_and_an_old_one_goes() {
        let (_place, store) = temporary();
        let connection = store.connection();
        for (day, known, first) in [
            (100, Known::Unseen, true),
            (100, Known::OneShort, false),
            (101, Known::Proven, true),
            (101, Known::NotLearnable, true),
        ] {
            Day::sign_in(connection, day, known, first).unwrap();
        }
        for (what, count) in [(Aside::Mismatched, 1), (Aside::Ignored, 2), (Aside::Dropped, 3)] {
            Day::aside(connection, 101, what, count).unwrap();
        }
        let before = Day { day: 100, sign_ins: [0, 1, 1, 0], users: [0, 0, 1, 0], ..Day::default() };
        let after =
            Day { day: 101, sign_ins: [1, 0, 0, 1], users: [1, 0, 0, 1], mismatched: 1, ignored: 2, dropped: 3 };
        assert_eq!(Day::all(connection, 101).unwrap(), [before, after]);
        Day::sign_in(connection, 130, Known::Proven, true).unwrap();
        let kept: Vec<_> = Day::all(connection, 130).unwrap().iter().map(|day| day.day).collect();
        assert_eq!(kept, [101, 130]);
        let rows: i64 = connection.query_row("SELECT count(*) FROM observed_days", [], |row| row.get(0)).unwrap();
        assert_eq!(rows, 2);
    }
}
