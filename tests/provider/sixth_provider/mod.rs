//! A provider that `src/` does not know: its file, its documented examples and its schemas are in this folder, and
//! the config names the folder.
//!
//! `contract` and `laws` cover it like the five built-in providers. Here it is dialect and upstream for each of
//! them, and a dialect before the embedded relying party, over real sockets.

mod as_dialect;
mod as_upstream;
mod imitation;
mod kelpie;
mod with_embedded;
