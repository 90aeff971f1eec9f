//! The nine operations of a passkey's life, and what each message of them can carry.

use serde::{Deserialize, Serialize};

use super::{assertion, credentials, member::Member, registration, session};

/// What a caller wants done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Operation {
    /// A user wants to sign in: answer with a challenge.
    LoginBegin,
    /// The authenticator signed: answer with who that is.
    LoginFinish,
    /// A known user wants to add a passkey.
    RegistrationBegin,
    /// The authenticator made a passkey for a known user.
    RegistrationFinish,
    /// Somebody new wants to sign up with a passkey.
    SignupBegin,
    /// The authenticator made a passkey for somebody new.
    SignupFinish,
    /// Somebody who signed in wants new tokens for the refresh token of that.
    SessionRefresh,
    /// Which passkeys does a user have.
    CredentialsList,
    /// Forget a passkey.
    CredentialsDelete,
}

/// Which way a message goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Direction {
    /// From the caller to who does the work.
    Request,
    /// The answer.
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
    /// Every operation, in the order of a passkey's life.
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

    /// The members a message of this operation can have.
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

    /// Whether it opens a ceremony, so that it answers with a challenge.
    pub const fn is_begin(self) -> bool {
        matches!(self, Self::LoginBegin | Self::RegistrationBegin | Self::SignupBegin)
    }

    /// Whether it closes a ceremony, so that it carries client data.
    pub const fn is_finish(self) -> bool {
        matches!(self, Self::LoginFinish | Self::RegistrationFinish | Self::SignupFinish)
    }
}
