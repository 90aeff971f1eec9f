//! How reliably a message has a member, and the groups of members that the checks treat alike.

use crate::model::member::Member;
use crate::model::operation::Operation;
use crate::provider::template::placeholder::Need;

/// The members that name a user to an upstream.
pub(crate) const USER: [Member; 2] = [Member::UserId, Member::UserEmail];

/// The begin and the finish of each ceremony.
pub(crate) const CEREMONIES: [(Operation, Operation); 3] = [
    (Operation::LoginBegin, Operation::LoginFinish),
    (Operation::RegistrationBegin, Operation::RegistrationFinish),
    (Operation::SignupBegin, Operation::SignupFinish),
];

/// How reliably a member is available.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Availability {
    Never,
    Sometimes,
    Always,
}

/// The availability of a member in a message.
pub(crate) fn availability(members: &[(Member, Need)], member: Member) -> Availability {
    match members.iter().find(|(known, _)| *known == member) {
        Some((_, Need::Required)) => Availability::Always,
        Some((_, Need::Optional | Need::Nullable | Need::Blank)) => Availability::Sometimes,
        None => Availability::Never,
    }
}

/// Whether a message can carry a member.
pub(crate) fn has(members: &[(Member, Need)], member: Member) -> bool {
    availability(members, member) != Availability::Never
}

/// The availability of a member in a response or in its ID token (OpenID Connect Core, section 2).
pub(crate) fn with_id_token(response: &[(Member, Need)], member: Member) -> Availability {
    let is_claim = matches!(member, Member::UserId | Member::UserEmail | Member::UserName);
    let in_id_token = match is_claim && has(response, Member::TokensId) {
        true => Availability::Sometimes,
        false => Availability::Never,
    };
    availability(response, member).max(in_id_token)
}

/// The begin of the ceremony that an operation finishes.
pub(crate) fn begin_of(operation: Operation) -> Option<Operation> {
    CEREMONIES.iter().find(|(_, finish)| *finish == operation).map(|(begin, _)| *begin)
}

/// Whether the gateway's own issuer can make this member.
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
