//! The members that the embedded relying party requires, uses and returns, by operation.
//!
//! `routes` checks a route against these tables, as it does against a provider file. A test compares them with the
//! relying party's responses.

use crate::model::member::Member;
use crate::model::operation::Operation;

/// A requirement of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Requirement {
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
    /// When the request names a user, or the caller is a verified user.
    WithUser,
    /// When the user, the credential or the request has a value for it.
    Sometimes,
}

use Presence::{Always, Sometimes, WithUser};

const CREATED: &[Requirement] = &[
    Requirement::Member(Member::CredentialId),
    Requirement::Member(Member::CredentialClientDataJson),
    Requirement::Member(Member::CredentialAttestationObject),
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

/// A refresh involves no passkey and creates no session.
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

/// The requirements of a request. All must be met.
pub const fn requires(operation: Operation) -> &'static [Requirement] {
    match operation {
        Operation::LoginBegin => &[],
        Operation::LoginFinish => &[
            Requirement::Member(Member::CredentialId),
            Requirement::Member(Member::CredentialClientDataJson),
            Requirement::Member(Member::CredentialAuthenticatorData),
            Requirement::Member(Member::CredentialSignature),
        ],
        Operation::RegistrationBegin | Operation::CredentialsList => &[Requirement::User],
        Operation::RegistrationFinish | Operation::SignupFinish => CREATED,
        Operation::SignupBegin => &[Requirement::Member(Member::UserEmail)],
        Operation::SessionRefresh => &[Requirement::Member(Member::TokensRefresh)],
        Operation::CredentialsDelete => &[Requirement::AnyOf(&[Member::CredentialId, Member::CredentialHandle])],
    }
}

/// The request members that are used. All others are ignored.
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

/// The members of a response, and when they are present.
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
                Requirement::Member(member) => std::slice::from_ref(member),
                Requirement::AnyOf(members) => members,
                Requirement::User => &[Member::UserId],
            });
            assert!(needed.into_iter().all(|member| taken.contains(member)), "{operation:?}");
            let response = operation.members(Direction::Response);
            assert!(gives(operation).iter().all(|(member, _)| response.contains(member)), "{operation:?}");
        }
    }
}
