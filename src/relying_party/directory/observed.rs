//! The table of passkeys observed at another upstream.
//!
//! It keeps the candidates of a passkey's key. A key that is proven moves to the credentials table; the row stays and
//! counts the sign-ins of the last thirty days, one saturating byte a day.

use rusqlite::{Connection, OptionalExtension, Row, named_params};

use crate::relying_party::directory::days::{DAY, Day, KeyKnowledge, WINDOW};
use crate::storage::error::StoreError;
use crate::webauthn::cose_key::CoseKey;

const COLUMNS: &str = "id, user_id, rp_id, state, candidates, signed, user_handle, sign_count, user_verified, \
                       backup_eligible, backup_state, first_seen_at, last_seen_at, recent, handle";

/// The length of an ES256 key in the encoding of [`CoseKey::es256`].
const KEY_LENGTH: usize = 77;

/// A passkey that signed in at another upstream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ObservedCredential {
    pub(crate) id: Vec<u8>,
    pub(crate) user_id: String,
    pub(crate) rp_id: String,
    pub(crate) state: KeyState,
    /// SHA-256 of the last signed bytes, because a replay proves nothing.
    pub(crate) signed: [u8; 32],
    pub(crate) user_handle: Option<Vec<u8>>,
    pub(crate) sign_count: u32,
    pub(crate) user_verified: bool,
    pub(crate) backup_eligible: bool,
    pub(crate) backup_state: bool,
    pub(crate) first_seen_at: i64,
    pub(crate) last_seen_at: i64,
    /// Sign-ins by day, backwards from the last one.
    pub(crate) recent: [u8; WINDOW],
    /// The other upstream's name of it.
    pub(crate) handle: Option<String>,
}

/// The state of the key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum KeyState {
    /// One signature was seen: the key is one of these.
    Candidates(Vec<CoseKey>),
    /// The credentials table has it, and the last sign-in agreed.
    Proven,
    /// Signatures of its algorithm do not reveal the key.
    NotLearnable,
    /// Sign-ins disagreed: two more must agree.
    Contradicted,
}

impl KeyState {
    fn name(&self) -> &'static str {
        match self {
            Self::Candidates(_) => "candidates",
            Self::Proven => "proven",
            Self::NotLearnable => "not_learnable",
            Self::Contradicted => "contradicted",
        }
    }

    fn candidates(&self) -> Vec<u8> {
        match self {
            Self::Candidates(keys) => keys.iter().flat_map(CoseKey::as_bytes).copied().collect(),
            Self::Proven | Self::NotLearnable | Self::Contradicted => Vec::new(),
        }
    }

    fn read(name: &str, candidates: &[u8]) -> Result<Self, StoreError> {
        let unreadable = || StoreError::Unreadable("observed credential");
        match name {
            "candidates" => {
                let keys = candidates.chunks(KEY_LENGTH).map(|key| CoseKey::parse(key).map_err(|_| unreadable()));
                keys.collect::<Result<_, _>>().map(Self::Candidates)
            }
            "proven" => Ok(Self::Proven),
            "not_learnable" => Ok(Self::NotLearnable),
            "contradicted" => Ok(Self::Contradicted),
            _ => Err(unreadable()),
        }
    }
}

impl ObservedCredential {
    pub(crate) fn by_id(connection: &Connection, id: &[u8]) -> Result<Option<Self>, StoreError> {
        let sql = format!("SELECT {COLUMNS} FROM observed_credentials WHERE id = ?1");
        let row = connection.prepare_cached(&sql)?.query_row([id], columns).optional()?;
        row.map(complete).transpose()
    }

    /// Inserts or replaces the row.
    pub(crate) fn put(&self, connection: &Connection) -> Result<(), StoreError> {
        let sql = "INSERT OR REPLACE INTO observed_credentials
                       (id, user_id, rp_id, state, candidates, signed, user_handle, sign_count, user_verified,
                        backup_eligible, backup_state, first_seen_at, last_seen_at, recent, handle)
                   VALUES (:id, :user_id, :rp_id, :state, :candidates, :signed, :user_handle, :sign_count,
                        :user_verified, :backup_eligible, :backup_state, :first_seen_at, :last_seen_at, :recent,
                        :handle)";
        connection.prepare_cached(sql)?.execute(named_params! {
            ":id": self.id,
            ":user_id": self.user_id,
            ":rp_id": self.rp_id,
            ":state": self.state.name(),
            ":candidates": self.state.candidates(),
            ":signed": self.signed,
            ":user_handle": self.user_handle,
            ":sign_count": self.sign_count,
            ":user_verified": self.user_verified,
            ":backup_eligible": self.backup_eligible,
            ":backup_state": self.backup_state,
            ":first_seen_at": self.first_seen_at,
            ":last_seen_at": self.last_seen_at,
            ":recent": self.recent,
            ":handle": self.handle,
        })?;
        Ok(())
    }

    /// Counts a sign-in.
    pub(crate) fn count(&mut self, now: i64) {
        let days = now.div_euclid(DAY) - self.last_seen_at.div_euclid(DAY);
        // After the clock was set back, the sign-in counts for the last day seen.
        let passed = usize::try_from(days.max(0)).unwrap_or(WINDOW).min(WINDOW);
        self.recent.rotate_right(passed % WINDOW);
        self.recent[..passed].fill(0);
        self.recent[0] = self.recent[0].saturating_add(1);
        self.last_seen_at = now.max(self.last_seen_at);
    }

    /// Counts a sign-in here, if the passkey was observed before.
    pub(crate) fn served_here(connection: &Connection, id: &[u8], now: i64) -> Result<(), StoreError> {
        let Some(mut row) = Self::by_id(connection, id)? else { return Ok(()) };
        let day = now.div_euclid(DAY);
        let first = !Self::user_was_seen(connection, &row.user_id, day)?;
        Day::sign_in(connection, day, KeyKnowledge::Proven, first)?;
        row.count(now);
        row.put(connection)
    }

    /// Whether a passkey of the user was seen on that day.
    pub(crate) fn user_was_seen(connection: &Connection, user_id: &str, day: i64) -> Result<bool, StoreError> {
        let sql = "SELECT EXISTS (SELECT 1 FROM observed_credentials WHERE user_id = ?1 AND last_seen_at >= ?2)";
        Ok(connection.prepare_cached(sql)?.query_row((user_id, day * DAY), |row| row.get(0))?)
    }

    /// Whether the user has a passkey here, and every passkey seen since `since` is proven.
    pub(crate) fn user_is_proven(
        connection: &Connection,
        user_id: &str,
        rp_id: &str,
        since: i64,
    ) -> Result<bool, StoreError> {
        let sql = "SELECT EXISTS (SELECT 1 FROM credentials WHERE user_id = ?1 AND rp_id = ?2)
                      AND NOT EXISTS (SELECT 1 FROM observed_credentials
                          WHERE user_id = ?1 AND rp_id = ?2 AND state <> 'proven' AND last_seen_at >= ?3)";
        Ok(connection.prepare_cached(sql)?.query_row((user_id, rp_id, since), |row| row.get(0))?)
    }

    /// The ids of the passkeys with that name at the other upstream.
    pub(crate) fn ids_of_handle(connection: &Connection, handle: &str) -> Result<Vec<Vec<u8>>, StoreError> {
        let sql = "SELECT id FROM observed_credentials WHERE handle = ?1";
        let mut statement = connection.prepare_cached(sql)?;
        let ids = statement.query_map([handle], |row| row.get(0))?;
        Ok(ids.collect::<Result<_, _>>()?)
    }

    /// Deletes the row.
    pub(crate) fn forget(connection: &Connection, id: &[u8]) -> Result<(), StoreError> {
        connection.prepare_cached("DELETE FROM observed_credentials WHERE id = ?1")?.execute([id])?;
        Ok(())
    }
}

/// The columns, with the state as text and bytes.
fn columns(row: &Row<'_>) -> rusqlite::Result<(ObservedCredential, String, Vec<u8>)> {
    let credential = ObservedCredential {
        id: row.get(0)?,
        user_id: row.get(1)?,
        rp_id: row.get(2)?,
        state: KeyState::Contradicted,
        signed: row.get(5)?,
        user_handle: row.get(6)?,
        sign_count: row.get(7)?,
        user_verified: row.get(8)?,
        backup_eligible: row.get(9)?,
        backup_state: row.get(10)?,
        first_seen_at: row.get(11)?,
        last_seen_at: row.get(12)?,
        recent: row.get(13)?,
        handle: row.get(14)?,
    };
    Ok((credential, row.get(3)?, row.get(4)?))
}

fn complete(
    (credential, state, candidates): (ObservedCredential, String, Vec<u8>),
) -> Result<ObservedCredential, StoreError> {
    Ok(ObservedCredential { state: KeyState::read(&state, &candidates)?, ..credential })
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::relying_party::directory::credential::tests::key_of_ada;
    use crate::relying_party::directory::tests::temporary;
    use crate::relying_party::directory::user::tests::ada;
    use crate::relying_party::tests::forger::Forger;

    pub(crate) fn seen_of_ada(state: KeyState) -> ObservedCredential {
        let mut recent = [0; WINDOW];
        recent[0] = 1;
        ObservedCredential {
            id: vec![1, 1, 1],
            user_id: "user_ada".into(),
            rp_id: "localhost".into(),
            state,
            signed: [3; 32],
            user_handle: Some(vec![4]),
            sign_count: 5,
            user_verified: true,
            backup_eligible: true,
            backup_state: false,
            first_seen_at: DAY,
            last_seen_at: DAY,
            recent,
            handle: Some("webauthn_1".into()),
        }
    }

    #[test]
    fn row_survives_the_round_trip() {
        let (_place, store) = temporary();
        let connection = store.connection();
        ada().insert(connection).unwrap();
        let keys =
            [Forger::new(&[1]), Forger::new(&[2])].map(|forger| CoseKey::parse(&forger.row().public_key).unwrap());
        for state in
            [KeyState::Candidates(keys.into()), KeyState::Proven, KeyState::NotLearnable, KeyState::Contradicted]
        {
            let row = seen_of_ada(state);
            row.put(connection).unwrap();
            assert_eq!(ObservedCredential::by_id(connection, &[1, 1, 1]).unwrap(), Some(row));
        }
        ObservedCredential::forget(connection, &[1, 1, 1]).unwrap();
        assert_eq!(ObservedCredential::by_id(connection, &[1, 1, 1]).unwrap(), None);
    }

    #[test]
    fn only_thirty_days_are_counted() {
        let mut row = seen_of_ada(KeyState::Proven);
        row.count(DAY + 5);
        assert_eq!(row.recent[..2], [2, 0]);
        row.count(3 * DAY);
        assert_eq!(row.recent[..4], [1, 0, 2, 0]);
        row.count(2 * DAY);
        assert_eq!((&row.recent[..4], row.last_seen_at), (&[2, 0, 2, 0][..], 3 * DAY), "the clock went back");
        row.count(31 * DAY);
        assert_eq!((row.recent[0], row.recent[28], row.recent[29]), (1, 2, 0));
        row.count(61 * DAY);
        assert_eq!(row.recent, [&[1][..], &[0; WINDOW - 1]].concat()[..]);
        for _ in 0..300 {
            row.count(61 * DAY);
        }
        assert_eq!(row.recent[0], u8::MAX);
    }

    #[test]
    fn user_with_an_unproven_passkey_is_not_proven() {
        let (_place, store) = temporary();
        let connection = store.connection();
        let proven = |since| ObservedCredential::user_is_proven(connection, "user_ada", "localhost", since).unwrap();
        ada().insert(connection).unwrap();
        assert!(!proven(0));
        key_of_ada().insert(connection).unwrap();
        assert!(proven(0));
        assert!(!ObservedCredential::user_is_proven(connection, "user_ada", "example.com", 0).unwrap());
        seen_of_ada(KeyState::Proven).put(connection).unwrap();
        assert!(proven(0));
        ObservedCredential { id: vec![2], ..seen_of_ada(KeyState::NotLearnable) }.put(connection).unwrap();
        assert!(!proven(DAY));
        assert!(proven(DAY + 1), "a passkey that was not seen for long does not count");
    }
}
