//! Signing in.
//!
//! A begin that names no user lists no credentials, so that any discoverable credential may answer. A finish succeeds
//! when the assertion is valid and the transaction that stores the new tokens raises the signature counter.

use std::borrow::Cow;

use crate::model::assertion::{AssertionRequest, AssertionResponse, CredentialAssertion, SignIn};
use crate::model::fault::{Fault, Refusal};
use crate::model::user_verification::UserVerification;
use crate::relying_party::ceremony::{check_rp_id, descriptor, forbidden, new_terms, rejected, required};
use crate::relying_party::context::RelyingPartyContext;
use crate::relying_party::directory::Store;
use crate::relying_party::directory::credential::{AuthenticatorState, Credential};
use crate::relying_party::directory::observed::ObservedCredential;
use crate::relying_party::directory::user::User;
use crate::relying_party::dummy_credential;
use crate::relying_party::pending::{LoginUser, Pending, PendingLogin};
use crate::relying_party::subject::UserReference;
use crate::relying_party::tokens::authentication::Authentication;
use crate::relying_party::tokens::grant::Grant;
use crate::relying_party::tokens::issue::{IssueContext, Issued};
use crate::relying_party::verification;
use crate::storage::error::StoreError;
use crate::webauthn::assertion::Assertion;

/// `login.begin`, with the members that are used.
#[derive(Debug)]
pub(crate) struct BeginLogin {
    subject: UserReference,
    user_verification: UserVerification,
}

impl BeginLogin {
    pub(crate) fn read(
        request: &AssertionRequest<'_>,
        caller: Option<&str>,
        user_verification: UserVerification,
        context: &RelyingPartyContext,
    ) -> Result<Self, Refusal> {
        check_rp_id(request.rp_id.as_deref(), &context.config)?;
        let subject = UserReference::new(caller, request.user_id.as_deref(), request.user_email.as_deref());
        Ok(Self { subject, user_verification })
    }

    /// Whether the request names no user, so that the directory is not needed.
    pub(crate) fn names_no_user(&self) -> bool {
        self.subject.is_empty()
    }

    /// A challenge for any discoverable credential.
    pub(crate) fn discoverable(&self, context: &RelyingPartyContext) -> Result<CredentialAssertion<'static>, Refusal> {
        let pending = PendingLogin { terms: new_terms(self.user_verification)?, named: None };
        options(context, pending, &[])
    }

    /// A challenge for the user's credentials.
    pub(crate) fn serve(
        &self,
        store: &Store,
        context: &RelyingPartyContext,
    ) -> Result<CredentialAssertion<'static>, Refusal> {
        let user = match self.subject.find(store.connection()) {
            Ok(Some(user)) => user,
            Ok(None) => return self.discoverable(context),
            Err(refusal) => {
                // The same work as for a known user, so that the response time reveals nothing.
                if refusal.fault == Fault::UnknownUser {
                    Credential::of_user(store.connection(), dummy_credential::ID, &context.config.rp_id)?;
                    dummy_credential::read(store.connection(), dummy_credential::ID.as_bytes())?;
                }
                return Err(refusal);
            }
        };
        let credentials = Credential::of_user(store.connection(), &user.id, &context.config.rp_id)?;
        let Some(last) = credentials.last() else {
            return Err(Refusal::new(Fault::UnknownUser, "the user has no passkey for this relying party"));
        };
        let is_caller = self.subject.caller.is_some();
        let named = LoginUser { user_id: user.id, is_caller, last_serial: last.serial };
        let pending = PendingLogin { terms: new_terms(self.user_verification)?, named: Some(named) };
        options(context, pending, &credentials)
    }
}

/// A challenge for an unknown user. No finish of it succeeds.
pub(crate) fn for_unknown_user(
    user_verification: UserVerification,
    context: &RelyingPartyContext,
) -> Result<CredentialAssertion<'static>, Refusal> {
    let named = LoginUser { user_id: dummy_credential::ID.to_owned(), is_caller: false, last_serial: 0 };
    let pending = PendingLogin { terms: new_terms(user_verification)?, named: Some(named) };
    Ok(CredentialAssertion { user_id: None, ..options(context, pending, &[])? })
}

fn options(
    context: &RelyingPartyContext,
    pending: PendingLogin,
    allowed: &[Credential],
) -> Result<CredentialAssertion<'static>, Refusal> {
    let config = &context.config;
    Ok(CredentialAssertion {
        challenge: Some(pending.terms.challenge.0.clone().into()),
        timeout: Some(config.timeout_ms),
        rp_id: Some(config.rp_id.clone().into()),
        user_verification: Some(pending.terms.user_verification.name().into()),
        user_id: pending.named.as_ref().map(|named| Cow::Owned(named.user_id.clone())),
        allow_credentials: allowed.iter().map(descriptor).collect(),
        session: Some(Pending::Login(pending).text()?.into()),
        ..CredentialAssertion::default()
    })
}

/// `login.finish`, with the members that are used.
#[derive(Debug)]
pub(crate) struct FinishLogin {
    pending: PendingLogin,
    subject: UserReference,
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
        context: &RelyingPartyContext,
    ) -> Result<Self, Refusal> {
        if request.session_lifetime.is_some_and(|seconds| seconds < 1) {
            return Err(Refusal::with_public_message(Fault::InvalidRequest, "The session lifetime must be positive."));
        }
        let grant = Grant::of(
            &context.config,
            request.client_id.as_deref(),
            request.scope.as_deref(),
            request.audience.as_deref(),
        )?;
        Ok(Self {
            pending: PendingLogin::read(ceremony)?,
            subject: UserReference::new(caller, request.user_id.as_deref(), request.user_email.as_deref()),
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

    /// Verifies the assertion, and returns the user and their tokens.
    pub(crate) fn serve(
        self,
        store: &mut Store,
        context: &RelyingPartyContext,
        now: i64,
    ) -> Result<SignIn<'static>, Refusal> {
        let credential = Credential::by_id(store.connection(), &self.credential_id)?;
        let Some(credential) = credential else {
            // The same work as for a known credential with an invalid signature.
            if let Some((credential, user)) = dummy_credential::read(store.connection(), &self.credential_id)? {
                let _ = self.verify(&credential, &user, context);
            }
            return Err(rejected("the credential is unknown"));
        };
        let user = User::by_id(store.connection(), &credential.user_id)?;
        let user = user.ok_or_else(|| rejected("the credential's user was deleted"))?;
        self.check_user(&credential, &user, context)?;
        let state = self.verify(&credential, &user, context)?;
        let ring = context.keys.refreshed(store.connection())?;
        let authentication = Authentication::new(self.grant, self.session_lifetime, now)?;
        let issue = IssueContext { user: &user, authentication: &authentication, grant: &authentication.grant, now };
        let issued = Issued::at_sign_in(issue, &context.config, &ring)?;
        let transaction = store.write()?;
        if !Credential::used(&transaction, &credential.id, state, now)? {
            return Err(rejected("another sign-in raised the counter, or the credential was deleted"));
        }
        ObservedCredential::served_here(&transaction, &credential.id, now)?;
        issued.store(&transaction, now)?;
        transaction.commit().map_err(StoreError::from)?;
        Ok(issued.into_sign_in(user, Some(credential.handle)))
    }

    fn verify(
        &self,
        credential: &Credential,
        user: &User,
        context: &RelyingPartyContext,
    ) -> Result<AuthenticatorState, Refusal> {
        let assertion = Assertion {
            credential_id: &self.credential_id,
            client_data_json: &self.client_data_json,
            authenticator_data: &self.authenticator_data,
            signature: &self.signature,
            user_handle: self.user_handle.as_deref(),
        };
        let named = self.pending.named.is_some();
        verification::assertion(&assertion, &self.pending.terms, named, credential, user, &context.config)
    }

    /// Whether the credential was on the allow list, and every user named is its user.
    fn check_user(&self, credential: &Credential, user: &User, context: &RelyingPartyContext) -> Result<(), Refusal> {
        if credential.rp_id != context.config.rp_id {
            return Err(rejected("the credential belongs to another relying party"));
        }
        if let Some(named) = &self.pending.named {
            if named.is_caller && self.subject.caller.as_ref() != Some(&named.user_id) {
                return Err(forbidden("another caller began the ceremony"));
            }
            if credential.user_id != named.user_id || credential.serial > named.last_serial {
                return Err(rejected("the credential was not on the allow list"));
            }
        }
        if self.subject.caller.as_ref().is_some_and(|caller| *caller != user.id) {
            return Err(forbidden("the credential belongs to another user than the caller"));
        }
        if !self.subject.fits(user) {
            return Err(rejected("the credential belongs to another user than the request names"));
        }
        Ok(())
    }
}
