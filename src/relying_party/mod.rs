//! The embedded relying party: the upstream that needs no other.
//!
//! It speaks the canonical model only and has no ceremonies of its own: what a finish needs of its
//! begin travels through the gateway's store (see `pending`). Users, passkeys and keys live in one
//! SQLite file. When that is busy beyond measure, the answer is `overloaded`; nothing waits for ever.

pub mod capability;
pub(crate) mod ceremony;
pub(crate) mod clock;
pub mod config;
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

use crate::features::key_learning::Learner;
use crate::model::assertion::{CredentialAssertion, SignIn};
use crate::model::fault::{Fault, Refusal};
use crate::model::message::{Request, Response};
use crate::model::user_verification::UserVerification;
use crate::relying_party::clock::now;
use crate::relying_party::config::{EmbeddedSettings, RelyingPartyConfig};
use crate::relying_party::demo::DEMO_USER;
use crate::relying_party::directory::Store;
use crate::relying_party::directory::user::User;
use crate::relying_party::error::StartError;
use crate::relying_party::login::{BeginLogin, FinishLogin};
use crate::relying_party::management::{DeleteCredential, ListCredentials};
use crate::relying_party::registration::{BeginRegistration, FinishRegistration};
use crate::relying_party::signup::{BeginSignup, FinishSignup};
use crate::relying_party::tokens::authentication::Authentication;
use crate::relying_party::tokens::discovery;
use crate::relying_party::tokens::grant::Grant;
use crate::relying_party::tokens::issue::{Occasion, access_token};
use crate::relying_party::tokens::keys::{self, Keys};
use crate::relying_party::tokens::opaque::{self, Kind};
use crate::relying_party::tokens::refresh::{RefreshRequest, refresh};
use crate::relying_party::tokens::verify::{self, UserId, Verdict, unauthenticated};
use crate::storage::blocking_pool::BlockingPool;
use crate::storage::error::{OpenError, StoreError};

/// A running relying party. Clones are the same one; it may be shared by any number of runtimes.
#[derive(Clone, Debug)]
pub struct RelyingParty {
    shared: Arc<Shared>,
    pool: Arc<BlockingPool<Store>>,
    pub(crate) learner: Arc<Learner>,
    demo: Option<Arc<User>>,
    least: UserVerification,
}

/// What every operation may look at, on whatever thread.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) party: RelyingPartyConfig,
    pub(crate) keys: Keys,
}

impl RelyingParty {
    /// Opens the directory, makes what a first start needs, and starts the threads. Blocks meanwhile.
    /// A relative path in the settings starts at `base_dir`.
    ///
    /// # Errors
    /// See [`StartError`].
    pub fn open(settings: &EmbeddedSettings, base_dir: &Path) -> Result<Self, StartError> {
        let party = RelyingPartyConfig::checked(settings)?;
        let path = base_dir.join(&settings.database);
        let failed = |source: StoreError| OpenError::Database { path: path.clone(), source };
        let mut first = settings.open_directory(base_dir)?;
        let keys = Keys::open(&mut first, now()).map_err(failed)?;
        let mut demo = None;
        if settings.demo {
            demo::ensure(&mut first, &party.rp_id, now()).map_err(failed)?;
            demo = User::by_id(first.connection(), DEMO_USER).map_err(failed)?.map(Arc::new);
        }
        let others = (1..BlockingPool::<Store>::default_size()).map(|_| Store::open(&path));
        let stores = std::iter::once(Ok(first)).chain(others).collect::<Result<_, OpenError>>()?;
        let pool = Arc::new(BlockingPool::start(stores).map_err(OpenError::Threads)?);
        let shared = Arc::new(Shared { party, keys });
        let learner = Learner::start(Store::open(&path)?, Arc::clone(&shared)).map_err(OpenError::Threads)?;
        Ok(Self { shared, pool, learner: Arc::new(learner), demo, least: UserVerification::Discouraged })
    }

    /// The same relying party, with ceremonies that ask for at least this much user verification, and
    /// hold the authenticator to it at the finish. For routes that want more than the settings.
    #[must_use]
    pub fn at_least(&self, user_verification: UserVerification) -> Self {
        Self { least: self.least.max(user_verification), ..self.clone() }
    }

    /// An answer to `login.begin` for a user who is not there, without credentials: a ceremony that nobody can
    /// finish, and whose finish takes as much work as a known user's.
    ///
    /// # Errors
    /// `internal` where there is no randomness.
    pub fn begin_for_nobody(&self) -> Result<CredentialAssertion<'static>, Refusal> {
        login::for_nobody(self.least.max(self.shared.party.user_verification), &self.shared)
    }

    /// Serves one operation. `ceremony` is the `session` that the begin of this finish answered with,
    /// taken out of the gateway's store; `caller` is the verified user who calls, if it is one.
    ///
    /// # Errors
    /// A refusal for the caller. It is in its final form: nothing here is worth another try, except
    /// `overloaded`.
    pub async fn serve(
        &self,
        request: &Request<'_>,
        ceremony: Option<&str>,
        caller: Option<&str>,
    ) -> Result<Response<'static>, Refusal> {
        let shared = &self.shared;
        let least = self.least.max(shared.party.user_verification);
        match request {
            Request::LoginBegin(request) => {
                let begin = BeginLogin::read(request, caller, least, shared)?;
                if begin.is_for_nobody() {
                    return begin.discoverable(shared).map(Box::new).map(Response::LoginBegin);
                }
                self.work(move |store, shared| begin.serve(store, shared)).await.map(Box::new).map(Response::LoginBegin)
            }
            Request::LoginFinish(request) => {
                let finish = FinishLogin::read(request, ceremony, caller, shared)?;
                self.work(move |store, shared| finish.serve(store, shared, now()))
                    .await
                    .map(Box::new)
                    .map(Response::LoginFinish)
            }
            Request::RegistrationBegin(request) => {
                let begin = BeginRegistration::read(request, caller, least, shared)?;
                self.work(move |store, shared| begin.serve(store, shared))
                    .await
                    .map(Box::new)
                    .map(Response::RegistrationBegin)
            }
            Request::RegistrationFinish(request) => {
                let finish = FinishRegistration::read(request, ceremony, caller)?;
                let registered = self.work(move |store, shared| finish.serve(store, shared, now())).await;
                registered.map(Box::new).map(Response::RegistrationFinish)
            }
            Request::SignupBegin(request) => {
                let begin = BeginSignup::read(request, least, shared)?;
                self.work(move |store, shared| begin.serve(store, shared))
                    .await
                    .map(Box::new)
                    .map(Response::SignupBegin)
            }
            Request::SignupFinish(request) => {
                let finish = FinishSignup::read(request, ceremony, shared)?;
                self.work(move |store, shared| finish.serve(store, shared, now()))
                    .await
                    .map(Box::new)
                    .map(Response::SignupFinish)
            }
            Request::SessionRefresh(request) => {
                let missing = || Refusal::with_public_message(Fault::InvalidRequest, "tokens.refresh is missing.");
                let token = request.tokens_refresh.as_deref().ok_or_else(missing)?;
                let refreshed = self.refresh(token, request.client_id.as_deref(), request.scope.as_deref()).await;
                refreshed.map(Box::new).map(Response::SessionRefresh)
            }
            Request::CredentialsList(request) => {
                let list = ListCredentials::read(request, caller);
                self.work(move |store, shared| list.serve(store, shared))
                    .await
                    .map(Box::new)
                    .map(Response::CredentialsList)
            }
            Request::CredentialsDelete(request) => {
                let delete = DeleteCredential::read(request, caller);
                self.work(move |store, _| delete.serve(store)).await.map(Box::new).map(Response::CredentialsDelete)
            }
        }
    }

    /// Whose token this is: an access token for our own audience, or a session token.
    ///
    /// # Errors
    /// `unauthenticated` when it is not good; `overloaded`.
    pub async fn verify(&self, bearer: &str) -> Result<UserId, Refusal> {
        if bearer.starts_with(Kind::Session.prefix()) {
            return self.verify_session(bearer.to_owned()).await;
        }
        let ring = self.shared.keys.current();
        let verdict = match verify::access_token(bearer, &self.shared.party, &ring, now()) {
            Verdict::UnknownKey if self.shared.keys.may_look(now()) => {
                let ring = self.work(|store, shared| Ok(shared.keys.refreshed(store.connection())?)).await?;
                verify::access_token(bearer, &self.shared.party, &ring, now())
            }
            verdict => verdict,
        };
        match verdict {
            Verdict::Of(user) => Ok(user),
            Verdict::UnknownKey => Err(unauthenticated("the access token's key is unknown or retired")),
            Verdict::Refused(refusal) => Err(refusal),
        }
    }

    async fn verify_session(&self, token: String) -> Result<UserId, Refusal> {
        let user = self.work(move |store, _| Ok(opaque::session_user(store.connection(), &token, now())?)).await?;
        user.map(UserId).ok_or_else(|| unauthenticated("the session token is unknown or too old"))
    }

    /// New tokens for a refresh token, which is used up by this.
    ///
    /// # Errors
    /// `assertion_rejected` when it is not good, or another client's; `overloaded`.
    pub async fn refresh(
        &self,
        token: &str,
        client_id: Option<&str>,
        scope: Option<&str>,
    ) -> Result<SignIn<'static>, Refusal> {
        let [client_id, scope] = [client_id, scope].map(|text| text.map(str::to_owned));
        let request = RefreshRequest { token: token.to_owned(), client_id, scope };
        self.work(move |store, shared| refresh(store, shared, &request, now())).await
    }

    /// Whether a refresh token looks like one of an embedded relying party's.
    pub fn may_have_made(token: &str) -> bool {
        token.starts_with(Kind::Refresh.prefix())
    }

    /// Whether it remembers a refresh token as one of its own, good or used up.
    ///
    /// # Errors
    /// `overloaded`, or a directory that cannot be read.
    pub async fn has_made(&self, token: &str) -> Result<bool, Refusal> {
        let token = token.to_owned();
        self.work(move |store, _| Ok(opaque::is_refresh(store.connection(), &token)?)).await
    }

    /// The public keys, as a JWK set in JSON.
    ///
    /// # Errors
    /// `overloaded`, or a directory that cannot be read.
    pub async fn jwks(&self) -> Result<String, Refusal> {
        let ring = self.work(|store, shared| Ok(shared.keys.refreshed(store.connection())?)).await?;
        Ok(discovery::key_set(&ring, now(), self.shared.party.access_lifetime))
    }

    /// The OpenID Connect discovery document of an issuer, in JSON.
    pub fn openid_configuration(&self, issuer: &str) -> String {
        discovery::configuration(issuer, &self.shared.party.scopes)
    }

    /// The URL that tokens name as their issuer.
    pub fn issuer(&self) -> &str {
        &self.shared.party.issuer
    }

    /// Makes a new signing key; tokens of the old one stay good. Answers the new key's identifier.
    ///
    /// # Errors
    /// `overloaded`, or a directory that cannot be written.
    pub async fn rotate_keys(&self) -> Result<String, Refusal> {
        self.work(|store, shared| Ok(keys::rotate(store, now(), shared.party.access_lifetime)?)).await
    }

    /// A bearer for the demo user, where there is one.
    pub fn demo_token(&self) -> Option<String> {
        let user = self.demo.as_deref()?;
        let ring = self.shared.keys.current();
        let authentication = Authentication::new(Grant::default(), None, now()).ok()?;
        let occasion = Occasion { user, authentication: &authentication, grant: &authentication.grant, now: now() };
        access_token(occasion, &self.shared.party, ring.active()).ok()
    }

    pub(crate) async fn work<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Store, &Shared) -> Result<T, Refusal> + Send + 'static,
    ) -> Result<T, Refusal> {
        let shared = Arc::clone(&self.shared);
        self.pool.run(move |store| work(store, &shared)).await
    }
}
