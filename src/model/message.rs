//! Requests and responses of any operation, for code that treats all operations alike.

use crate::model::assertion::{AssertionRequest, AssertionResponse, CredentialAssertion, SignIn};
use crate::model::credentials::{CredentialList, Deletion, DeletionRequest, ListRequest};
use crate::model::operation::Operation;
use crate::model::record::{Record, copy};
use crate::model::registration::{AttestationResponse, CreationRequest, CredentialCreation, Registered};
use crate::model::session::RefreshRequest;

macro_rules! message {
    ($(#[$doc:meta])* $name:ident { $($operation:ident: $record:ident,)* }) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq)]
        #[expect(missing_docs, reason = "each variant is named after its operation")]
        pub enum $name<'a> {
            $($operation(Box<$record<'a>>),)*
        }

        impl<'a> $name<'a> {
            /// An empty message of an operation.
            pub fn new(operation: Operation) -> Self {
                match operation {
                    $(Operation::$operation => Self::$operation(Default::default()),)*
                }
            }

            /// The operation of the message.
            pub const fn operation(&self) -> Operation {
                match self {
                    $(Self::$operation(_) => Operation::$operation,)*
                }
            }

            /// A copy that borrows nothing.
            pub fn owned(&self) -> $name<'static> {
                let mut owned = $name::new(self.operation());
                copy(self.record(), owned.record_mut());
                owned
            }

            /// Its members, to read.
            pub fn record(&self) -> &dyn Record<'a> {
                match self {
                    $(Self::$operation(record) => &**record,)*
                }
            }

            /// Its members, to write.
            pub fn record_mut(&mut self) -> &mut dyn Record<'a> {
                match self {
                    $(Self::$operation(record) => &mut **record,)*
                }
            }
        }
    };
}

message! {
    /// A request. The records are boxed because a message is moved more often than it is created.
    Request {
        LoginBegin: AssertionRequest,
        LoginFinish: AssertionResponse,
        RegistrationBegin: CreationRequest,
        RegistrationFinish: AttestationResponse,
        SignupBegin: CreationRequest,
        SignupFinish: AttestationResponse,
        SessionRefresh: RefreshRequest,
        CredentialsList: ListRequest,
        CredentialsDelete: DeletionRequest,
    }
}

message! {
    /// A response. Boxed like [`Request`].
    Response {
        LoginBegin: CredentialAssertion,
        LoginFinish: SignIn,
        RegistrationBegin: CredentialCreation,
        RegistrationFinish: Registered,
        SignupBegin: CredentialCreation,
        SignupFinish: SignIn,
        SessionRefresh: SignIn,
        CredentialsList: CredentialList,
        CredentialsDelete: Deletion,
    }
}

#[cfg(test)]
mod tests {
    use crate::model::assertion::Descriptor;

    use super::*;

    #[test]
    fn owned_copy_equals_the_message() {
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
