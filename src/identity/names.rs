//! Which names of a user a map takes and gives, and in which columns they stand.
//!
//! A user is named by id or by e-mail address; nothing else names one alone.

use std::fmt;

use crate::ceremony::Subject;
use crate::model::member::Member;

/// The members that name a user.
pub const NAMES: [Member; 2] = [Member::UserId, Member::UserEmail];
/// A longer name, in bytes, is nobody's.
pub(super) const MAX_NAME: usize = 1024;

/// One side of a map.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Namespace {
    /// Whoever calls the gateway.
    Caller,
    /// Whoever does the work.
    Upstream,
}

/// The columns in which one side's names stand.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Columns(pub(super) Vec<(Member, String)>);

/// Which names a question needs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Asks {
    /// One of these is enough.
    AnyOf(Vec<Member>),
    /// All of these.
    AllOf(Vec<Member>),
}

// ===== impl Namespace =====

impl Namespace {
    /// The other side.
    pub fn other(self) -> Self {
        match self {
            Self::Caller => Self::Upstream,
            Self::Upstream => Self::Caller,
        }
    }
}

// ===== impl Columns =====

impl Columns {
    pub(super) fn members(&self) -> Vec<Member> {
        self.0.iter().map(|(member, _)| *member).collect()
    }

    /// The user that a row names, by what stands in each column; `None` where it names none.
    ///
    /// # Errors
    /// What `read` says of a column.
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

// ===== impl Asks =====

impl Asks {
    /// The members it is about.
    pub fn members(&self) -> &[Member] {
        let (Self::AnyOf(members) | Self::AllOf(members)) = self;
        members
    }

    /// What of a user's names goes into the question; `None` where that is not enough to ask.
    pub(super) fn of(&self, subject: &Subject) -> Option<Subject> {
        let mut asked = Subject::default();
        for member in self.members() {
            *slot(&mut asked, *member) = name(subject, *member).map(Into::into);
        }
        let is_enough = match self {
            Self::AnyOf(_) => !asked.is_nobody(),
            Self::AllOf(members) => members.iter().all(|member| name(&asked, *member).is_some()),
        };
        is_enough.then_some(asked)
    }
}

impl fmt::Display for Asks {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<_> = self.members().iter().map(|member| format!("`{}`", member.name())).collect();
        let between = match self {
            Self::AnyOf(_) => " or ",
            Self::AllOf(_) => " and ",
        };
        formatter.write_str(&names.join(between))
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
