//! What the check found, in words: what stands in the way, and what to write in the config about it.

use crate::identity::map::Map;
use crate::identity::names::Namespace;
use crate::model::member::Member;
use crate::model::operation::{Direction, Operation};
use crate::model::value::Kind;
use crate::routes::compatibility::source::is_token;
use crate::routes::compatibility::{Loss, Obstacle, OperationSupport, Pair};

/// What can be done about an obstacle in the config.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Remedy {
    /// Set one of these members of the request.
    Set(Vec<Member>),
    /// Fill a member of the response.
    Fill(Member),
    /// Write a required member empty.
    Relax(&'static str),
    /// Let the gateway's own issuer make the tokens.
    Issue,
    /// Keep the user handles of the upstream's passkeys.
    Bridge,
    /// Have the upstream's identity map know users by what the dialect says.
    Map,
    /// Name users alike on both sides whom the map does not know.
    NameAlike,
    /// Nothing.
    None,
}

impl Obstacle {
    /// What stands in the way.
    pub fn describe(&self, pair: &Pair<'_>, operation: Operation) -> String {
        let (dialect, upstream) = (&pair.dialect.id, pair.upstream.name());
        match self {
            Self::NoOperation => format!("{upstream} has no `{}`", operation.name()),
            Self::NoSource(Direction::Request, member) => {
                format!("{upstream} needs `{}`, which {dialect} does not send", member.name())
            }
            Self::NoSource(Direction::Response, member) => {
                format!("{dialect} promises `{}`, which {upstream} does not give", member.name())
            }
            Self::NoSourceAmong(members) => {
                format!("{upstream} needs {}, and {dialect} sends none", names(members, " or "))
            }
            Self::NoElementSource(list, member) => {
                let (list, member) = (list.name(), member.name());
                format!("{dialect} promises `{member}` in every element of `{list}`, which {upstream} does not give")
            }
            Self::OneUser => format!("every caller would act as the one user that the config sets at {upstream}"),
            Self::NoOwner => {
                format!("{upstream} cannot be told whose passkey it must be, so anybody could name anybody's")
            }
            Self::ForeignTokens => {
                format!("the refresh tokens of {dialect}'s callers are a secret, and {upstream} did not make them")
            }
            Self::NoUserHandle => {
                format!(
                    "{dialect} cannot tell the user handle, and a passkey made with another one never signs in at {upstream}"
                )
            }
            Self::NoCredential => format!("{upstream} forgets every passkey at once, and {dialect} names one"),
            Self::NotDiscoverable => {
                format!("{dialect} cannot list the allowed credentials, and those of {upstream} are not discoverable")
            }
            Self::NotMapped => {
                let map = pair.identity.map_or("", Map::name);
                let takes = pair.identity.and_then(|map| map.takes(Namespace::Caller));
                let takes = takes.map_or_else(String::new, |takes| takes.to_string());
                format!("the identity map `{map}` asks for {takes}, and {dialect} names users otherwise")
            }
            Self::NewUser => {
                let map = pair.identity.map_or("", Map::name);
                format!("a user who is new is not in the identity map `{map}`")
            }
            Self::NoSubject => {
                format!(
                    "nothing {upstream} answers proves that the user who finishes is the one {dialect} named at the begin"
                )
            }
        }
    }

    /// What can be done about it.
    pub fn remedy(&self) -> Remedy {
        match self {
            Self::NoOperation
            | Self::NoElementSource(..)
            | Self::NoCredential
            | Self::NoOwner
            | Self::NotDiscoverable => Remedy::None,
            Self::NoUserHandle => Remedy::Bridge,
            Self::ForeignTokens => Remedy::Issue,
            Self::NotMapped => Remedy::Map,
            Self::NewUser => Remedy::NameAlike,
            Self::NoSource(Direction::Request, member) if member.name().starts_with("credential.") => match member {
                Member::CredentialName => Remedy::Set(vec![*member]),
                _ => Remedy::None,
            },
            Self::NoSource(Direction::Request, member) => Remedy::Set(vec![*member]),
            Self::NoSource(Direction::Response, member) => match member.kind() {
                _ if is_token(*member) => Remedy::Issue,
                Kind::List(_) | Kind::Texts => Remedy::Relax(member.name()),
                Kind::Text | Kind::Number | Kind::Flag => Remedy::Fill(*member),
                Kind::Bytes | Kind::Json => Remedy::None,
            },
            Self::NoSourceAmong(members) => Remedy::Set(members.to_vec()),
            Self::NoSubject => Remedy::Relax("subject"),
            Self::OneUser => Remedy::Relax("one_user"),
        }
    }
}

impl Remedy {
    /// What to write below `[routes.NAME]`; empty where nothing helps.
    pub fn advice(&self, route: &str) -> String {
        match self {
            Self::Set(members) => {
                let members = names(members, " or ");
                format!(
                    "give {members} in `[routes.{route}.set]`: a constant, or `{{member}}` of what the caller sends"
                )
            }
            Self::Fill(member @ (Member::UserId | Member::UserEmail)) => {
                let name = member.name();
                format!("say what names the user in `[routes.{route}.fill]`, such as `{name} = \"{{user.email}}\"`")
            }
            Self::Fill(member) => format!("give `{}` a constant in `[routes.{route}.fill]`", member.name()),
            Self::Relax("one_user") => {
                format!(
                    "name the user by what the caller sends, or accept it knowingly: `relax = [\"one_user\"]` in `[routes.{route}]`"
                )
            }
            Self::Relax("subject") => {
                format!(
                    "choose an upstream that names the user, or accept it knowingly: `relax = [\"subject\"]` in `[routes.{route}]`"
                )
            }
            Self::Relax(name) => format!("accept it empty: `relax = [\"{name}\"]` in `[routes.{route}]`"),
            Self::Issue => {
                format!("name an embedded upstream as `issuer` in `[routes.{route}]`, whose tokens are given instead")
            }
            Self::Bridge => "name a file in the upstream's table, `handles = \"handles.db\"`, which keeps the user handles of its \
                             passkeys"
                .to_owned(),
            Self::Map => {
                "let the identity map's `caller` and its queries take what the dialect says of the user".to_owned()
            }
            Self::NameAlike => {
                "leave it out of `required_operations`, or write `missing = \"same\"` in the map if both sides name new users alike"
                    .to_owned()
            }
            Self::None => "no setting can help: choose another upstream".to_owned(),
        }
    }

    /// The setting in short, for the matrix.
    pub fn setting(&self) -> Option<String> {
        match self {
            Self::Set(members) => Some(format!("set {}", names(members, " or "))),
            Self::Fill(member) => Some(format!("fill `{}`", member.name())),
            Self::Relax(name) => Some(format!("relax `{name}`")),
            Self::Issue => Some("`issuer`".to_owned()),
            Self::Bridge => Some("`handles`".to_owned()),
            Self::Map | Self::NameAlike | Self::None => None,
        }
    }
}

impl Loss {
    /// What gets lost, and why.
    pub fn describe(&self) -> String {
        let list = self.list.map(|list| format!("{}.", list.name())).unwrap_or_default();
        format!("the {}'s `{list}{}` is lost: {}", self.direction.name(), self.member.name(), self.reason)
    }
}

impl OperationSupport {
    /// Whether the operation works.
    pub fn works(&self) -> bool {
        self.obstacles.is_empty()
    }
}

fn names(members: &[Member], conjunction: &str) -> String {
    members.iter().map(|member| format!("`{}`", member.name())).collect::<Vec<_>>().join(conjunction)
}
