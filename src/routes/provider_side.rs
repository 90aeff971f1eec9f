//! What one side of a route takes and gives: a provider by its templates, or the embedded relying party.

use crate::caller_auth::Relation;
use crate::model::member::Member;
use crate::model::operation::{Direction, Operation};
use crate::model::value::Kind;
use crate::provider::descriptor::{OperationTemplate, Provider};
use crate::provider::template::hole::Need;
use crate::provider::template::message::Caller;
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
    /// The name by which people know it.
    pub fn name(self) -> &'p str {
        match self {
            Self::Provider(provider) => &provider.id,
            Self::Embedded => "embedded",
        }
    }

    /// The provider, if it is one.
    pub fn provider(self) -> Option<&'p Provider> {
        match self {
            Self::Provider(provider) => Some(provider),
            Self::Embedded => None,
        }
    }

    /// How it stands, as an upstream, to a dialect.
    pub fn relation_to(self, dialect: &Provider) -> Relation {
        match self {
            Self::Embedded => Relation::Embedded,
            Self::Provider(provider) if provider.id == dialect.id => Relation::SameProvider,
            Self::Provider(_) => Relation::AnotherProvider,
        }
    }

    /// The members a message of an operation can carry, with what their absence is; `None` where the
    /// side has no such operation.
    ///
    /// `named` says that requests name the user, on which the embedded relying party's answer depends.
    pub fn carried(self, operation: Operation, direction: Direction, named: bool) -> Option<Vec<(Member, Need)>> {
        match self {
            Self::Provider(provider) => provider.operations.get(&operation).map(|template| match direction {
                Direction::Request => template.request.carried(),
                Direction::Response => template.response.message.carried(),
            }),
            Self::Embedded => Some(embedded(operation, direction, named)),
        }
    }

    /// Whether a request of an operation can carry a member.
    pub fn request_carries(self, operation: Operation, member: Member) -> bool {
        match self {
            Self::Provider(_) => self.template(operation).is_some_and(|template| template.request.carries(member)),
            Self::Embedded => capability::takes(operation).contains(&member),
        }
    }

    /// Members of a request of which at least one must be there, where no user is verified otherwise.
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
                let mut carried = Vec::new();
                list.item.carried(&mut |member, need| carried.push((member, need)));
                carried
            }
            None => match list.kind() {
                Kind::List(members) => members.iter().map(|member| (*member, Need::Optional)).collect(),
                _ => Vec::new(),
            },
        }
    }

    /// Why a message cannot carry a member.
    pub fn omission(self, operation: Operation, direction: Direction, member: Member) -> Option<&'p str> {
        self.template(operation)?.message(direction).omission(member)
    }

    /// Why the elements of a message's list cannot carry a member.
    pub fn element_omission(
        self,
        operation: Operation,
        direction: Direction,
        list: Member,
        member: Member,
    ) -> Option<&'p str> {
        self.template(operation)?.message(direction).element_omission(list, member)
    }

    /// Who makes the requests of an operation.
    pub fn caller(self, operation: Operation) -> Option<Caller> {
        self.template(operation).map(|template| template.request.caller)
    }

    fn template(self, operation: Operation) -> Option<&'p OperationTemplate> {
        self.provider()?.operations.get(&operation)
    }
}

/// What the embedded relying party carries; `named` says that the user is known at the begin.
fn embedded(operation: Operation, direction: Direction, named: bool) -> Vec<(Member, Need)> {
    let need = |sure| if sure { Need::Required } else { Need::Optional };
    match direction {
        Direction::Request => {
            let required = |member| capability::requires(operation).contains(&capability::Requirement::Member(member));
            capability::takes(operation).iter().map(|member| (*member, need(required(*member)))).collect()
        }
        Direction::Response => {
            let sure = |presence| match presence {
                Presence::Always => true,
                Presence::WithUser => named,
                Presence::Sometimes => false,
            };
            capability::gives(operation).iter().map(|(member, presence)| (*member, need(sure(*presence)))).collect()
        }
    }
}
