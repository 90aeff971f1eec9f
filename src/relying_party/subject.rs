//! The user that a request is about: the verified caller, else `user.id`, else `user.email`.
//!
//! A caller must not name another user. The route decides beforehand who may call without being a user.

use rusqlite::Connection;

use crate::model::fault::{Fault, Refusal};
use crate::relying_party::directory::user::User;

/// The user as a request names it.
#[derive(Clone, Debug, Default)]
pub(crate) struct UserReference {
    /// The verified user.
    pub(crate) caller: Option<String>,
    pub(crate) user_id: Option<String>,
    pub(crate) email: Option<String>,
}

impl UserReference {
    pub(crate) fn new(caller: Option<&str>, user_id: Option<&str>, email: Option<&str>) -> Self {
        Self { caller: caller.map(str::to_owned), user_id: user_id.map(str::to_owned), email: email.map(str::to_owned) }
    }

    /// Whether it names no user.
    pub(crate) fn is_empty(&self) -> bool {
        self.caller.is_none() && self.user_id.is_none() && self.email.is_none()
    }

    /// The named user, or `None` when the request names none.
    ///
    /// # Errors
    /// `unknown_user`; `forbidden` when a caller names another user.
    pub(crate) fn find(&self, connection: &Connection) -> Result<Option<User>, Refusal> {
        let user = match (&self.caller, &self.user_id, &self.email) {
            (Some(id), _, _) | (None, Some(id), _) => User::by_id(connection, id)?,
            (None, None, Some(email)) => User::by_email(connection, email)?,
            (None, None, None) => return Ok(None),
        };
        let user = user.ok_or_else(|| Refusal::new(Fault::UnknownUser, "the user is unknown"))?;
        if self.caller.is_some() && !self.fits(&user) {
            return Err(Refusal::new(Fault::Forbidden, "the caller names another user"));
        }
        Ok(Some(user))
    }

    /// The named user.
    ///
    /// # Errors
    /// As [`Self::find`]; `invalid_request` when the request names no user.
    pub(crate) fn require(&self, connection: &Connection) -> Result<User, Refusal> {
        self.find(connection)?
            .ok_or_else(|| Refusal::with_public_message(Fault::InvalidRequest, "The request names no user."))
    }

    /// Whether all names of the user in the request are names of this one.
    pub(crate) fn fits(&self, user: &User) -> bool {
        let is = |id: &Option<String>| id.as_ref().is_none_or(|id| *id == user.id);
        is(&self.caller) && is(&self.user_id) && self.email.as_ref().is_none_or(|email| user.has_email(email))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::relying_party::directory::tests::temporary;
    use crate::relying_party::directory::user::tests::ada;

    #[test]
    fn caller_comes_first_and_must_not_name_another_user() {
        let (_place, store) = temporary();
        let connection = store.connection();
        ada().insert(connection).unwrap();
        User { id: "b".into(), handle: vec![9], email: Some("b@b.b".into()), ..ada() }.insert(connection).unwrap();
        let find = |caller, id, email| {
            let found = UserReference::new(caller, id, email).find(connection);
            found.map(|user| user.map(|user| user.id)).map_err(|refusal| refusal.fault)
        };
        assert_eq!(find(None, None, None), Ok(None));
        assert_eq!(find(None, None, Some("B@b.b")), Ok(Some("b".into())));
        assert_eq!(find(None, Some("user_ada"), Some("b@b.b")), Ok(Some("user_ada".into())));
        assert_eq!(find(Some("b"), None, Some("b@b.b")), Ok(Some("b".into())));
        assert_eq!(find(Some("b"), Some("user_ada"), None), Err(Fault::Forbidden));
        assert_eq!(find(Some("b"), None, Some("ada@example.com")), Err(Fault::Forbidden));
        assert_eq!(find(Some("gone"), None, None), Err(Fault::UnknownUser));
        assert_eq!(find(None, None, Some("c@c.c")), Err(Fault::UnknownUser));
    }
}
