//! Describes as text why an operation is impossible and which members are lost.

use crate::caller_auth::Relation;
use crate::identity::map::Map;
use crate::identity::names::Namespace;
use crate::model::member::Member;
use crate::model::operation::{Direction, Operation};
use crate::provider::descriptor::Provider;
use crate::routes::compatibility::availability::{has, is_token};
use crate::routes::compatibility::operation_support::{Loss, Obstacle};
use crate::routes::compatibility::pair::Pair;
use crate::routes::provider_side::ProviderSide;

/// The parts of a pair that findings describe.
#[derive(Clone, Copy, Debug)]
pub struct PairNames<'p> {
    /// The provider whose API the callers use.
    pub dialect: &'p Provider,
    /// The upstream.
    pub upstream: ProviderSide<'p>,
    /// The identity map of the upstream.
    pub identity: Option<&'p Map>,
    /// Whether the upstream's credentials are discoverable, where that is known.
    pub discoverable: Option<bool>,
}

impl<'p> Pair<'p> {
    /// The parts of this pair that findings describe.
    pub fn names(&self) -> PairNames<'p> {
        let Self { dialect, upstream, identity, discoverable, .. } = *self;
        PairNames { dialect, upstream, identity, discoverable }
    }
}

impl PairNames<'_> {
    /// The name of the upstream's provider in a sentence.
    pub(crate) fn upstream(&self) -> &str {
        self.upstream.provider().map_or("the embedded relying party", |provider| &provider.display_name)
    }

    pub(crate) fn is_another_provider(&self) -> bool {
        self.upstream.relation_to(self.dialect) == Relation::AnotherProvider
    }

    /// Whether the upstream's sign-ins return tokens that the dialect carries.
    pub(crate) fn returns_tokens(&self) -> bool {
        let members = |side: ProviderSide<'_>| {
            side.members_of(Operation::LoginFinish, Direction::Response, true).unwrap_or_default()
        };
        let (given, carried) = (members(self.upstream), members(ProviderSide::Provider(self.dialect)));
        carried.iter().any(|(member, _)| is_token(*member) && has(&given, *member))
    }

    fn map(&self) -> &str {
        self.identity.map_or("", Map::name)
    }
}

impl Obstacle {
    /// Why the operation is not possible.
    pub fn describe(&self, pair: &PairNames<'_>, operation: Operation) -> String {
        let (dialect, upstream) = (&pair.dialect.display_name, pair.upstream());
        match self {
            Self::NoOperation => format!("{upstream} has no `{}`", operation.name()),
            Self::NoSource(Direction::Request, member) if member.is_caller_credential() => {
                format!(
                    "{upstream} requires `{}`, and a caller's `{}` is never sent to another provider",
                    member.name(),
                    member.name()
                )
            }
            Self::NoSource(Direction::Request, member) => {
                format!("{upstream} requires `{}`, which {dialect} requests do not carry", member.name())
            }
            Self::NoSource(Direction::Response, member) => {
                format!("{dialect} responses require `{}`, which {upstream} does not return", member.name())
            }
            Self::NoSourceAmong(members) => {
                format!("{upstream} requires {}, and {dialect} requests carry none of them", any_of(members))
            }
            Self::NoElementSource(list, member) => {
                let (list, member) = (list.name(), member.name());
                format!(
                    "every element of `{list}` in {dialect} responses requires `{member}`, which {upstream} does not return"
                )
            }
            Self::OneUser => {
                format!(
                    "`set` names one constant user, so every caller would manage that user's passkeys at {upstream}"
                )
            }
            Self::NoOwner => {
                format!("requests to {upstream} cannot name the user, so any user could manage another user's passkeys")
            }
            Self::ForeignTokens => {
                format!("a caller's refresh token may have been issued by {dialect} and must not be sent to {upstream}")
            }
            Self::NoUserHandle => {
                format!(
                    "{dialect} responses cannot carry the user handle, so a new passkey could never sign in at {upstream}"
                )
            }
            Self::NoCredential => {
                format!("{upstream} deletes all passkeys of a user at once, and {dialect} deletes one")
            }
            Self::NotDiscoverable => {
                format!(
                    "{dialect} responses cannot carry `allow_credentials`, and the credentials of {upstream} are not \
                     discoverable"
                )
            }
            Self::NotMapped => {
                let query = pair.identity.and_then(|map| map.required_names(Namespace::Caller));
                let query = query.map_or_else(String::new, |query| query.to_string());
                format!(
                    "the identity map `{}` is queried by {query}, which {dialect} requests do not carry",
                    pair.map()
                )
            }
            Self::NewUser => format!("a new user is not in the identity map `{}`", pair.map()),
            Self::NoSubject => {
                format!(
                    "no response of {upstream} proves that the user who finishes the login is the user who began it"
                )
            }
            Self::HalfCeremony(other) => format!("`{}` is not supported", other.name()),
        }
    }

    /// Whether the dialect's own messages cannot express what the operation needs, so that no setting of the upstream
    /// changes it.
    pub(crate) fn is_inherent_to_dialect(&self) -> bool {
        match self {
            Self::NoSource(direction, _) => *direction == Direction::Request,
            Self::NoSourceAmong(_) | Self::NoUserHandle | Self::NotDiscoverable => true,
            Self::NoOperation
            | Self::NoElementSource(..)
            | Self::ForeignTokens
            | Self::NoCredential
            | Self::OneUser
            | Self::NoOwner
            | Self::NoSubject
            | Self::NotMapped
            | Self::NewUser
            | Self::HalfCeremony(_) => false,
        }
    }
}

impl Loss {
    /// A lost member.
    pub fn what(&self) -> String {
        let list = self.list.map(|list| format!("{}.", list.name())).unwrap_or_default();
        format!("{} member `{list}{}` is lost", self.direction.name(), self.member.name())
    }
}

/// "`a`, `b` or `c`".
pub(crate) fn any_of(members: &[Member]) -> String {
    quoted(members.iter().map(|member| member.name()), "or")
}

/// "`a`, `b` and `c`".
pub(crate) fn quoted(names: impl IntoIterator<Item = &'static str>, conjunction: &str) -> String {
    let mut quoted: Vec<_> = names.into_iter().map(|name| format!("`{name}`")).collect();
    match quoted.pop() {
        Some(last) if quoted.is_empty() => last,
        Some(last) => format!("{} {conjunction} {last}", quoted.join(", ")),
        None => String::new(),
    }
}
