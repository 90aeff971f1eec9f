//! Signing in.
//!
//! A begin that names nobody lists no credentials, so that any discoverable one may answer. A finish
//! counts when everything is verified and the counter could be raised in the same transaction that
//! keeps the new tokens.

use std::borrow::Cow;

use crate::model::assertion::{AssertionRequest, AssertionResponse, CredentialAssertion, SignIn};
use crate::model::fault::{Fault, Refusal};
use crate::model::user_verification::UserVerification;
use crate::relying_party::Shared;
use crate::relying_party::ceremony::{check_rp_id, descriptor, forbidden, new_terms, rejected, required};
use crate::relying_party::directory::Store;
use crate::relying_party::directory::credential::{Credential, Use};
use crate::relying_party::directory::observed::ObservedCredential;
use crate::relying_party::directory::user::User;
use crate::relying_party::dummy_credential;
use crate::relying_party::pending::{Named, Pending, PendingLogin};
use crate::relying_party::subject::Subject;
use crate::relying_party::tokens::authentication::Authentication;
use crate::relying_party::tokens::grant::Grant;
use crate::relying_party::tokens::issue::{Issued, Occasion};
use crate::relying_party::verification;
use crate::storage::error::StoreError;
use crate::webauthn::assertion::Assertion;

/// `login.begin`, as far as it matters here.
#[derive(Debug)]
pub(crate) struct BeginLogin {
    subject: Subject,
    user_verification: UserVerification,
}

impl BeginLogin {
    pub(crate) fn read(
        request: &AssertionRequest<'_>,
        caller: Option<&str>,
        user_verification: UserVerification,
        shared: &Shared,
    ) -> Result<Self, Refusal> {
        check_rp_id(request.rp_id.as_deref(), &shared.party)?;
        let subject = Subject::new(caller, request.user_id.as_deref(), request.user_email.as_deref());
        Ok(Self { subject, user_verification })
    }

    /// Whether the answer needs no look into the directory.
    pub(crate) fn is_for_nobody(&self) -> bool {
        self.subject.is_nobody()
    }

    /// Answers with a challenge that any discoverable credential may sign.
    pub(crate) fn discoverable(&self, shared: &Shared) -> Result<CredentialAssertion<'static>, Refusal> {
        let pending = PendingLogin { terms: new_terms(self.user_verification)?, named: None };
        options(shared, pending, &[])
    }

    /// Answers with a challenge for the user's credentials.
    pub(crate) fn serve(&self, store: &Store, shared: &Shared) -> Result<CredentialAssertion<'static>, Refusal> {
        let user = match self.subject.find(store.connection()) {
            Ok(Some(user)) => user,
            Ok(None) => return self.discoverable(shared),
            Err(refusal) => {
                // Whoever measures how long it takes learns no more than whoever reads the answer.
                if refusal.fault == Fault::UnknownUser {
                    Credential::of_user(store.connection(), dummy_credential::ID, &shared.party.rp_id)?;
                    dummy_credential::look_up(store.connection(), dummy_credential::ID.as_bytes())?;
                }
                return Err(refusal);
            }
        };
        let credentials = Credential::of_user(store.connection(), &user.id, &shared.party.rp_id)?;
        let Some(last) = credentials.last() else {
            return Err(Refusal::new(Fault::UnknownUser, "the user has no passkey for this relying party"));
        };
        let is_caller = self.subject.caller.is_some();
        let named = Named { user_id: user.id, is_caller, last_serial: last.serial };
        let pending = PendingLogin { terms: new_terms(self.user_verification)?, named: Some(named) };
        options(shared, pending, &credentials)
    }
}

/// Answers as for a user who is not there: nobody can finish it.
pub(crate) fn for_nobody(
    user_verification: UserVerification,
    shared: &Shared,
) -> Result<CredentialAssertion<'static>, Refusal> {
    let named = Named { user_id: dummy_credential::ID.to_owned(), is_caller: false, last_serial: 0 };
    let pending = PendingLogin { terms: new_terms(user_verification)?, named: Some(named) };
    Ok(CredentialAssertion { user_id: None, ..options(shared, pending, &[])? })
}

fn options(
    shared: &Shared,
    pending: PendingLogin,
    allowed: &[Credential],
) -> Result<CredentialAssertion<'static>, Refusal> {
    let party = &shared.party;
    Ok(CredentialAssertion {
        challenge: Some(pending.terms.challenge.0.clone().into()),
        timeout: Some(party.timeout_ms),
        rp_id: Some(party.rp_id.clone().into()),
        user_verification: Some(pending.terms.user_verification.name().into()),
        user_id: pending.named.as_ref().map(|named| Cow::Owned(named.user_id.clone())),
        allow_credentials: allowed.iter().map(descriptor).collect(),
        session: Some(Pending::Login(pending).text()?.into()),
        ..CredentialAssertion::default()
    })
}

/// `login.finish`, as far as it matters here.
#[derive(Debug)]
pub(crate) struct FinishLogin {
    pending: PendingLogin,
    subject: Subject,
    credential_id: Vec<u8>,
    client_data_json: Vec<u8>,
    authenticator_data: Vec<u8>,
    signature: Vec<u8>,
    user_handle: Option<Vec<u8>>,
    grant: Grant,
    session_lifetime: Option<i64>,
}

impl FinishLogin {
    pub(crate) fn read(
        request: &AssertionResponse<'_>,
        ceremony: Option<&str>,
        caller: Option<&str>,
        shared: &Shared,
    ) -> Result<Self, Refusal> {
        if request.session_lifetime.is_some_and(|seconds| seconds < 1) {
            return Err(Refusal::with_public_message(
                Fault::InvalidRequest,
                "The session's lifetime must be positive.",
            ));
        }
        let grant = Grant::of(
            &shared.party,
            request.client_id.as_deref(),
            request.scope.as_deref(),
            request.audience.as_deref(),
        )?;
        Ok(Self {
            pending: PendingLogin::read(ceremony)?,
            subject: Subject::new(caller, request.user_id.as_deref(), request.user_email.as_deref()),
            credential_id: required(request.credential_id.as_ref(), "credential.id")?,
            client_data_json: required(request.credential_client_data_json.as_ref(), "credential.client_data_json")?,
            authenticator_data: required(
                request.credential_authenticator_data.as_ref(),
                "credential.authenticator_data",
            )?,
            signature: required(request.credential_signature.as_ref(), "credential.signature")?,
            user_handle: request.credential_user_handle.as_deref().map(<[u8]>::to_vec),
            grant,
            session_lifetime: request.session_lifetime,
        })
    }

    /// Verifies, and answers with who that was and their tokens.
    pub(crate) fn serve(self, store: &mut Store, shared: &Shared, now: i64) -> Result<SignIn<'static>, Refusal> {
        let credential = Credential::by_id(store.connection(), &self.credential_id)?;
        let Some(credential) = credential else {
            // As much work as for a credential that is known, whose signature does not hold.
            if let Some((credential, user)) = dummy_credential::look_up(store.connection(), &self.credential_id)? {
                let _ = self.verify(&credential, &user, shared);
            }
            return Err(rejected("the credential is unknown"));
        };
        let user = User::by_id(store.connection(), &credential.user_id)?;
        let user = user.ok_or_else(|| rejected("the credential's user is gone"))?;
        self.check_who(&credential, &user, shared)?;
        let how = self.verify(&credential, &user, shared)?;
        let ring = shared.keys.refreshed(store.connection())?;
        let authentication = Authentication::new(self.grant, self.session_lifetime, now)?;
        let occasion = Occasion { user: &user, authentication: &authentication, grant: &authentication.grant, now };
        let issued = Issued::at_sign_in(occasion, &shared.party, &ring)?;
        let transaction = store.write()?;
        if !Credential::used(&transaction, &credential.id, how, now)? {
            return Err(rejected("another sign-in raised the counter as far, or the credential is gone"));
        }
        ObservedCredential::served_here(&transaction, &credential.id, now)?;
        issued.keep(&transaction, now)?;
        transaction.commit().map_err(StoreError::from)?;
        Ok(issued.into_sign_in(user, Some(credential.handle)))
    }

    fn verify(&self, credential: &Credential, user: &User, shared: &Shared) -> Result<Use, Refusal> {
        let assertion = Assertion {
            credential_id: &self.credential_id,
            client_data_json: &self.client_data_json,
            authenticator_data: &self.authenticator_data,
            signature: &self.signature,
            user_handle: self.user_handle.as_deref(),
        };
        let named = self.pending.named.is_some();
        verification::assertion(&assertion, &self.pending.terms, named, credential, user, &shared.party)
    }

    /// Whether the credential was on the list, and everybody who is named is its user.
    fn check_who(&self, credential: &Credential, user: &User, shared: &Shared) -> Result<(), Refusal> {
        if credential.rp_id != shared.party.rp_id {
            return Err(rejected("the credential is another relying party's"));
        }
        if let Some(named) = &self.pending.named {
            if named.is_caller && self.subject.caller.as_ref() != Some(&named.user_id) {
                return Err(forbidden("another caller than the one who began"));
            }
            if credential.user_id != named.user_id || credential.serial > named.last_serial {
                return Err(rejected("the credential was not on the list of this ceremony"));
            }
        }
        if self.subject.caller.as_ref().is_some_and(|caller| *caller != user.id) {
            return Err(forbidden("the credential is another user's than the caller's"));
        }
        if !self.subject.fits(user) {
            return Err(rejected("the credential is another user's than the one named"));
        }
        Ok(())
    }
}
