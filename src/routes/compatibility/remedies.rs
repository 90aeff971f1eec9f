//! Remedies: the settings that make an operation possible.

use crate::model::member::Member;
use crate::model::operation::Direction;
use crate::model::value::ValueKind;
use crate::routes::compatibility::availability::is_token;
use crate::routes::compatibility::describe::any_of;
use crate::routes::compatibility::operation_support::Obstacle;

/// A setting that makes an operation possible.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Remedy {
    /// `set` one of these members of the request.
    Set(Vec<Member>),
    /// `fill` a member of the response.
    Fill(Member),
    /// `relax` a requirement.
    Relax(&'static str),
    /// `issuer`: the gateway issues the tokens.
    Issuer,
    /// `handles`: the gateway stores the user handles of the upstream's passkeys.
    UserHandles,
    /// Query the upstream's identity map by a member that the dialect's requests have.
    MapQuery,
    /// `missing = "same"` in the identity map.
    SameNames,
    /// No setting.
    None,
}

impl Obstacle {
    /// The setting that removes it.
    pub fn remedy(&self) -> Remedy {
        match self {
            Self::NoOperation
            | Self::NoElementSource(..)
            | Self::NoCredential
            | Self::NoOwner
            | Self::NotDiscoverable
            | Self::HalfCeremony(_) => Remedy::None,
            Self::NoUserHandle => Remedy::UserHandles,
            Self::ForeignTokens => Remedy::Issuer,
            Self::NotMapped => Remedy::MapQuery,
            Self::NewUser => Remedy::SameNames,
            Self::NoSource(Direction::Request, member) => {
                match member.name().starts_with("credential.") && *member != Member::CredentialName {
                    true => Remedy::None,
                    false => Remedy::Set(vec![*member]),
                }
            }
            Self::NoSource(Direction::Response, member) => missing_response_member(*member),
            Self::NoSourceAmong(members) => Remedy::Set(members.to_vec()),
            Self::NoSubject => Remedy::Relax("subject"),
            Self::OneUser => Remedy::Relax("one_user"),
        }
    }
}

/// The setting that gives a response a member that the upstream does not return.
pub(crate) fn missing_response_member(member: Member) -> Remedy {
    match member.kind() {
        _ if is_token(member) => Remedy::Issuer,
        ValueKind::List | ValueKind::Texts => Remedy::Relax(member.name()),
        ValueKind::Text | ValueKind::Number | ValueKind::Flag => Remedy::Fill(member),
        ValueKind::Bytes | ValueKind::Json => Remedy::None,
    }
}

impl Remedy {
    /// The remedy in the config of the route of that name.
    pub fn advice(&self, route: &str) -> String {
        match self {
            Self::Set(members) if members.iter().all(|member| member.is_secret(Direction::Request)) => {
                format!("set {} in `[routes.{route}.set]`, for example to `\"env:NAME\"`", any_of(members))
            }
            Self::Set(members) => format!(
                "set {} in `[routes.{route}.set]` to a constant or to a member of the caller's request, such as \
                 `\"{{user.email}}\"`",
                any_of(members)
            ),
            Self::Fill(member @ (Member::UserId | Member::UserEmail)) => {
                format!("name the user in `[routes.{route}.fill]`, such as `{} = \"{{user.email}}\"`", member.name())
            }
            Self::Fill(member) => format!("set `{}` to a constant in `[routes.{route}.fill]`", member.name()),
            Self::Relax("one_user") => format!(
                "take the user from the caller's request, or accept it: `relax = [\"one_user\"]` in `[routes.{route}]`"
            ),
            Self::Relax("subject") => format!(
                "choose an upstream that names the user, or accept sign-ins without this proof: `relax = [\"subject\"]` \
                 in `[routes.{route}]`"
            ),
            Self::Relax(name) => {
                format!("accept an empty value: `relax = [\"{name}\"]` in `[routes.{route}]`")
            }
            Self::Issuer => {
                format!("set `issuer` in `[routes.{route}]` to an embedded upstream, which then issues the tokens")
            }
            Self::UserHandles => {
                "set `handles = \"handles.db\"` in the upstream's table to store the user handles of its passkeys"
                    .to_owned()
            }
            Self::MapQuery => {
                "change `caller` and the queries of the identity map to members that the dialect's requests carry"
                    .to_owned()
            }
            Self::SameNames => "remove the operation from `required_operations`, or set `missing = \"same\"` in the \
                                identity map if new users have the same ids on both sides"
                .to_owned(),
            Self::None => "choose another upstream, or remove the operation from `required_operations`".to_owned(),
        }
    }

    /// The setting in short, for the coverage matrix.
    pub fn setting(&self) -> Option<String> {
        match self {
            Self::Set(members) => Some(format!("set {}", any_of(members))),
            Self::Fill(member) => Some(format!("fill `{}`", member.name())),
            Self::Relax(name) => Some(format!("relax `{name}`")),
            Self::Issuer => Some("`issuer`".to_owned()),
            Self::UserHandles => Some("`handles`".to_owned()),
            Self::MapQuery | Self::SameNames | Self::None => None,
        }
    }
}
