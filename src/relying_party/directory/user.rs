//! The users table.
//!
//! An e-mail address belongs to one user, whatever its case. The id and the handle never change, because
//! authenticators store the handle.

use rusqlite::{Connection, OptionalExtension, Row, named_params};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::relying_party::directory::{insert_error, json_column};
use crate::storage::error::StoreError;

/// In bytes (WebAuthn 5.4.3).
pub(crate) const MAX_HANDLE: usize = 64;

/// A user.
#[derive(Clone, Debug)]
pub(crate) struct User {
    pub(crate) id: String,
    pub(crate) handle: Vec<u8>,
    pub(crate) email: Option<String>,
    pub(crate) name: Option<String>,
    pub(crate) display_name: Option<String>,
    pub(crate) profile: Profile,
    pub(crate) created_at: i64,
}

/// Further values of a signup, which an export returns.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Profile {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) phone: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) username: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) given_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) family_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) nickname: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) picture: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) metadata: Option<Box<RawValue>>,
}

impl Profile {
    /// Whether it has no value.
    pub(crate) fn is_empty(&self) -> bool {
        let texts = [&self.phone, &self.username, &self.given_name, &self.family_name, &self.nickname, &self.picture];
        texts.into_iter().all(Option::is_none) && self.metadata.is_none()
    }
}

impl User {
    /// The account name (WebAuthn 5.4.1): what a user types to sign in.
    pub(crate) fn account_name(&self) -> &str {
        let names = [self.profile.username.as_deref(), self.email.as_deref(), self.name.as_deref()];
        names.into_iter().flatten().next().unwrap_or(&self.id)
    }

    /// The display name (WebAuthn 5.4.3).
    pub(crate) fn display_name(&self) -> &str {
        let names = [self.display_name.as_deref(), self.name.as_deref()];
        names.into_iter().flatten().next().unwrap_or_else(|| self.account_name())
    }

    /// Whether that address is the user's.
    pub(crate) fn has_email(&self, email: &str) -> bool {
        self.email.as_deref().is_some_and(|own| email_key(own) == email_key(email))
    }

    pub(crate) fn by_id(connection: &Connection, id: &str) -> Result<Option<Self>, StoreError> {
        let sql = "SELECT id, handle, email, name, display_name, profile, created_at FROM users WHERE id = ?1";
        Ok(connection.prepare_cached(sql)?.query_row([id], columns).optional()?)
    }

    /// A dummy user, read with the same work as a stored one.
    pub(crate) fn dummy(connection: &Connection) -> Result<Option<Self>, StoreError> {
        let sql = "SELECT '', zeroblob(32), NULL, NULL, NULL, '{}', 0";
        Ok(connection.prepare_cached(sql)?.query_row([], columns).optional()?)
    }

    pub(crate) fn by_email(connection: &Connection, email: &str) -> Result<Option<Self>, StoreError> {
        let sql = "SELECT id, handle, email, name, display_name, profile, created_at FROM users WHERE email_key = ?1";
        Ok(connection.prepare_cached(sql)?.query_row([email_key(email)], columns).optional()?)
    }

    /// Adds the user.
    ///
    /// # Errors
    /// [`StoreError::Taken`] when the id, the handle or the address is taken.
    pub(crate) fn insert(&self, connection: &Connection) -> Result<(), StoreError> {
        let profile = serde_json::to_string(&self.profile).map_err(|_| StoreError::Unreadable("profile"))?;
        let sql = "INSERT INTO users (id, handle, email, email_key, name, display_name, profile, created_at)
                   VALUES (:id, :handle, :email, :email_key, :name, :display_name, :profile, :created_at)";
        let inserted = connection.prepare_cached(sql)?.execute(named_params! {
            ":id": self.id,
            ":handle": self.handle,
            ":email": self.email,
            ":email_key": self.email.as_deref().map(email_key),
            ":name": self.name,
            ":display_name": self.display_name,
            ":profile": profile,
            ":created_at": self.created_at,
        });
        inserted.map(drop).map_err(insert_error)
    }

    /// Up to `limit` users with ids after `after`, in the order of ids.
    pub(crate) fn page(connection: &Connection, after: &str, limit: u32) -> Result<Vec<Self>, StoreError> {
        let sql = "SELECT id, handle, email, name, display_name, profile, created_at FROM users
                   WHERE id > ?1 ORDER BY id LIMIT ?2";
        let mut statement = connection.prepare_cached(sql)?;
        let rows = statement.query_map((after, limit), columns)?;
        Ok(rows.collect::<Result<_, _>>()?)
    }
}

/// Addresses that differ in case are the same; mail hosts do not distinguish them.
pub(crate) fn email_key(email: &str) -> String {
    email.to_lowercase()
}

/// Whether a text can be an e-mail address: one `@` with text on both sides, no white space, and at most the length of
/// RFC 5321.
pub(crate) fn is_email(text: &str) -> bool {
    let is_plain = text.len() <= 254 && !text.chars().any(|char| char.is_whitespace() || char.is_control());
    is_plain
        && text
            .split_once('@')
            .is_some_and(|(local, host)| !local.is_empty() && !host.is_empty() && !host.contains('@'))
}

fn columns(row: &Row<'_>) -> rusqlite::Result<User> {
    Ok(User {
        id: row.get(0)?,
        handle: row.get(1)?,
        email: row.get(2)?,
        name: row.get(3)?,
        display_name: row.get(4)?,
        profile: json_column(row, 5)?,
        created_at: row.get(6)?,
    })
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::relying_party::directory::tests::temporary;

    pub(crate) fn ada() -> User {
        User {
            id: "user_ada".into(),
            handle: vec![1, 2, 3],
            email: Some("Ada@Example.com".into()),
            name: Some("Ada".into()),
            display_name: None,
            profile: Profile {
                metadata: Some(RawValue::from_string(r#"{"plan":1}"#.into()).unwrap()),
                ..Profile::default()
            },
            created_at: 7,
        }
    }

    #[test]
    fn user_is_found_by_id_and_by_address_in_any_case() {
        let (_place, store) = temporary();
        ada().insert(store.connection()).unwrap();
        let by_id = User::by_id(store.connection(), "user_ada").unwrap().unwrap();
        let by_email = User::by_email(store.connection(), "aDA@eXAMPLE.COM").unwrap().unwrap();
        assert_eq!(by_id.handle, by_email.handle);
        assert_eq!(by_id.email.as_deref(), Some("Ada@Example.com"));
        assert_eq!(by_id.profile.metadata.unwrap().get(), r#"{"plan":1}"#);
        assert!(by_email.has_email("ADA@example.com"));
        assert!(User::by_id(store.connection(), "USER_ADA").unwrap().is_none());
    }

    #[test]
    fn id_handle_and_address_are_unique() {
        let (_place, store) = temporary();
        ada().insert(store.connection()).unwrap();
        let taken = |user: User| match user.insert(store.connection()).unwrap_err() {
            StoreError::Taken(what) => what,
            other => panic!("{other:?}"),
        };
        let other = || User { id: "b".into(), handle: vec![9], email: Some("b@b.b".into()), ..ada() };
        assert_eq!(taken(User { id: "user_ada".into(), ..other() }), "the user id");
        assert_eq!(taken(User { handle: vec![1, 2, 3], ..other() }), "the user handle");
        assert_eq!(taken(User { email: Some("ADA@example.com".into()), ..other() }), "the e-mail address");
        other().insert(store.connection()).unwrap();
    }

    #[test]
    fn only_addresses_are_recognised_as_addresses() {
        assert!(["a@b", "ada+x@example.com", "ä@ö.example"].into_iter().all(is_email));
        assert!(!["", "a", "@", "a@", "@b", "a@b@c", "a b@c", "a@b\n"].into_iter().any(is_email));
        assert!(!is_email(&format!("{}@b", "a".repeat(253))));
    }

    #[test]
    fn names_fall_back_to_others() {
        let user = ada();
        assert_eq!((user.account_name(), user.display_name()), ("Ada@Example.com", "Ada"));
        let bare = User { email: None, name: None, ..ada() };
        assert_eq!((bare.account_name(), bare.display_name()), ("user_ada", "user_ada"));
    }
}
