//! Refresh and session tokens: random text, of which the directory keeps the SHA-256.
//!
//! A refresh token is valid once. A second use means that it was stolen, so all tokens of its sign-in are revoked.

use aws_lc_rs::digest::{SHA256, digest};
use rusqlite::{Connection, OptionalExtension, named_params};

use crate::relying_party::random;
use crate::relying_party::tokens::authentication::Authentication;
use crate::relying_party::tokens::grant::Grant;
use crate::storage::error::StoreError;

/// The kind of token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum OpaqueTokenKind {
    Refresh,
    Session,
}

impl OpaqueTokenKind {
    /// Makes the kind recognisable in the token.
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

/// A new token, and what the directory stores with it. Not `Debug`: it is a secret.
pub(crate) struct OpaqueToken {
    pub(crate) token: String,
    kind: OpaqueTokenKind,
    authentication: Authentication,
    user_id: String,
    expires_at: i64,
}

/// The sign-in of a valid refresh token.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct RefreshGrant {
    pub(crate) user_id: String,
    pub(crate) authentication: Authentication,
}

/// The result of using a refresh token.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum RefreshTokenUse {
    /// It is valid, and used up now.
    Valid(RefreshGrant),
    /// It was used before: all tokens of its sign-in are revoked now.
    Reused,
    /// It is unknown or has expired.
    Unknown,
}

impl OpaqueToken {
    pub(crate) fn new(
        kind: OpaqueTokenKind,
        authentication: &Authentication,
        user_id: &str,
        expires_at: i64,
    ) -> Result<Self, StoreError> {
        let token = random::secret(kind.prefix())?;
        let authentication = authentication.clone();
        Ok(Self { token, kind, authentication, user_id: user_id.to_owned(), expires_at })
    }

    /// Stores the token, and deletes expired ones.
    pub(crate) fn store(&self, connection: &Connection, now: i64) -> Result<(), StoreError> {
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

/// Uses a refresh token; part of the caller's transaction, which must commit even when the result is
/// [`RefreshTokenUse::Reused`].
pub(crate) fn use_refresh_token(connection: &Connection, token: &str, now: i64) -> Result<RefreshTokenUse, StoreError> {
    let sql =
        "SELECT user_id, used_at, family, client_id, scope, audience, authenticated_at, ends_at FROM opaque_tokens
               WHERE hash = ?1 AND kind = 'refresh' AND expires_at > ?2";
    let found = connection.prepare_cached(sql)?.query_row((hash(token), now), |row| {
        let grant = Grant { client_id: row.get(3)?, scope: row.get(4)?, audience: row.get(5)? };
        let authentication = Authentication { family: row.get(2)?, grant, at: row.get(6)?, ends_at: row.get(7)? };
        Ok((RefreshGrant { user_id: row.get(0)?, authentication }, row.get::<_, Option<i64>>(1)?))
    });
    match found.optional()? {
        None => Ok(RefreshTokenUse::Unknown),
        Some((refreshable, Some(_))) => {
            let sql = "DELETE FROM opaque_tokens WHERE family = ?1";
            connection.prepare_cached(sql)?.execute([refreshable.authentication.family])?;
            Ok(RefreshTokenUse::Reused)
        }
        Some((refreshable, None)) => {
            let sql = "UPDATE opaque_tokens SET used_at = ?1 WHERE hash = ?2";
            connection.prepare_cached(sql)?.execute((now, hash(token)))?;
            Ok(RefreshTokenUse::Valid(refreshable))
        }
    }
}

/// Whether a refresh token is stored, used or not.
pub(crate) fn is_refresh(connection: &Connection, token: &str) -> Result<bool, StoreError> {
    let sql = "SELECT 1 FROM opaque_tokens WHERE hash = ?1 AND kind = 'refresh'";
    Ok(connection.prepare_cached(sql)?.exists([hash(token)])?)
}

/// The user of a valid session token.
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

    fn token(kind: OpaqueTokenKind, expires_at: i64) -> OpaqueToken {
        OpaqueToken::new(kind, &authentication(), "user_ada", expires_at).unwrap()
    }

    #[test]
    fn refresh_token_is_valid_once_and_a_replay_revokes_the_sign_in() {
        let (_place, store) = temporary();
        let connection = store.connection();
        ada().insert(connection).unwrap();
        let [first, second] = [token(OpaqueTokenKind::Refresh, 100), token(OpaqueTokenKind::Refresh, 100)];
        let session = token(OpaqueTokenKind::Session, 100);
        for kept in [&first, &second, &session] {
            kept.store(connection, 1).unwrap();
        }
        let show = |token: &OpaqueToken| use_refresh_token(connection, &token.token, 2).unwrap();
        assert!(matches!(show(&first), RefreshTokenUse::Valid(good) if good.authentication == authentication()));
        assert_eq!(session_user(connection, &session.token, 2).unwrap().as_deref(), Some("user_ada"));
        assert_eq!([&first, &session].map(|token| is_refresh(connection, &token.token).unwrap()), [true, false]);
        assert_eq!(show(&first), RefreshTokenUse::Reused);
        assert!(!is_refresh(connection, &first.token).unwrap());
        assert_eq!(show(&second), RefreshTokenUse::Unknown);
        assert_eq!(session_user(connection, &session.token, 2).unwrap(), None);
    }

    #[test]
    fn expired_tokens_are_deleted() {
        let (_place, store) = temporary();
        let connection = store.connection();
        ada().insert(connection).unwrap();
        let old = token(OpaqueTokenKind::Refresh, 100);
        old.store(connection, 1).unwrap();
        assert_eq!(use_refresh_token(connection, &old.token, 100).unwrap(), RefreshTokenUse::Unknown);
        token(OpaqueTokenKind::Session, 200).store(connection, 100).unwrap();
        let kept: i64 = connection.query_row("SELECT count(*) FROM opaque_tokens", [], |row| row.get(0)).unwrap();
        assert_eq!(kept, 1);
    }

    #[test]
    fn token_kinds_are_distinct_and_only_hashes_are_stored() {
        let (place, store) = temporary();
        let connection = store.connection();
        ada().insert(connection).unwrap();
        let [refresh, session] = [token(OpaqueTokenKind::Refresh, 100), token(OpaqueTokenKind::Session, 100)];
        refresh.store(connection, 1).unwrap();
        session.store(connection, 1).unwrap();
        assert_eq!(session_user(connection, &refresh.token, 2).unwrap(), None);
        assert_eq!(use_refresh_token(connection, &session.token, 2).unwrap(), RefreshTokenUse::Unknown);
        drop(store);
        let file = std::fs::read(place.path().join("directory.db")).unwrap();
        assert!(!file.windows(40).any(|part| refresh.token.as_bytes().starts_with(part)));
    }
}
