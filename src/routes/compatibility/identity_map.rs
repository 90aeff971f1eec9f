//! Where the user's names come from when an identity map stands between the two sides.
//!
//! What the caller says is never the upstream's name of anybody, nor the other way round: only the map
//! leads from one to the other, or the rule for users it does not know.

use crate::identity::map::Map;
use crate::identity::names::{Asks, Namespace};
use crate::model::member::Member;
use crate::model::operation::{Direction, Operation};
use crate::provider::template::hole::Need;
use crate::routes::compatibility::source::{Source, USER, begin_of, carried, id_token};
use crate::routes::compatibility::{Loss, Obstacle, OperationSupport, Pair};
use crate::routes::provider_side::ProviderSide;

impl Pair<'_> {
    /// What stands in the way of the identity map, and what it leaves out.
    pub(crate) fn mapping(
        &self,
        asking: &[(Member, Need)],
        answering: &[(Member, Need)],
        answered: &[(Member, Need)],
        carriage: &mut OperationSupport,
    ) {
        let Some(map) = self.identity else { return };
        let operation = carriage.operation;
        if matches!(operation, Operation::SignupBegin | Operation::SignupFinish) && !map.knows_strangers() {
            carriage.obstacles.push(Obstacle::NewUser);
            return;
        }
        let is_named = USER.iter().any(|member| self.said(operation, *member, asking) != Source::None);
        if is_named && self.forward(map, operation, asking) == Source::None {
            // Whatever else is said of the user follows from that.
            carriage.obstacles.retain(|obstacle| !obstacle.follows_from_the_user());
            carriage.obstacles.push(Obstacle::NotMapped);
        }
        for member in USER {
            let travels = carried(answering, member) != Source::None && carried(answered, member) != Source::None;
            if travels && self.response_source(operation, member, asking, answered) == Source::None {
                let reason =
                    format!("the identity map `{}` does not give the caller's `{}`", map.name(), member.name());
                carriage.losses.push(Loss { direction: Direction::Response, list: None, member, reason });
            }
        }
    }

    /// How surely the caller says a name of the user, in this message or at the begin.
    pub(crate) fn said(&self, operation: Operation, member: Member, asking: &[(Member, Need)]) -> Source {
        let claimed = self.claims.contains(&member) && self.caller_is_verified(operation) && !self.vouched_upstream;
        let now = if claimed { Source::Always } else { carried(asking, member) };
        let before = begin_of(operation).map_or(Source::None, |begin| {
            let asking =
                ProviderSide::Provider(self.dialect).carried(begin, Direction::Request, true).unwrap_or_default();
            self.said(begin, member, &asking)
        });
        now.max(before)
    }

    /// How surely the map can be asked for the upstream's user.
    pub(crate) fn forward(&self, map: &Map, operation: Operation, asking: &[(Member, Need)]) -> Source {
        map.takes(Namespace::Caller)
            .map_or(Source::None, |asks| enough(&asks, |member| self.said(operation, member, asking)))
    }

    /// Where the upstream's name of the user comes from.
    pub(crate) fn mapped(&self, map: &Map, operation: Operation, member: Member, asking: &[(Member, Need)]) -> Source {
        // A token of the upstream's own names its user.
        let vouched = self.vouched_upstream && self.claims.contains(&member) && self.caller_is_verified(operation);
        if vouched {
            return Source::Always;
        }
        let mapped = match map.gives(Namespace::Upstream).contains(&member) {
            true => self.forward(map, operation, asking),
            false => Source::None,
        };
        match map.knows_strangers() {
            true => mapped.max(self.said(operation, member, asking).min(Source::Sometimes)),
            false => mapped,
        }
    }

    /// Where the caller's name of the user comes from in an answer.
    pub(crate) fn translated(
        &self,
        map: &Map,
        operation: Operation,
        member: Member,
        asking: &[(Member, Need)],
        answered: &[(Member, Need)],
    ) -> Source {
        let known = |member| {
            let named = carried(answered, member).max(id_token(answered, member));
            named.max(self.mapped(map, operation, member, asking))
        };
        let back = match map.takes(Namespace::Upstream) {
            Some(asks) if map.gives(Namespace::Caller).contains(&member) => enough(&asks, known),
            _ => Source::None,
        };
        let alike = if map.knows_strangers() { known(member).min(Source::Sometimes) } else { Source::None };
        self.said(operation, member, asking).max(back).max(alike)
    }
}

impl Obstacle {
    fn follows_from_the_user(&self) -> bool {
        match self {
            Self::NoSource(_, member) => USER.contains(member),
            Self::NoSubject => true,
            Self::NoOperation
            | Self::NoSourceAmong(_)
            | Self::NoElementSource(..)
            | Self::ForeignTokens
            | Self::NoUserHandle
            | Self::NoCredential
            | Self::NotDiscoverable
            | Self::OneUser
            | Self::NoOwner
            | Self::NotMapped
            | Self::NewUser => false,
        }
    }
}

/// How surely a question can be asked.
fn enough(asks: &Asks, source: impl Fn(Member) -> Source) -> Source {
    let sources = asks.members().iter().map(|member| source(*member));
    let surest = match asks {
        Asks::AnyOf(_) => sources.max(),
        Asks::AllOf(_) => sources.min(),
    };
    surest.unwrap_or(Source::None)
}
