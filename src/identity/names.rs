//! The names of users in a map, and their columns.
//!
//! A user is named by id or by e-mail address.

use std::fmt;

use crate::ceremony::Subject;
use crate::model::member::Member;

/// The members that name a user.
pub const NAMES: [Member; 2] = [Member::UserId, Member::UserEmail];
/// The maximum length of a name.
pub(super) const MAX_NAME_BYTES: usize = 1024;

/// One side of a map, whose names are unique.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Namespace {
    /// The names that callers use.
    Caller,
    /// The names that the upstream uses.
    Upstream,
}

/// The columns with the names of one side.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Columns(pub(super) Vec<(Member, String)>);

/// The names that a query needs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RequiredNames {
    /// At least one of these.
    AnyOf(Vec<Member>),
    /// All of these.
    AllOf(Vec<Member>),
}

impl Namespace {
    /// The other side.
    pub fn other(self) -> Self {
        match self {
            Self::Caller => Self::Upstream,
            Self::Upstream => Self::Caller,
        }
    }
}

impl Columns {
    pub(super) fn members(&self) -> Vec<Member> {
        self.0.iter().map(|(member, _)| *member).collect()
    }

    /// The user of a row; `None` if all of its columns are empty.
    ///
    /// # Errors
    /// The error of `read` for a column.
    pub(super) fn subject<E>(
        &self,
        mut read: impl FnMut(usize, &str) -> Result<Option<String>, E>,
    ) -> Result<Option<Subject>, E> {
        let mut subject = Subject::default();
        for (index, (member, column)) in self.0.iter().enumerate() {
            let text = read(index, column)?.filter(|text| !text.is_empty()).map(String::into_boxed_str);
            *slot(&mut subject, *member) = text;
        }
        Ok((!subject.is_nobody()).then_some(subject))
    }
}

impl RequiredNames {
    /// The members.
    pub fn members(&self) -> &[Member] {
        let (Self::AnyOf(members) | Self::AllOf(members)) = self;
        members
    }

    /// The names of a user that the query needs; `None` if required names are missing.
    pub(super) fn select(&self, subject: &Subject) -> Option<Subject> {
        let mut selected = Subject::default();
        for member in self.members() {
            *slot(&mut selected, *member) = name(subject, *member).map(Into::into);
        }
        let is_sufficient = match self {
            Self::AnyOf(_) => !selected.is_nobody(),
            Self::AllOf(members) => members.iter().all(|member| name(&selected, *member).is_some()),
        };
        is_sufficient.then_some(selected)
    }
}

impl fmt::Display for RequiredNames {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<_> = self.members().iter().map(|member| format!("`{}`", member.name())).collect();
        let conjunction = match self {
            Self::AnyOf(_) => " or ",
            Self::AllOf(_) => " and ",
        };
        formatter.write_str(&names.join(conjunction))
    }
}

/// One name of a user.
pub fn name(subject: &Subject, member: Member) -> Option<&str> {
    match member {
        Member::UserId => subject.id.as_deref(),
        _ => subject.email.as_deref(),
    }
}

fn slot(subject: &mut Subject, member: Member) -> &mut Option<Box<str>> {
    match member {
        Member::UserId => &mut subject.id,
        _ => &mut subject.email,
    }
}
