//! Which user handle each passkey has on either side of an upstream, by credential id, in a SQLite file.
//!
//! A passkey keeps the handle it was born with, and no signature covers it. So what the upstream is told comes from
//! here, never from what a client claims. Work on the file is done by threads of its own: a queue that is full, or a
//! file that stays locked, is `overloaded`, and nothing is guessed meanwhile.

pub(crate) mod before_call;
pub mod file;
pub mod import;
mod line;
pub(crate) mod passkey;
pub(crate) mod registration;
pub mod store;

use std::path::Path;
use std::sync::Arc;

use crate::features::user_handles::passkey::{NewPasskey, Passkey};
use crate::features::user_handles::store::{Claim, HandleStore, UserPasskeys};
use crate::model::fault::Refusal;
use crate::storage::blocking_pool::BlockingPool;
use crate::storage::error::OpenError;

/// One for what reads, one for what writes: SQLite has one writer.
const CONNECTIONS: usize = 2;

/// The handles of one upstream's passkeys. Clones are the same ones, on any runtime.
#[derive(Clone, Debug)]
pub struct Handles {
    pool: Arc<BlockingPool<HandleStore>>,
}

impl Handles {
    /// Opens the file, makes it when missing, and starts the threads. Blocks meanwhile.
    ///
    /// # Errors
    /// See [`OpenError`].
    pub fn open(path: &Path) -> Result<Self, OpenError> {
        let books = (0..CONNECTIONS).map(|_| HandleStore::open(path)).collect::<Result<_, _>>()?;
        Ok(Self { pool: Arc::new(BlockingPool::start(books).map_err(OpenError::Threads)?) })
    }

    /// What is known of a passkey.
    pub(crate) async fn find(&self, id: Vec<u8>) -> Result<Option<Passkey>, Refusal> {
        self.pool.run(move |book| Ok(book.find(&id)?)).await
    }

    /// What is known of the upstream's user who has that handle.
    pub(crate) async fn family(&self, upstream_handle: Vec<u8>, rp_id: String) -> Result<UserPasskeys, Refusal> {
        self.pool.run(move |book| Ok(book.family(&upstream_handle, &rp_id)?)).await
    }

    /// Notes a passkey that the upstream is about to be told of.
    ///
    /// # Errors
    /// `conflict` where the id is that of another user's passkey.
    pub(crate) async fn claim(&self, new: NewPasskey) -> Result<Claim, Refusal> {
        self.pool.run(move |book| book.claim(&new)).await
    }

    /// Notes that the upstream has the passkey of a claim, and what it calls it.
    pub(crate) async fn confirm(&self, serial: i64, name: Option<String>) -> Result<(), Refusal> {
        self.pool.run(move |book| Ok(book.confirm(serial, name.as_deref())?)).await
    }

    /// Takes a claim back that the upstream refused.
    pub(crate) async fn release(&self, serial: i64) -> Result<(), Refusal> {
        self.pool.run(move |book| Ok(book.release(serial)?)).await
    }

    /// Forgets a passkey that the upstream has deleted, by its id or by what the upstream calls it.
    pub(crate) async fn forget(&self, id: Option<Vec<u8>>, name: Option<String>) -> Result<u64, Refusal> {
        self.pool.run(move |book| Ok(book.forget(id.as_deref(), name.as_deref())?)).await
    }
}
