//! Refresh and session tokens: random text, of which the directory keeps the SHA-256.
//!
//! A refresh token is good once. Shown a second time it was stolen, from the user or by the user's
//! attacker, and which of both came first cannot be known: every token of that sign-in is forgotten.

use aws_lc_rs::digest::{SHA256, digest};
use rusqlite::{Connection, OptionalExtension, named_params};

use crate::relying_party::random;
use crate::relying_party::tokens::authentication::Authentication;
use crate::relying_party::tokens::grant::Grant;
use crate::storage::error::StoreError;

/// What a token is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Refresh,
    Session,
}

impl Kind {
    /// Tells the two apart at a glance, also for whoever finds one in a log.
    pub(crate) const fn prefix(self) -> &'static str {
        match self {
            Self::Refresh => "pbr_",
            Self::Session => "pbs_",
        }
    }

    const fn name(self) -> &'static str {
        match self {
            Self::Refresh => "refresh",
            Self::Session => "session",
        }
    }
}

/// A new token and what the directory shall remember with it. Purposefully not `Debug`: it is a secret.
pub(crate) struct OpaqueToken {
    pub(crate) token: String,
    kind: Kind,
    authentication: Authentication,
    user_id: String,
    expires_at: i64,
}

/// What the directory remembers of a refresh token that is good.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Refreshable {
    pub(crate) user_id: String,
    pub(crate) authentication: Authentication,
}

/// What became of a refresh token that was shown.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Shown {
    /// It is good, and used up by this.
    Good(Refreshable),
    /// It was used before: all tokens of its sign-in are forgotten now.
    DuplicateName,
    /// It is unknown, or too old.
    Unknown,
}

impl OpaqueToken {
    pub(crate) fn new(
        kind: Kind,
        authentication: &Authentication,
        user_id: &str,
        expires_at: i64,
    ) -> Result<Self, StoreError> {
        let token = random::secret(kind.prefix())?;
        let authentication = authentication.clone();
        Ok(Self { token, kind, authentication, user_id: user_id.to_owned(), expires_at })
    }

    /// Remembers the token, and forgets those that are too old.
    pub(crate) fn keep(&self, connection: &Connection, now: i64) -> Result<(), StoreError> {
        connection.prepare_cached("DELETE FROM opaque_tokens WHERE expires_at <= ?1")?.execute([now])?;
        let sql = "INSERT INTO opaque_tokens (hash, kind, family, user_id, client_id, scope, audience,
                       authenticated_at, ends_at, expires_at)
                   VALUES (:hash, :kind, :family, :user_id, :client_id, :scope, :audience,
                       :authenticated_at, :ends_at, :expires_at)";
        let Authentication { family, grant, at, ends_at } = &self.authentication;
        connection.prepare_cached(sql)?.execute(named_params! {
            ":hash": hash(&self.token),
            ":kind": self.kind.name(),
            ":family": family,
            ":user_id": self.user_id,
            ":client_id": grant.client_id,
            ":scope": grant.scope,
            ":audience": grant.audience,
            ":authenticated_at": at,
            ":ends_at": ends_at,
            ":expires_at": self.expires_at,
        })?;
        Ok(())
    }
}

/// Takes a refresh token; part of the caller's transaction, which must commit also when the answer
/// is [`Shown::DuplicateName`].
pub(crate) fn show_refresh(connection: &Connection, token: &str, now: i64) -> Result<Shown, StoreError> {
    let sql =
        "SELECT user_id, used_at, family, client_id, scope, audience, authenticated_at, ends_at FROM opaque_tokens
               WHERE hash = ?1 AND kind = 'refresh' AND expires_at > ?2";
    let found = connection.prepare_cached(sql)?.query_row((hash(token), now), |row| {
        let grant = Grant { client_id: row.get(3)?, scope: row.get(4)?, audience: row.get(5)? };
        let authentication = Authentication { family: row.get(2)?, grant, at: row.get(6)?, ends_at: row.get(7)? };
        Ok((Refreshable { user_id: row.get(0)?, authentication }, row.get::<_, Option<i64>>(1)?))
    });
    match found.optional()? {
        None => Ok(Shown::Unknown),
        Some((refreshable, Some(_))) => {
            let sql = "DELETE FROM opaque_tokens WHERE family = ?1";
            connection.prepare_cached(sql)?.execute([refreshable.authentication.family])?;
            Ok(Shown::DuplicateName)
        }
        Some((refreshable, None)) => {
            let sql = "UPDATE opaque_tokens SET used_at = ?1 WHERE hash = ?2";
            connection.prepare_cached(sql)?.execute((now, hash(token)))?;
            Ok(Shown::Good(refreshable))
        }
    }
}

/// Whether a refresh token is remembered, whatever became of it.
pub(crate) fn is_refresh(connection: &Connection, token: &str) -> Result<bool, StoreError> {
    let sql = "SELECT 1 FROM opaque_tokens WHERE hash = ?1 AND kind = 'refresh'";
    Ok(connection.prepare_cached(sql)?.exists([hash(token)])?)
}

/// Whose session a token is, if it is a good one.
pub(crate) fn session_user(connection: &Connection, token: &str, now: i64) -> Result<Option<String>, StoreError> {
    let sql = "SELECT user_id FROM opaque_tokens WHERE hash = ?1 AND kind = 'session' AND expires_at > ?2";
    Ok(connection.prepare_cached(sql)?.query_row((hash(token), now), |row| row.get(0)).optional()?)
}

fn hash(token: &str) -> [u8; 32] {
    digest(&SHA256, token.as_bytes()).as_ref().try_into().expect("SHA-256 has 32 bytes")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::relying_party::directory::tests::temporary;
    use crate::relying_party::directory::user::tests::ada;

    fn authentication() -> Authentication {
        let grant = Grant { client_id: Some("app".into()), ..Grant::default() };
        Authentication { family: [4; 16], grant, at: 1, ends_at: Some(100) }
    }

    fn token(kind: Kind, expires_at: i64) -> OpaqueToken {
        OpaqueToken::new(kind, &authentication(), "user_ada", expires_at).unwrap()
    }

    #[test]
    fn a_refresh_token_is_good_once_and_a_replay_ends_the_sign_in() {
        let (_place, store) = temporary();
        let connection = store.connection();
        ada().insert(connection).unwrap();
        let [first, second] = [token(Kind::Refresh, 100), token(Kind::Refresh, 100)];
        let session = token(Kind::Session, 100);
        for kept in [&first, &second, &session] {
            kept.keep(connection, 1).unwrap();
        }
        let show = |token: &OpaqueToken| show_refresh(connection, &token.token, 2).unwrap();
        assert!(matches!(show(&first), Shown::Good(good) if good.authentication == authentication()));
        assert_eq!(session_user(connection, &session.token, 2).unwrap().as_deref(), Some("user_ada"));
        assert_eq!([&first, &session].map(|token| is_refresh(connection, &token.token).unwrap()), [true, false]);
        assert_eq!(show(&first), Shown::DuplicateName);
        assert!(!is_refresh(connection, &first.token).unwrap());
        assert_eq!(show(&second), Shown::Unknown);
        assert_eq!(session_user(connection, &session.token, 2).unwrap(), None);
    }

    #[test]
    fn tokens_expire_and_are_swept() {
        let (_place, store) = temporary();
        let connection = store.connection();
        ada().insert(connection).unwrap();
        let old = token(Kind::Refresh, 100);
        old.keep(connection, 1).unwrap();
        assert_eq!(show_refresh(connection, &old.token, 100).unwrap(), Shown::Unknown);
        token(Kind::Session, 200).keep(connection, 100).unwrap();
        let kept: i64 = connection.query_row("SELECT count(*) FROM opaque_tokens", [], |row| row.get(0)).unwrap();
        assert_eq!(kept, 1);
    }

    #[test]
    fn one_kind_is_not_taken_for_the_other_and_no_token_is_stored() {
        let (place, store) = temporary();
        let connection = store.connection();
        ada().insert(connection).unwrap();
        let [refresh, session] = [token(Kind::Refresh, 100), token(Kind::Session, 100)];
        refresh.keep(connection, 1).unwrap();
        session.keep(connection, 1).unwrap();
        assert_eq!(session_user(connection, &refresh.token, 2).unwrap(), None);
        assert_eq!(show_refresh(connection, &session.token, 2).unwrap(), Shown::Unknown);
        drop(store);
        let file = std::fs::read(place.path().join("directory.db")).unwrap();
        assert!(!file.windows(40).any(|part| refresh.token.as_bytes().starts_with(part)));
    }
}
