//! What the embedded relying party needs, uses and gives, operation by operation.
//!
//! This is what a route's check reads in place of a provider file. A test holds it against what the
//! relying party really answers.

use crate::model::member::Member;
use crate::model::operation::Operation;

/// Something a request must have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Need {
    /// This member.
    Member(Member),
    /// At least one of these.
    AnyOf(&'static [Member]),
    /// A verified user as the caller, or else `user.id` or `user.email`.
    User,
}

/// When a response has a member.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Presence {
    /// In every response.
    Always,
    /// Where the request named a user, or a verified user called.
    WithUser,
    /// Where the user, the credential or the request has something to say.
    Sometimes,
}

use Presence::{Always, Sometimes, WithUser};

const CREATED: &[Need] = &[
    Need::Member(Member::CredentialId),
    Need::Member(Member::CredentialClientDataJson),
    Need::Member(Member::CredentialAttestationObject),
];

const CREATION: &[(Member, Presence)] = &[
    (Member::Challenge, Always),
    (Member::Timeout, Always),
    (Member::RpId, Always),
    (Member::RpName, Always),
    (Member::UserHandle, Always),
    (Member::UserName, Always),
    (Member::UserDisplayName, Always),
    (Member::Attachment, Sometimes),
    (Member::ResidentKey, Always),
    (Member::RequireResidentKey, Always),
    (Member::UserVerification, Always),
    (Member::Attestation, Always),
    (Member::Session, Always),
    (Member::UserId, Always),
    (Member::Algorithms, Always),
    (Member::ExcludeCredentials, Sometimes),
];

const SIGN_IN: &[(Member, Presence)] = &[
    (Member::UserId, Always),
    (Member::UserEmail, Sometimes),
    (Member::UserName, Always),
    (Member::UserCreatedAt, Always),
    (Member::UserPasskeyEnabled, Always),
    (Member::UserTotpEnabled, Always),
    (Member::CredentialHandle, Always),
    (Member::TokensAccess, Always),
    (Member::TokensRefresh, Always),
    (Member::TokensId, Sometimes),
    (Member::TokensSession, Sometimes),
    (Member::TokensType, Always),
    (Member::TokensScope, Sometimes),
    (Member::TokensExpiresIn, Always),
    (Member::TokensRefreshExpiresIn, Always),
];

/// No passkey is at hand, and a session is not made again.
const REFRESHED: &[(Member, Presence)] = &[
    (Member::UserId, Always),
    (Member::UserEmail, Sometimes),
    (Member::UserName, Always),
    (Member::UserCreatedAt, Always),
    (Member::UserPasskeyEnabled, Always),
    (Member::UserTotpEnabled, Always),
    (Member::TokensAccess, Always),
    (Member::TokensRefresh, Always),
    (Member::TokensId, Sometimes),
    (Member::TokensType, Always),
    (Member::TokensScope, Sometimes),
    (Member::TokensExpiresIn, Always),
    (Member::TokensRefreshExpiresIn, Always),
];

/// What a request must have, all of it.
pub const fn requires(operation: Operation) -> &'static [Need] {
    match operation {
        Operation::LoginBegin => &[],
        Operation::LoginFinish => &[
            Need::Member(Member::CredentialId),
            Need::Member(Member::CredentialClientDataJson),
            Need::Member(Member::CredentialAuthenticatorData),
            Need::Member(Member::CredentialSignature),
        ],
        Operation::RegistrationBegin | Operation::CredentialsList => &[Need::User],
        Operation::RegistrationFinish | Operation::SignupFinish => CREATED,
        Operation::SignupBegin => &[Need::Member(Member::UserEmail)],
        Operation::SessionRefresh => &[Need::Member(Member::TokensRefresh)],
        Operation::CredentialsDelete => &[Need::AnyOf(&[Member::CredentialId, Member::CredentialHandle])],
    }
}

/// The members of a request that make a difference; every other one is lost here.
pub const fn takes(operation: Operation) -> &'static [Member] {
    match operation {
        Operation::LoginBegin => &[Member::UserId, Member::UserEmail, Member::RpId],
        Operation::LoginFinish => &[
            Member::CredentialId,
            Member::CredentialClientDataJson,
            Member::CredentialAuthenticatorData,
            Member::CredentialSignature,
            Member::CredentialUserHandle,
            Member::UserId,
            Member::UserEmail,
            Member::Scope,
            Member::Audience,
            Member::SessionLifetime,
            Member::ClientId,
        ],
        Operation::RegistrationBegin => &[Member::UserId, Member::UserEmail, Member::RpId, Member::Attachment],
        Operation::RegistrationFinish => &[
            Member::CredentialId,
            Member::CredentialClientDataJson,
            Member::CredentialAttestationObject,
            Member::CredentialTransports,
            Member::CredentialName,
            Member::UserId,
        ],
        Operation::SignupBegin => &[
            Member::UserEmail,
            Member::UserName,
            Member::UserPhone,
            Member::UserUsername,
            Member::UserGivenName,
            Member::UserFamilyName,
            Member::UserNickname,
            Member::UserPicture,
            Member::UserMetadata,
            Member::RpId,
            Member::Attachment,
        ],
        Operation::SignupFinish => &[
            Member::CredentialId,
            Member::CredentialClientDataJson,
            Member::CredentialAttestationObject,
            Member::CredentialTransports,
            Member::CredentialName,
            Member::UserId,
            Member::Scope,
            Member::Audience,
            Member::ClientId,
        ],
        Operation::SessionRefresh => &[Member::TokensRefresh, Member::Scope, Member::ClientId],
        Operation::CredentialsList => &[Member::UserId],
        Operation::CredentialsDelete => {
            &[Member::CredentialId, Member::CredentialHandle, Member::UserId, Member::UserEmail]
        }
    }
}

/// The members a response has, and when.
pub const fn gives(operation: Operation) -> &'static [(Member, Presence)] {
    match operation {
        Operation::LoginBegin => &[
            (Member::Challenge, Always),
            (Member::Timeout, Always),
            (Member::RpId, Always),
            (Member::UserVerification, Always),
            (Member::Session, Always),
            (Member::UserId, WithUser),
            (Member::AllowCredentials, WithUser),
        ],
        Operation::LoginFinish | Operation::SignupFinish => SIGN_IN,
        Operation::SessionRefresh => REFRESHED,
        Operation::RegistrationBegin | Operation::SignupBegin => CREATION,
        Operation::RegistrationFinish => &[
            (Member::UserId, Always),
            (Member::UserHandle, Always),
            (Member::CredentialId, Always),
            (Member::CredentialHandle, Always),
            (Member::CredentialName, Sometimes),
            (Member::CredentialTransports, Sometimes),
            (Member::CredentialCreatedAt, Always),
            (Member::RpId, Always),
        ],
        Operation::CredentialsList => &[(Member::Credentials, Sometimes)],
        Operation::CredentialsDelete => &[(Member::UserId, Always)],
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::operation::Direction;

    #[test]
    fn only_members_of_the_operation_are_named() {
        for operation in Operation::ALL {
            let request = operation.members(Direction::Request);
            let taken = takes(operation);
            assert!(taken.iter().all(|member| request.contains(member)), "{operation:?}");
            let needed = requires(operation).iter().flat_map(|need| match need {
                Need::Member(member) => std::slice::from_ref(member),
                Need::AnyOf(members) => members,
                Need::User => &[Member::UserId],
            });
            assert!(needed.into_iter().all(|member| taken.contains(member)), "{operation:?}");
            let response = operation.members(Direction::Response);
            assert!(gives(operation).iter().all(|(member, _)| response.contains(member)), "{operation:?}");
        }
    }
}
