//! The embedded relying party: an upstream inside this program.
//!
//! It serves the model's messages and keeps no ceremonies: the state that a finish needs from its begin travels through
//! the gateway's ceremony store (see `pending`). Users, passkeys and keys live in one SQLite file. An overloaded
//! directory answers `overloaded`; no request waits without a limit. It must not know routes, dialects or HTTP. Start at
//! [`RelyingParty::serve`].

pub mod capability;
pub(crate) mod ceremony;
pub(crate) mod clock;
pub mod config;
pub(crate) mod context;
pub(crate) mod creation;
pub mod demo;
pub mod directory;
pub(crate) mod dummy_credential;
pub mod error;
pub mod external_sign_in;
pub(crate) mod login;
pub(crate) mod management;
pub(crate) mod pending;
pub(crate) mod random;
pub(crate) mod registration;
pub(crate) mod signup;
pub(crate) mod subject;
#[cfg(test)]
pub(crate) mod tests;
pub mod tokens;
pub(crate) mod verification;

use std::path::Path;
use std::sync::Arc;

use crate::model::assertion::{CredentialAssertion, SignIn};
use crate::model::fault::{Fault, Refusal};
use crate::model::message::{Request, Response};
use crate::model::user_verification::UserVerification;
use crate::relying_party::clock::now;
use crate::relying_party::config::{EmbeddedSettings, RelyingPartyConfig};
use crate::relying_party::context::RelyingPartyContext;
use crate::relying_party::demo::DEMO_USER;
use crate::relying_party::directory::Store;
use crate::relying_party::directory::user::User;
use crate::relying_party::error::RelyingPartyError;
use crate::relying_party::external_sign_in::ExternalSignIn;
use crate::relying_party::login::{BeginLogin, FinishLogin};
use crate::relying_party::management::{DeleteCredential, ListCredentials};
use crate::relying_party::registration::{BeginRegistration, FinishRegistration};
use crate::relying_party::signup::{BeginSignup, FinishSignup};
use crate::relying_party::tokens::authentication::Authentication;
use crate::relying_party::tokens::discovery;
use crate::relying_party::tokens::grant::Grant;
use crate::relying_party::tokens::issue::{IssueContext, access_token};
use crate::relying_party::tokens::keys::{self, SigningKeys};
use crate::relying_party::tokens::opaque::{self, OpaqueTokenKind};
use crate::relying_party::tokens::refresh::{RefreshRequest, refresh};
use crate::relying_party::tokens::verify::{self, TokenCheck, UserId, unauthenticated};
use crate::storage::blocking_pool::BlockingPool;
use crate::storage::error::{OpenError, StoreError};

/// A running relying party. Clones share everything, on any number of async runtimes.
#[derive(Clone, Debug)]
pub struct RelyingParty {
    pub(crate) context: Arc<RelyingPartyContext>,
    pool: Arc<BlockingPool<Store>>,
    demo: Option<Arc<User>>,
    user_verification: UserVerification,
}

impl RelyingParty {
    /// Opens the directory, creates the first signing key and the demo user, and starts the threads. It blocks.
    /// A relative path in the settings starts at `base_dir`.
    ///
    /// # Errors
    /// See [`RelyingPartyError`].
    pub fn open(settings: &EmbeddedSettings, base_dir: &Path) -> Result<Self, RelyingPartyError> {
        let config = RelyingPartyConfig::checked(settings)?;
        let database = base_dir.join(&settings.database);
        let failed = |source: StoreError| OpenError::Database { path: database.clone(), source };
        let mut first = Store::open(&database)?;
        let keys = SigningKeys::open(&mut first, now()).map_err(failed)?;
        let mut demo = None;
        if settings.demo {
            demo::ensure(&mut first, &config.rp_id, now()).map_err(failed)?;
            demo = User::by_id(first.connection(), DEMO_USER).map_err(failed)?.map(Arc::new);
        }
        let others = (1..BlockingPool::<Store>::default_size()).map(|_| Store::open(&database));
        let stores = std::iter::once(Ok(first)).chain(others).collect::<Result<_, OpenError>>()?;
        let pool = Arc::new(BlockingPool::start(stores).map_err(OpenError::Threads)?);
        let user_verification = config.user_verification;
        Ok(Self { context: Arc::new(RelyingPartyContext { config, keys, database }), pool, demo, user_verification })
    }

    /// The same relying party, with ceremonies that require at least this much user verification, at the begin and at
    /// the finish.
    #[must_use]
    pub fn at_least(&self, user_verification: UserVerification) -> Self {
        Self { user_verification: self.user_verification.max(user_verification), ..self.clone() }
    }

    /// A response to `login.begin` for an unknown user, without credentials. No finish of it succeeds, and its finish
    /// takes as much work as a known user's.
    ///
    /// # Errors
    /// `internal` without randomness.
    pub fn begin_for_unknown_user(&self) -> Result<CredentialAssertion<'static>, Refusal> {
        login::for_unknown_user(self.user_verification, &self.context)
    }

    /// Serves one operation. `ceremony` is the `session` that the begin of this finish answered with, from the
    /// ceremony store. `caller` is the verified user who calls, if any.
    ///
    /// # Errors
    /// A refusal for the caller. Only `overloaded` is worth a retry.
    pub async fn serve(
        &self,
        request: &Request<'_>,
        ceremony: Option<&str>,
        caller: Option<&str>,
    ) -> Result<Response<'static>, Refusal> {
        let context = &*self.context;
        match request {
            Request::LoginBegin(request) => {
                let begin = BeginLogin::read(request, caller, self.user_verification, context)?;
                if begin.names_no_user() {
                    return begin.discoverable(context).map(Box::new).map(Response::LoginBegin);
                }
                self.run(move |store, context| begin.serve(store, context))
                    .await
                    .map(Box::new)
                    .map(Response::LoginBegin)
            }
            Request::LoginFinish(request) => {
                let finish = FinishLogin::read(request, ceremony, caller, context)?;
                let signed_in = self.run(move |store, context| finish.serve(store, context, now())).await;
                signed_in.map(Box::new).map(Response::LoginFinish)
            }
            Request::RegistrationBegin(request) => {
                let begin = BeginRegistration::read(request, caller, self.user_verification, context)?;
                let options = self.run(move |store, context| begin.serve(store, context)).await;
                options.map(Box::new).map(Response::RegistrationBegin)
            }
            Request::RegistrationFinish(request) => {
                let finish = FinishRegistration::read(request, ceremony, caller)?;
                let registered = self.run(move |store, context| finish.serve(store, context, now())).await;
                registered.map(Box::new).map(Response::RegistrationFinish)
            }
            Request::SignupBegin(request) => {
                let begin = BeginSignup::read(request, self.user_verification, context)?;
                let options = self.run(move |store, context| begin.serve(store, context)).await;
                options.map(Box::new).map(Response::SignupBegin)
            }
            Request::SignupFinish(request) => {
                let finish = FinishSignup::read(request, ceremony, context)?;
                let signed_in = self.run(move |store, context| finish.serve(store, context, now())).await;
                signed_in.map(Box::new).map(Response::SignupFinish)
            }
            Request::SessionRefresh(request) => {
                let missing = || Refusal::with_public_message(Fault::InvalidRequest, "tokens.refresh is missing.");
                let token = request.tokens_refresh.as_deref().ok_or_else(missing)?;
                let refreshed = self.refresh(token, request.client_id.as_deref(), request.scope.as_deref()).await;
                refreshed.map(Box::new).map(Response::SessionRefresh)
            }
            Request::CredentialsList(request) => {
                let list = ListCredentials::read(request, caller);
                let listed = self.run(move |store, context| list.serve(store, context)).await;
                listed.map(Box::new).map(Response::CredentialsList)
            }
            Request::CredentialsDelete(request) => {
                let delete = DeleteCredential::read(request, caller);
                self.run(move |store, _| delete.serve(store)).await.map(Box::new).map(Response::CredentialsDelete)
            }
        }
    }

    /// The user of a bearer: an access token for the relying party's own audience, or a session token.
    ///
    /// # Errors
    /// `unauthenticated` for an invalid token; `overloaded`.
    pub async fn verify(&self, bearer: &str) -> Result<UserId, Refusal> {
        if bearer.starts_with(OpaqueTokenKind::Session.prefix()) {
            let token = bearer.to_owned();
            let user = self.run(move |store, _| Ok(opaque::session_user(store.connection(), &token, now())?)).await?;
            return user.map(UserId).ok_or_else(|| unauthenticated("the session token is unknown or has expired"));
        }
        let RelyingPartyContext { config, keys, .. } = &*self.context;
        let check = match verify::access_token(bearer, config, &keys.current(), now()) {
            TokenCheck::UnknownKey if keys.may_reload(now()) => {
                verify::access_token(bearer, config, &*self.reload_keys().await?, now())
            }
            check => check,
        };
        match check {
            TokenCheck::Valid(user) => Ok(user),
            TokenCheck::UnknownKey => Err(unauthenticated("the access token's key is unknown or retired")),
            TokenCheck::Invalid(refusal) => Err(refusal),
        }
    }

    async fn reload_keys(&self) -> Result<Arc<keys::KeyRing>, Refusal> {
        self.run(|store, context| Ok(context.keys.refreshed(store.connection())?)).await
    }

    /// Exchanges a refresh token, which is valid once, for new tokens.
    ///
    /// # Errors
    /// `assertion_rejected` when it is invalid or another client's; `overloaded`.
    pub async fn refresh(
        &self,
        token: &str,
        client_id: Option<&str>,
        scope: Option<&str>,
    ) -> Result<SignIn<'static>, Refusal> {
        let [client_id, scope] = [client_id, scope].map(|text| text.map(str::to_owned));
        let request = RefreshRequest { token: token.to_owned(), client_id, scope };
        self.run(move |store, context| refresh(store, context, &request, now())).await
    }

    /// Issues the tokens of a sign-in at another upstream.
    ///
    /// # Errors
    /// `invalid_request` for an audience that is not listed; `overloaded`.
    pub async fn issue_for(&self, sign_in: ExternalSignIn) -> Result<SignIn<'static>, Refusal> {
        sign_in.check()?;
        self.run(move |store, context| sign_in.issue(store, context, now())).await
    }

    /// Whether a refresh token has the form of an embedded relying party's.
    pub fn may_have_made(token: &str) -> bool {
        token.starts_with(OpaqueTokenKind::Refresh.prefix())
    }

    /// Whether this relying party issued the refresh token, used or not.
    ///
    /// # Errors
    /// `overloaded`, or a directory that cannot be read.
    pub async fn has_made(&self, token: &str) -> Result<bool, Refusal> {
        let token = token.to_owned();
        self.run(move |store, _| Ok(opaque::is_refresh(store.connection(), &token)?)).await
    }

    /// The public keys, as a JWK set in JSON.
    ///
    /// # Errors
    /// `overloaded`, or a directory that cannot be read.
    pub async fn jwks(&self) -> Result<String, Refusal> {
        Ok(discovery::key_set(&*self.reload_keys().await?, now(), self.context.config.access_lifetime))
    }

    /// The OpenID Connect discovery document of an issuer, in JSON.
    pub fn openid_configuration(&self, issuer: &str) -> String {
        discovery::configuration(issuer, &self.context.config.scopes)
    }

    /// The issuer URL of the tokens.
    pub fn issuer(&self) -> &str {
        &self.context.config.issuer
    }

    /// Creates a new signing key and returns its identifier. Tokens of the old key stay valid.
    ///
    /// # Errors
    /// `overloaded`, or a directory that cannot be written.
    pub async fn rotate_keys(&self) -> Result<String, Refusal> {
        self.run(|store, context| Ok(keys::rotate(store, now(), context.config.access_lifetime)?)).await
    }

    /// A bearer for the demo user, if there is one.
    pub fn demo_token(&self) -> Option<String> {
        let user = self.demo.as_deref()?;
        let ring = self.context.keys.current();
        let authentication = Authentication::new(Grant::default(), None, now()).ok()?;
        let issue = IssueContext { user, authentication: &authentication, grant: &authentication.grant, now: now() };
        access_token(issue, &self.context.config, ring.active()).ok()
    }

    /// Runs work on a thread with a connection to the directory.
    pub(crate) async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Store, &RelyingPartyContext) -> Result<T, Refusal> + Send + 'static,
    ) -> Result<T, Refusal> {
        let context = Arc::clone(&self.context);
        self.pool.run(move |store| work(store, &context)).await
    }
}
