//! One side of a route: a provider, described by its templates, or the embedded relying party.

use crate::caller_auth::Relation;
use crate::model::member::Member;
use crate::model::operation::{Direction, Operation};
use crate::provider::descriptor::{OperationTemplate, Provider};
use crate::provider::template::message::Caller;
use crate::provider::template::placeholder::Need;
use crate::relying_party::capability::{self, Presence};

/// One side of a route.
#[derive(Clone, Copy, Debug)]
pub enum ProviderSide<'p> {
    /// A provider's API.
    Provider(&'p Provider),
    /// The embedded relying party.
    Embedded,
}

impl<'p> ProviderSide<'p> {
    /// The provider's id, or `embedded`.
    pub fn name(self) -> &'p str {
        match self {
            Self::Provider(provider) => &provider.id,
            Self::Embedded => "embedded",
        }
    }

    /// The provider; `None` for the embedded relying party.
    pub fn provider(self) -> Option<&'p Provider> {
        match self {
            Self::Provider(provider) => Some(provider),
            Self::Embedded => None,
        }
    }

    /// The relation of this side, as an upstream, to a dialect.
    pub fn relation_to(self, dialect: &Provider) -> Relation {
        match self {
            Self::Embedded => Relation::Embedded,
            Self::Provider(provider) if provider.id == dialect.id => Relation::SameProvider,
            Self::Provider(_) => Relation::AnotherProvider,
        }
    }

    /// The members of a message of an operation; `None` where this side has no such operation.
    ///
    /// The embedded relying party's response depends on `names_user`, whether requests name the user.
    pub fn members_of(
        self,
        operation: Operation,
        direction: Direction,
        names_user: bool,
    ) -> Option<Vec<(Member, Need)>> {
        match self {
            Self::Provider(provider) => provider.operations.get(&operation).map(|template| match direction {
                Direction::Request => template.request.carried(),
                Direction::Response => template.response.message.carried(),
            }),
            Self::Embedded => Some(embedded(operation, direction, names_user)),
        }
    }

    /// Whether a request of an operation can carry a member.
    pub fn request_carries(self, operation: Operation, member: Member) -> bool {
        match self {
            Self::Provider(_) => self.template(operation).is_some_and(|template| template.request.carries(member)),
            Self::Embedded => capability::takes(operation).contains(&member),
        }
    }

    /// Groups of request members of which at least one is required. `verified`: the user is verified.
    pub fn any_of(self, operation: Operation, verified: bool) -> Vec<&'static [Member]> {
        let Self::Embedded = self else { return Vec::new() };
        capability::requires(operation)
            .iter()
            .filter_map(|need| match need {
                capability::Requirement::AnyOf(members) => Some(*members),
                capability::Requirement::User if !verified => Some(&[Member::UserId, Member::UserEmail]),
                capability::Requirement::Member(_) | capability::Requirement::User => None,
            })
            .collect()
    }

    /// The members of a list's elements.
    pub fn element(self, operation: Operation, list: Member) -> Vec<(Member, Need)> {
        match self.template(operation).and_then(|template| template.response.message.list(list)) {
            Some(list) => {
                let mut members = Vec::new();
                list.item.carried(&mut |member, need| members.push((member, need)));
                members
            }
            None => list.element_members().iter().map(|member| (*member, Need::Optional)).collect(),
        }
    }

    /// Why a message omits a member.
    pub fn omission(self, operation: Operation, direction: Direction, member: Member) -> Option<&'p str> {
        self.template(operation)?.message(direction).omission(member)
    }

    /// Why the elements of a message's list omit a member.
    pub fn element_omission(
        self,
        operation: Operation,
        direction: Direction,
        list: Member,
        member: Member,
    ) -> Option<&'p str> {
        self.template(operation)?.message(direction).element_omission(list, member)
    }

    /// The kind of caller of an operation.
    pub fn caller(self, operation: Operation) -> Option<Caller> {
        self.template(operation).map(|template| template.request.caller)
    }

    fn template(self, operation: Operation) -> Option<&'p OperationTemplate> {
        self.provider()?.operations.get(&operation)
    }
}

/// The members of the embedded relying party's messages.
fn embedded(operation: Operation, direction: Direction, names_user: bool) -> Vec<(Member, Need)> {
    let need = |always| if always { Need::Required } else { Need::Optional };
    match direction {
        Direction::Request => {
            let required = |member| capability::requires(operation).contains(&capability::Requirement::Member(member));
            capability::takes(operation).iter().map(|member| (*member, need(required(*member)))).collect()
        }
        Direction::Response => {
            let is_always_there = |presence| match presence {
                Presence::Always => true,
                Presence::WithUser => names_user,
                Presence::Sometimes => false,
            };
            let gives = capability::gives(operation).iter();
            gives.map(|(member, presence)| (*member, need(is_always_there(*presence)))).collect()
        }
    }
}
