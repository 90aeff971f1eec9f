//! Where a member of a message comes from, and how surely.
//!
//! A request's members come from the config, the caller's verified token, the caller's own message, or
//! what its begin left behind; a response's from the upstream, the config, or what the caller said.

use crate::identity::names::Namespace;
use crate::model::member::Member;
use crate::model::operation::{Direction, Operation};
use crate::provider::template::hole::Need;
use crate::provider::template::message::Caller;
use crate::routes::assignment::Assignment;
use crate::routes::compatibility::Pair;
use crate::routes::forwarding::may_travel;
use crate::routes::provider_side::ProviderSide;

/// The members that name a user to an upstream.
pub(crate) const USER: [Member; 2] = [Member::UserId, Member::UserEmail];

/// How sure a source is.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Source {
    None,
    Sometimes,
    Always,
}

impl Pair<'_> {
    pub(crate) fn request_source(&self, operation: Operation, member: Member, asking: &[(Member, Need)]) -> Source {
        let set = self.set.iter().find(|assignment| assignment.member == member);
        match (set.map(Assignment::reference), self.identity) {
            (Some(None), _) => return Source::Always,
            (Some(Some(of)), _) if self.identity.is_some() && USER.contains(&of) => {
                return self.said(operation, of, asking);
            }
            (Some(Some(of)), _) => {
                return self.request_source(operation, of, asking).max(self.remembered(operation, of));
            }
            (None, Some(map)) if USER.contains(&member) => return self.mapped(map, operation, member, asking),
            (None, _) => {}
        }
        if self.claims.contains(&member) && self.caller_is_verified(operation) {
            return Source::Always;
        }
        if !may_travel(member, operation, self.relation()) {
            return Source::None;
        }
        if matches!(member, Member::ClientUserAgent | Member::ClientAddress) || member.meaning_when_absent().is_some() {
            return Source::Always;
        }
        // The gateway reads the challenge out of the client data and keeps the session itself.
        if operation.is_finish() && matches!(member, Member::Session | Member::Challenge) {
            return Source::Always;
        }
        let convertible = match member {
            Member::CredentialId => carried(asking, Member::CredentialHandle),
            _ => Source::None,
        };
        carried(asking, member).max(convertible).max(self.remembered(operation, member))
    }

    /// What the begin of a ceremony left behind for its finish.
    pub(crate) fn remembered(&self, operation: Operation, member: Member) -> Source {
        let Some(begin) = begin_of(operation) else { return Source::None };
        if !matches!(
            member,
            Member::UserId | Member::UserEmail | Member::Account | Member::Organization | Member::Connection
        ) {
            return Source::None;
        }
        let asking = ProviderSide::Provider(self.dialect).carried(begin, Direction::Request, true).unwrap_or_default();
        self.request_source(begin, member, &asking)
    }

    pub(crate) fn response_source(
        &self,
        operation: Operation,
        member: Member,
        asking: &[(Member, Need)],
        answered: &[(Member, Need)],
    ) -> Source {
        if let Some(assignment) = self.fill.iter().find(|assignment| assignment.member == member) {
            return match assignment.reference() {
                None => Source::Always,
                Some(of) if self.identity.is_some() && USER.contains(&of) => {
                    self.unfilled(operation, of, asking, answered)
                }
                Some(of) => {
                    self.request_source(operation, of, asking).max(self.unfilled(operation, of, asking, answered))
                }
            };
        }
        self.unfilled(operation, member, asking, answered)
    }

    /// Where a response's member comes from when nothing fills it.
    fn unfilled(
        &self,
        operation: Operation,
        member: Member,
        asking: &[(Member, Need)],
        answered: &[(Member, Need)],
    ) -> Source {
        let relaxed = self.relax.contains(&member);
        let issued = self.issues_tokens && is_token(member);
        if relaxed || issued || member.meaning_when_absent().is_some() {
            return Source::Always;
        }
        // Session handles are the gateway's own unless both sides are one provider.
        if matches!(member, Member::Session) && !self.is_same_provider() {
            return Source::Always;
        }
        if let Some(map) = self.identity
            && USER.contains(&member)
        {
            return self.translated(map, operation, member, asking, answered);
        }
        let echoed = match member {
            Member::UserId | Member::UserEmail => {
                self.request_source(operation, member, asking).max(self.remembered(operation, member))
            }
            Member::CredentialId => carried(asking, Member::CredentialId),
            Member::CredentialHandle => {
                carried(asking, Member::CredentialId).max(carried(answered, Member::CredentialId))
            }
            Member::CredentialName => self.request_source(operation, member, asking),
            _ => Source::None,
        };
        carried(answered, member).max(echoed).max(id_token(answered, member))
    }

    /// Whether a finished login can be tied to the user it was begun for: nobody was named, or the
    /// upstream was told who, or it says who it was.
    pub(crate) fn proves_subject(&self) -> bool {
        let begin = Operation::LoginBegin;
        let asking = ProviderSide::Provider(self.dialect).carried(begin, Direction::Request, true).unwrap_or_default();
        let named: Vec<Member> = USER
            .into_iter()
            .filter(|member| {
                let claimed = self.claims.contains(member) && self.caller_is_verified(begin);
                carried(&asking, *member) != Source::None || claimed
            })
            .collect();
        let by_bearer = self.dialect_caller(begin) == Some(Caller::User);
        if named.is_empty() && !by_bearer {
            return true;
        }
        if by_bearer && self.is_same_provider() {
            return true;
        }
        let told = self.upstream.carried(begin, Direction::Request, true).unwrap_or_default();
        let is_told = USER.into_iter().any(|member| {
            carried(&told, member) != Source::None && self.request_source(begin, member, &asking) != Source::None
        }) && !names_constant_user(self.set);
        let answered = self.upstream.carried(Operation::LoginFinish, Direction::Response, true).unwrap_or_default();
        if let Some(map) = self.identity {
            let gives = map.gives(Namespace::Upstream);
            let names = USER.into_iter().filter(|member| gives.contains(member) || map.knows_strangers());
            let is_named = self.forward(map, begin, &asking) != Source::None;
            let answers = |member| carried(&answered, member).max(id_token(&answered, member)) != Source::None;
            return is_told || (is_named && names.into_iter().any(answers));
        }
        is_told
            || named
                .into_iter()
                .any(|member| carried(&answered, member).max(id_token(&answered, member)) != Source::None)
    }

    /// Whether a request that needs a user is always made for the one that the config names.
    pub(crate) fn asks_as_one_user(&self, asked: &[(Member, Need)]) -> bool {
        self.set.iter().any(|assignment| {
            let names = matches!(assignment.member, Member::UserId | Member::UserEmail | Member::UserToken);
            names && assignment.reference().is_none() && carried(asked, assignment.member) != Source::None
        })
    }

    /// Whether what users ask about their own is asked of the upstream in the gateway's name, with no word of whose.
    pub(crate) fn asks_for_nobody(&self, operation: Operation, asked: &[(Member, Need)]) -> bool {
        let in_our_name = self.upstream.caller(operation).is_some_and(|caller| caller != Caller::User);
        let names = |member: &Member| carried(asked, *member) != Source::None;
        self.caller_is_verified(operation) && in_our_name && !USER.iter().any(names)
    }

    pub(crate) fn dialect_caller(&self, operation: Operation) -> Option<Caller> {
        ProviderSide::Provider(self.dialect).caller(operation)
    }

    pub(crate) fn caller_is_verified(&self, operation: Operation) -> bool {
        self.dialect_caller(operation) == Some(Caller::User)
    }
}

/// Whether the upstream is asked for one and the same user. That it then signs in that user proves
/// nothing of the one the caller named.
pub(crate) fn names_constant_user(set: &[Assignment]) -> bool {
    set.iter().any(|assignment| {
        matches!(assignment.member, Member::UserId | Member::UserEmail) && assignment.reference().is_none()
    })
}

/// The operation that began what this one finishes.
pub(crate) fn begin_of(operation: Operation) -> Option<Operation> {
    match operation {
        Operation::LoginFinish => Some(Operation::LoginBegin),
        Operation::RegistrationFinish => Some(Operation::RegistrationBegin),
        Operation::SignupFinish => Some(Operation::SignupBegin),
        Operation::LoginBegin
        | Operation::RegistrationBegin
        | Operation::SignupBegin
        | Operation::SessionRefresh
        | Operation::CredentialsList
        | Operation::CredentialsDelete => None,
    }
}

/// An id token says who signed in, where there is one (OpenID Connect Core 2).
pub(crate) fn id_token(answered: &[(Member, Need)], member: Member) -> Source {
    let says = matches!(member, Member::UserId | Member::UserEmail | Member::UserName);
    if says && carried(answered, Member::TokensId) != Source::None { Source::Sometimes } else { Source::None }
}

/// How surely a message has a member.
pub(crate) fn carried(members: &[(Member, Need)], member: Member) -> Source {
    match members.iter().find(|(known, _)| *known == member) {
        Some((_, Need::Required)) => Source::Always,
        Some((_, Need::Optional | Need::Nullable | Need::Blank)) => Source::Sometimes,
        None => Source::None,
    }
}

/// Whether the gateway's own issuer can make it.
pub(crate) fn is_token(member: Member) -> bool {
    matches!(
        member,
        Member::TokensAccess
            | Member::TokensRefresh
            | Member::TokensId
            | Member::TokensSession
            | Member::TokensType
            | Member::TokensScope
            | Member::TokensExpiresIn
            | Member::TokensRefreshExpiresIn
    )
}
