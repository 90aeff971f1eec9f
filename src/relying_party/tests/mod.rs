//! The relying party with a directory in a temporary folder.

mod authenticator;
mod begin;
pub(crate) mod forger;
mod life;
mod login;
mod race;
mod registration;
mod tokens;

use tempfile::TempDir;

use crate::model::assertion::{AssertionRequest, AssertionResponse, CredentialAssertion, SignIn};
use crate::model::credentials::{CredentialList, Deletion, DeletionRequest, ListRequest};
use crate::model::fault::Refusal;
use crate::model::message::{Request, Response};
use crate::model::registration::{AttestationResponse, CreationRequest, CredentialCreation, Registered};
use crate::model::session::RefreshRequest;
use crate::relying_party::RelyingParty;
use crate::relying_party::config::{EmbeddedSettings, RelyingPartyConfig};
use crate::relying_party::directory::Store;

/// The settings of the tests.
pub(crate) fn settings() -> EmbeddedSettings {
    toml::from_str(
        "rp_id = 'localhost'
         origins = ['http://localhost:8080']
         database = 'directory.db'
         audiences = ['https://api.example.com']
         demo = true",
    )
    .unwrap()
}

pub(crate) fn config() -> RelyingPartyConfig {
    RelyingPartyConfig::checked(&settings()).unwrap()
}

/// A temporary folder with a directory.
pub(crate) struct TestDirectory {
    pub(crate) dir: TempDir,
}

impl TestDirectory {
    pub(crate) fn new() -> Self {
        Self { dir: tempfile::tempdir().unwrap() }
    }

    pub(crate) fn open(&self) -> RelyingParty {
        self.open_with(&settings())
    }

    pub(crate) fn open_with(&self, settings: &EmbeddedSettings) -> RelyingParty {
        RelyingParty::open(settings, self.dir.path()).unwrap()
    }

    /// Another connection to the same directory.
    pub(crate) fn store(&self) -> Store {
        settings().open_directory(self.dir.path()).unwrap()
    }
}

macro_rules! operation {
    ($name:ident, $variant:ident, $request:ident -> $response:ident $(, $ceremony:ident)?) => {
        /// Serves one operation.
        pub(crate) async fn $name(
            own: &RelyingParty,
            request: $request<'_>,
            $($ceremony: Option<&str>,)?
            caller: Option<&str>,
        ) -> Result<$response<'static>, Refusal> {
            let ceremony: Option<&str> = None $(.or($ceremony))?;
            match own.serve(&Request::$variant(Box::new(request)), ceremony, caller).await? {
                Response::$variant(response) => Ok(*response),
                other => panic!("{other:?}"),
            }
        }
    };
}

operation!(begin_login, LoginBegin, AssertionRequest -> CredentialAssertion);
operation!(finish_login, LoginFinish, AssertionResponse -> SignIn, ceremony);
operation!(begin_registration, RegistrationBegin, CreationRequest -> CredentialCreation);
operation!(finish_registration, RegistrationFinish, AttestationResponse -> Registered, ceremony);
operation!(begin_signup, SignupBegin, CreationRequest -> CredentialCreation);
operation!(finish_signup, SignupFinish, AttestationResponse -> SignIn, ceremony);
operation!(refresh, SessionRefresh, RefreshRequest -> SignIn);
operation!(list, CredentialsList, ListRequest -> CredentialList);
operation!(delete, CredentialsDelete, DeletionRequest -> Deletion);
