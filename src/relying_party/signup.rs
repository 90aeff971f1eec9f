//! Signing up: a new user with a first passkey.
//!
//! The finish stores the user, the passkey and the tokens in one transaction. An address that is taken is a conflict,
//! at the begin and at the finish.

use std::borrow::Cow;

use serde_json::value::RawValue;

use crate::model::assertion::SignIn;
use crate::model::fault::{Fault, Refusal};
use crate::model::registration::{AttestationResponse, CreationRequest, CredentialCreation};
use crate::model::user_verification::UserVerification;
use crate::relying_party::ceremony::{check_rp_id, new_terms, rejected};
use crate::relying_party::context::RelyingPartyContext;
use crate::relying_party::creation::{self, NewCredential};
use crate::relying_party::directory::Store;
use crate::relying_party::directory::user::{MAX_HANDLE, Profile, User, is_email};
use crate::relying_party::pending::{Base64Bytes, Pending, PendingSignup};
use crate::relying_party::random;
use crate::relying_party::tokens::authentication::Authentication;
use crate::relying_party::tokens::grant::Grant;
use crate::relying_party::tokens::issue::{IssueContext, Issued};
use crate::storage::error::StoreError;

/// `signup.begin`, with the members that are used.
#[derive(Debug)]
pub(crate) struct BeginSignup {
    email: String,
    name: Option<String>,
    profile: Profile,
    attachment: Option<String>,
    user_verification: UserVerification,
}

impl BeginSignup {
    pub(crate) fn read(
        request: &CreationRequest<'_>,
        user_verification: UserVerification,
        context: &RelyingPartyContext,
    ) -> Result<Self, Refusal> {
        check_rp_id(request.rp_id.as_deref(), &context.config)?;
        let email = request.user_email.as_deref().filter(|email| is_email(email));
        let email = email.ok_or_else(|| {
            Refusal::with_public_message(Fault::InvalidRequest, "user.email must be an e-mail address.")
        })?;
        Ok(Self {
            email: email.to_owned(),
            name: owned(request.user_name.as_ref()),
            profile: profile(request)?,
            attachment: creation::attachment(request.attachment.as_deref())?,
            user_verification,
        })
    }

    /// Options for an account that does not exist yet.
    pub(crate) fn serve(
        self,
        store: &Store,
        context: &RelyingPartyContext,
    ) -> Result<CredentialCreation<'static>, Refusal> {
        if User::by_email(store.connection(), &self.email)?.is_some() {
            return Err(StoreError::Taken("the e-mail address").into());
        }
        let pending = PendingSignup {
            terms: new_terms(self.user_verification)?,
            user_id: random::identifier("user_"),
            handle: Base64Bytes(random::bytes::<MAX_HANDLE>()?.into()),
            email: self.email,
            name: self.name,
            profile: self.profile,
        };
        let user = future_user(&pending, 0);
        let pending = Pending::Signup(pending);
        creation::options(&context.config, &user, &pending, &[], self.attachment)
    }
}

/// `signup.finish`, with the members that are used.
#[derive(Debug)]
pub(crate) struct FinishSignup {
    pending: PendingSignup,
    user_id: Option<String>,
    created: NewCredential,
    grant: Grant,
}

impl FinishSignup {
    pub(crate) fn read(
        request: &AttestationResponse<'_>,
        ceremony: Option<&str>,
        context: &RelyingPartyContext,
    ) -> Result<Self, Refusal> {
        let grant = Grant::of(
            &context.config,
            request.client_id.as_deref(),
            request.scope.as_deref(),
            request.audience.as_deref(),
        )?;
        Ok(Self {
            pending: PendingSignup::read(ceremony)?,
            user_id: owned(request.user_id.as_ref()),
            created: NewCredential::read(request)?,
            grant,
        })
    }

    /// Verifies the passkey, adds the user and signs them in.
    pub(crate) fn serve(
        self,
        store: &mut Store,
        context: &RelyingPartyContext,
        now: i64,
    ) -> Result<SignIn<'static>, Refusal> {
        let user = future_user(&self.pending, now);
        if self.user_id.is_some_and(|id| id != user.id) {
            return Err(rejected("the finish names another user than the begin"));
        }
        let credential = self.created.verify(&self.pending.terms, &user, &context.config, now)?;
        let ring = context.keys.refreshed(store.connection())?;
        let authentication = Authentication::new(self.grant, None, now)?;
        let issue = IssueContext { user: &user, authentication: &authentication, grant: &authentication.grant, now };
        let issued = Issued::at_sign_in(issue, &context.config, &ring)?;
        let transaction = store.write()?;
        user.insert(&transaction)?;
        credential.insert(&transaction)?;
        issued.store(&transaction, now)?;
        transaction.commit().map_err(StoreError::from)?;
        Ok(issued.into_sign_in(user, Some(credential.handle)))
    }
}

fn future_user(pending: &PendingSignup, created_at: i64) -> User {
    User {
        id: pending.user_id.clone(),
        handle: pending.handle.0.clone(),
        email: Some(pending.email.clone()),
        name: pending.name.clone(),
        display_name: None,
        profile: pending.profile.clone(),
        created_at,
    }
}

fn profile(request: &CreationRequest<'_>) -> Result<Profile, Refusal> {
    let metadata = request.user_metadata.as_deref().map(|json| RawValue::from_string(json.to_owned())).transpose();
    Ok(Profile {
        phone: owned(request.user_phone.as_ref()),
        username: owned(request.user_username.as_ref()),
        given_name: owned(request.user_given_name.as_ref()),
        family_name: owned(request.user_family_name.as_ref()),
        nickname: owned(request.user_nickname.as_ref()),
        picture: owned(request.user_picture.as_ref()),
        metadata: metadata
            .map_err(|_| Refusal::with_public_message(Fault::InvalidRequest, "user.metadata is not JSON."))?,
    })
}

fn owned(text: Option<&Cow<'_, str>>) -> Option<String> {
    text.map(|text| text.clone().into_owned())
}
