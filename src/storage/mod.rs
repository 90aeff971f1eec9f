//! SQLite files: how they are opened and migrated, and the threads that do their blocking work.
//!
//! A user of this module passes its own [`migrate::Schema`]. No table is known here. Start at [`sqlite::open`].

pub(crate) mod blocking_pool;
pub mod error;
pub(crate) mod migrate;
pub(crate) mod sqlite;
