//! The nine passkey operations and the members of their messages.

use serde::{Deserialize, Serialize};

use crate::model::member::Member;
use crate::model::{assertion, credentials, registration, session};

/// An operation of a passkey API.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Operation {
    /// Starts a sign-in; the response has a challenge.
    LoginBegin,
    /// Completes a sign-in with the authenticator's signature; the response names the user.
    LoginFinish,
    /// Starts adding a passkey to an existing user.
    RegistrationBegin,
    /// Completes adding a passkey to an existing user.
    RegistrationFinish,
    /// Starts the sign-up of a new user with a passkey.
    SignupBegin,
    /// Completes the sign-up of a new user.
    SignupFinish,
    /// Exchanges a refresh token for new tokens.
    SessionRefresh,
    /// Lists the passkeys of a user.
    CredentialsList,
    /// Deletes a passkey.
    CredentialsDelete,
}

/// The direction of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Direction {
    /// From the caller to the upstream.
    Request,
    /// From the upstream to the caller.
    Response,
}

impl Direction {
    /// `request` or `response`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Request => "request",
            Self::Response => "response",
        }
    }
}

impl Operation {
    /// Every operation.
    pub const ALL: [Self; 9] = [
        Self::LoginBegin,
        Self::LoginFinish,
        Self::RegistrationBegin,
        Self::RegistrationFinish,
        Self::SignupBegin,
        Self::SignupFinish,
        Self::SessionRefresh,
        Self::CredentialsList,
        Self::CredentialsDelete,
    ];

    /// The name used in provider files, in the config and in logs.
    pub const fn name(self) -> &'static str {
        match self {
            Self::LoginBegin => "login.begin",
            Self::LoginFinish => "login.finish",
            Self::RegistrationBegin => "registration.begin",
            Self::RegistrationFinish => "registration.finish",
            Self::SignupBegin => "signup.begin",
            Self::SignupFinish => "signup.finish",
            Self::SessionRefresh => "session.refresh",
            Self::CredentialsList => "credentials.list",
            Self::CredentialsDelete => "credentials.delete",
        }
    }

    /// The operation of that name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|operation| operation.name() == name)
    }

    /// The members that a message of this operation can have.
    pub const fn members(self, direction: Direction) -> &'static [Member] {
        match (self, direction) {
            (Self::LoginBegin, Direction::Request) => assertion::ASSERTION_REQUEST,
            (Self::LoginBegin, Direction::Response) => assertion::CREDENTIAL_ASSERTION,
            (Self::LoginFinish, Direction::Request) => assertion::ASSERTION_RESPONSE,
            (Self::LoginFinish | Self::SignupFinish | Self::SessionRefresh, Direction::Response) => assertion::SIGN_IN,
            (Self::SessionRefresh, Direction::Request) => session::REFRESH_REQUEST,
            (Self::RegistrationBegin | Self::SignupBegin, Direction::Request) => registration::CREATION_REQUEST,
            (Self::RegistrationBegin | Self::SignupBegin, Direction::Response) => registration::CREDENTIAL_CREATION,
            (Self::RegistrationFinish | Self::SignupFinish, Direction::Request) => registration::ATTESTATION_RESPONSE,
            (Self::RegistrationFinish, Direction::Response) => registration::REGISTERED,
            (Self::CredentialsList, Direction::Request) => credentials::LIST_REQUEST,
            (Self::CredentialsList, Direction::Response) => credentials::CREDENTIAL_LIST,
            (Self::CredentialsDelete, Direction::Request) => credentials::DELETION_REQUEST,
            (Self::CredentialsDelete, Direction::Response) => credentials::DELETION,
        }
    }

    /// Whether it starts a ceremony: the response has a challenge.
    pub const fn is_begin(self) -> bool {
        matches!(self, Self::LoginBegin | Self::RegistrationBegin | Self::SignupBegin)
    }

    /// Whether it completes a ceremony: the request has client data.
    pub const fn is_finish(self) -> bool {
        matches!(self, Self::LoginFinish | Self::RegistrationFinish | Self::SignupFinish)
    }
}

impl Member {
    /// The members of one element of a list; empty for a member that is not a list of records.
    pub const fn element_members(self) -> &'static [Self] {
        match self {
            Self::AllowCredentials | Self::ExcludeCredentials => assertion::DESCRIPTOR,
            Self::Algorithms => registration::ALGORITHM,
            Self::Credentials => credentials::CREDENTIAL_SUMMARY,
            _ => &[],
        }
    }

    /// Whether its value in a message of that direction is a secret, which the config accepts as `env:NAME` or
    /// `file:PATH` only.
    pub const fn is_secret(self, direction: Direction) -> bool {
        let authenticates = matches!(self, Self::ClientSecret | Self::ClientKey | Self::UserToken | Self::MfaToken);
        authenticates || (self.is_sign_in_token() && matches!(direction, Direction::Request))
    }
}
