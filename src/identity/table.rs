//! The users of a file, in memory, indexed by every name of both sides.
//!
//! A name belongs to one user only; a duplicate is rejected with both lines. E-mail addresses are compared without
//! case.

use std::borrow::Cow;
use std::collections::HashMap;

use crate::ceremony::Subject;
use crate::identity::names::{NAMES, Namespace, name};
use crate::model::member::Member;

/// The users.
#[derive(Debug, Default)]
pub(super) struct Table {
    rows: Vec<Row>,
    /// The row of a name, by side and member.
    index: [[HashMap<Box<str>, u32>; 2]; 2],
}

#[derive(Debug)]
struct Row {
    line: u64,
    caller: Subject,
    upstream: Subject,
}

/// A name that occurs in two lines.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct DuplicateUser {
    pub(super) namespace: Namespace,
    pub(super) member: Member,
    pub(super) first: u64,
}

impl Table {
    /// Adds the user of a line.
    ///
    /// # Errors
    /// If one of its names is in an earlier line; nothing is added.
    pub(super) fn add(&mut self, line: u64, caller: Subject, upstream: Subject) -> Result<(), DuplicateUser> {
        let row = u32::try_from(self.rows.len()).expect("a file has fewer bytes than a u32 counts");
        for (namespace, subject) in [(Namespace::Caller, &caller), (Namespace::Upstream, &upstream)] {
            for member in NAMES {
                if let Some(other) = name(subject, member).and_then(|name| self.row(namespace, member, name)) {
                    return Err(DuplicateUser { namespace, member, first: other.line });
                }
            }
        }
        for (namespace, subject) in [(Namespace::Caller, &caller), (Namespace::Upstream, &upstream)] {
            for member in NAMES {
                if let Some(name) = name(subject, member) {
                    let key = key(member, name).into_owned().into_boxed_str();
                    self.index[side_index(namespace)][name_index(member)].insert(key, row);
                }
            }
        }
        self.rows.push(Row { line, caller, upstream });
        Ok(())
    }

    /// The names on the other side of the user with these names; `None` if two names belong to different users.
    pub(super) fn find(&self, namespace: Namespace, user: &Subject) -> Option<Subject> {
        let mut rows = NAMES.into_iter().filter_map(|member| self.row(namespace, member, name(user, member)?));
        let row = rows.next()?;
        if rows.any(|other| other.line != row.line) {
            return None;
        }
        Some(match namespace {
            Namespace::Caller => row.upstream.clone(),
            Namespace::Upstream => row.caller.clone(),
        })
    }

    /// The number of users.
    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.rows.len()
    }

    fn row(&self, namespace: Namespace, member: Member, name: &str) -> Option<&Row> {
        let row = self.index[side_index(namespace)][name_index(member)].get(&*key(member, name))?;
        self.rows.get(usize::try_from(*row).ok()?)
    }
}

fn side_index(namespace: Namespace) -> usize {
    match namespace {
        Namespace::Caller => 0,
        Namespace::Upstream => 1,
    }
}

fn name_index(member: Member) -> usize {
    usize::from(member == Member::UserEmail)
}

fn key(member: Member, name: &str) -> Cow<'_, str> {
    match member {
        Member::UserEmail if name.bytes().any(|byte| byte.is_ascii_uppercase()) => name.to_ascii_lowercase().into(),
        _ => name.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn user(id: &str, email: &str) -> Subject {
        let text = |text: &str| (!text.is_empty()).then(|| text.into());
        Subject { id: text(id), email: text(email) }
    }

    fn two_users() -> Table {
        let mut table = Table::default();
        table.add(2, user("1", "Ada@a.example"), user("n1", "")).unwrap();
        table.add(3, user("2", "bob@a.example"), user("n2", "")).unwrap();
        table
    }

    #[test]
    fn user_is_found_by_any_name_in_both_directions() {
        let table = two_users();
        let upstream = |id: &str, email: &str| table.find(Namespace::Caller, &user(id, email));
        assert_eq!(upstream("1", ""), Some(user("n1", "")));
        assert_eq!(upstream("", "ADA@A.example"), Some(user("n1", "")));
        assert_eq!(upstream("1", "new@a.example"), Some(user("n1", "")), "an unknown second name is ignored");
        assert_eq!(upstream("1", "bob@a.example"), None, "the names of two users");
        assert_eq!((upstream("n1", ""), upstream("3", ""), upstream("", "")), (None, None, None));
        assert_eq!(table.find(Namespace::Upstream, &user("n2", "")), Some(user("2", "bob@a.example")));
    }

    #[test]
    fn duplicate_name_is_rejected() {
        let mut table = two_users();
        let duplicate = |namespace, member, first| Err(DuplicateUser { namespace, member, first });
        let added = |table: &mut Table, caller, upstream| table.add(9, caller, upstream);
        assert_eq!(added(&mut table, user("2", ""), user("n3", "")), duplicate(Namespace::Caller, Member::UserId, 3));
        let same_address = user("3", "ada@A.EXAMPLE");
        assert_eq!(added(&mut table, same_address, user("n3", "")), duplicate(Namespace::Caller, Member::UserEmail, 2));
        assert_eq!(added(&mut table, user("3", ""), user("n1", "")), duplicate(Namespace::Upstream, Member::UserId, 2));
        assert_eq!(table.len(), 2);
        assert_eq!(added(&mut table, user("3", ""), user("n3", "")), Ok(()));
    }
}
