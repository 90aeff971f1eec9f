//! A message of any operation, for code that serves them all alike.

use super::assertion::{AssertionRequest, AssertionResponse, CredentialAssertion, SignIn};
use super::credentials::{CredentialList, Deletion, DeletionRequest, ListRequest};
use super::operation::{Direction, Operation};
use super::record::{Record, copy};
use super::registration::{AttestationResponse, CreationRequest, CredentialCreation, Registered};
use super::session::RefreshRequest;

/// What a caller asks. In boxes, for a message is handed on more often than it is made.
#[derive(Clone, Debug, PartialEq)]
#[expect(missing_docs, reason = "each variant is named after the operation it belongs to")]
pub enum Request<'a> {
    LoginBegin(Box<AssertionRequest<'a>>),
    LoginFinish(Box<AssertionResponse<'a>>),
    RegistrationBegin(Box<CreationRequest<'a>>),
    RegistrationFinish(Box<AttestationResponse<'a>>),
    SignupBegin(Box<CreationRequest<'a>>),
    SignupFinish(Box<AttestationResponse<'a>>),
    SessionRefresh(Box<RefreshRequest<'a>>),
    CredentialsList(Box<ListRequest<'a>>),
    CredentialsDelete(Box<DeletionRequest<'a>>),
}

/// What it is answered. In boxes for the same reason.
#[derive(Clone, Debug, PartialEq)]
#[expect(missing_docs, reason = "each variant is named after the operation it belongs to")]
pub enum Response<'a> {
    LoginBegin(Box<CredentialAssertion<'a>>),
    LoginFinish(Box<SignIn<'a>>),
    RegistrationBegin(Box<CredentialCreation<'a>>),
    RegistrationFinish(Box<Registered<'a>>),
    SignupBegin(Box<CredentialCreation<'a>>),
    SignupFinish(Box<SignIn<'a>>),
    SessionRefresh(Box<SignIn<'a>>),
    CredentialsList(Box<CredentialList<'a>>),
    CredentialsDelete(Box<Deletion<'a>>),
}

macro_rules! message {
    ($name:ident, $direction:expr) => {
        impl<'a> $name<'a> {
            /// An empty message of an operation.
            pub fn new(operation: Operation) -> Self {
                match operation {
                    Operation::LoginBegin => Self::LoginBegin(Default::default()),
                    Operation::LoginFinish => Self::LoginFinish(Default::default()),
                    Operation::RegistrationBegin => Self::RegistrationBegin(Default::default()),
                    Operation::RegistrationFinish => Self::RegistrationFinish(Default::default()),
                    Operation::SignupBegin => Self::SignupBegin(Default::default()),
                    Operation::SignupFinish => Self::SignupFinish(Default::default()),
                    Operation::SessionRefresh => Self::SessionRefresh(Default::default()),
                    Operation::CredentialsList => Self::CredentialsList(Default::default()),
                    Operation::CredentialsDelete => Self::CredentialsDelete(Default::default()),
                }
            }

            /// Which operation it belongs to.
            pub const fn operation(&self) -> Operation {
                match self {
                    Self::LoginBegin(_) => Operation::LoginBegin,
                    Self::LoginFinish(_) => Operation::LoginFinish,
                    Self::RegistrationBegin(_) => Operation::RegistrationBegin,
                    Self::RegistrationFinish(_) => Operation::RegistrationFinish,
                    Self::SignupBegin(_) => Operation::SignupBegin,
                    Self::SignupFinish(_) => Operation::SignupFinish,
                    Self::SessionRefresh(_) => Operation::SessionRefresh,
                    Self::CredentialsList(_) => Operation::CredentialsList,
                    Self::CredentialsDelete(_) => Operation::CredentialsDelete,
                }
            }

            /// The same, borrowing nothing.
            pub fn owned(&self) -> $name<'static> {
                let mut owned = $name::new(self.operation());
                copy(self.record(), owned.record_mut());
                owned
            }

            /// Its members, to read.
            pub fn record(&self) -> &dyn Record<'a> {
                match self {
                    Self::LoginBegin(record) => &**record,
                    Self::LoginFinish(record) => &**record,
                    Self::RegistrationBegin(record) | Self::SignupBegin(record) => &**record,
                    Self::CredentialsList(record) => &**record,
                    Self::CredentialsDelete(record) => &**record,
                    Self::RegistrationFinish(record) => &**record,
                    Self::SignupFinish(record) => &**record,
                    Self::SessionRefresh(record) => &**record,
                }
            }

            /// Its members, to write.
            pub fn record_mut(&mut self) -> &mut dyn Record<'a> {
                match self {
                    Self::LoginBegin(record) => &mut **record,
                    Self::LoginFinish(record) => &mut **record,
                    Self::RegistrationBegin(record) | Self::SignupBegin(record) => &mut **record,
                    Self::CredentialsList(record) => &mut **record,
                    Self::CredentialsDelete(record) => &mut **record,
                    Self::RegistrationFinish(record) => &mut **record,
                    Self::SignupFinish(record) => &mut **record,
                    Self::SessionRefresh(record) => &mut **record,
                }
            }

            /// Which way it goes.
            pub const fn direction() -> Direction {
                $direction
            }
        }
    };
}

message!(Request, Direction::Request);
message!(Response, Direction::Response);

#[cfg(test)]
mod tests {
    use super::super::assertion::{CredentialAssertion, Descriptor};
    use super::*;

    #[test]
    fn an_owned_message_says_the_same() {
        let id = b"id".to_vec();
        let text = "example.com".to_owned();
        let descriptor = Descriptor {
            id: Some(id.as_slice().into()),
            transports: vec!["usb".into(), text.as_str().into()],
            ..Default::default()
        };
        let answer = Response::LoginBegin(Box::new(CredentialAssertion {
            challenge: Some(id.as_slice().into()),
            timeout: Some(7),
            rp_id: Some(text.as_str().into()),
            allow_credentials: vec![descriptor, Descriptor::default()],
            ..Default::default()
        }));
        assert_eq!(answer.owned(), answer);
    }
}
