//! Maps user handles between the caller's side and the upstream's, by credential id, in a SQLite file.
//!
//! A passkey keeps the user handle it was created with, and no signature covers it. So the handle that the upstream
//! receives comes from the file, never from the client. A full queue or a locked file is `overloaded`. Start at
//! [`Handles`]; `before_call` uses it in the pipeline.

pub(crate) mod after_decode;
pub(crate) mod before_call;
pub mod file;
pub(crate) mod hooks;
pub mod import;
mod line;
pub(crate) mod passkey;
pub(crate) mod registration;
pub mod store;

use std::path::Path;
use std::sync::Arc;

use crate::features::user_handles::passkey::{NewPasskey, Passkey};
use crate::features::user_handles::store::{HandleClaim, HandleStore, UserPasskeys};
use crate::model::fault::Refusal;
use crate::storage::blocking_pool::BlockingPool;
use crate::storage::error::OpenError;

/// One for reads and one for writes: SQLite has one writer.
const CONNECTIONS: usize = 2;

/// The handles of one upstream's passkeys. Clones share the threads, on any number of async runtimes.
#[derive(Clone, Debug)]
pub struct Handles {
    pool: Arc<BlockingPool<HandleStore>>,
}

impl Handles {
    /// Opens the file, creates it when missing, and starts the threads. It blocks.
    ///
    /// # Errors
    /// See [`OpenError`].
    pub fn open(path: &Path) -> Result<Self, OpenError> {
        let stores = (0..CONNECTIONS).map(|_| HandleStore::open(path)).collect::<Result<_, _>>()?;
        Ok(Self { pool: Arc::new(BlockingPool::start(stores).map_err(OpenError::Threads)?) })
    }

    /// A passkey by its credential id.
    pub(crate) async fn find(&self, id: Vec<u8>) -> Result<Option<Passkey>, Refusal> {
        self.pool.run(move |store| Ok(store.find(&id)?)).await
    }

    /// The passkeys of the upstream's user with that handle.
    pub(crate) async fn user_passkeys(&self, upstream_handle: Vec<u8>, rp_id: String) -> Result<UserPasskeys, Refusal> {
        self.pool.run(move |store| Ok(store.user_passkeys(&upstream_handle, &rp_id)?)).await
    }

    /// Stores a passkey before the registration is sent to the upstream.
    ///
    /// # Errors
    /// `conflict` if the credential id is another user's.
    pub(crate) async fn claim(&self, new: NewPasskey) -> Result<HandleClaim, Refusal> {
        self.pool.run(move |store| store.claim(&new)).await
    }

    /// Marks the passkey of a claim as registered at the upstream, with the upstream's name of it.
    pub(crate) async fn confirm(&self, serial: i64, name: Option<String>) -> Result<(), Refusal> {
        self.pool.run(move |store| Ok(store.confirm(serial, name.as_deref())?)).await
    }

    /// Deletes a claim that the upstream refused.
    pub(crate) async fn release(&self, serial: i64) -> Result<(), Refusal> {
        self.pool.run(move |store| Ok(store.release(serial)?)).await
    }

    /// Deletes a passkey that the upstream deleted, by its id or by the upstream's name of it.
    pub(crate) async fn forget(&self, id: Option<Vec<u8>>, name: Option<String>) -> Result<u64, Refusal> {
        self.pool.run(move |store| Ok(store.forget(id.as_deref(), name.as_deref())?)).await
    }
}
