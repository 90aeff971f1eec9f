//! The relying party as a whole, against a directory in a temporary place.

mod begin;
mod tokens;

use tempfile::TempDir;

use crate::canonical::assertion::{AssertionRequest, CredentialAssertion};
use crate::canonical::fault::Refusal;
use crate::canonical::message::{Request, Response};
use crate::relying_party::RelyingParty;
use crate::relying_party::directory::Store;
use crate::relying_party::settings::{EmbeddedSettings, Party};

/// Settings with everything a test wants to say.
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

pub(crate) fn party() -> Party {
    Party::checked(&settings()).unwrap()
}

/// A relying party whose directory goes away with it.
pub(crate) struct Place {
    pub(crate) dir: TempDir,
}

impl Place {
    pub(crate) fn new() -> Self {
        Self { dir: tempfile::tempdir().unwrap() }
    }

    pub(crate) fn open(&self) -> RelyingParty {
        self.open_with(&settings())
    }

    pub(crate) fn open_with(&self, settings: &EmbeddedSettings) -> RelyingParty {
        RelyingParty::open(settings, self.dir.path()).unwrap()
    }

    /// Another connection to the same directory, as the command line would have one.
    pub(crate) fn store(&self) -> Store {
        Store::open(&self.dir.path().join("directory.db")).unwrap()
    }
}

pub(crate) async fn begin_login(
    own: &RelyingParty,
    request: AssertionRequest<'_>,
    caller: Option<&str>,
) -> Result<CredentialAssertion<'static>, Refusal> {
    match own.serve(&Request::LoginBegin(request), None, caller).await? {
        Response::LoginBegin(options) => Ok(options),
        other => panic!("{other:?}"),
    }
}
