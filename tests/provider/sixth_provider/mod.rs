//! A provider that no line of the program and no other test knows: its file, its documents' examples
//! and its schemas stand in this folder, and the config names the folder.
//!
//! `contract` and `laws` run over it as over the five built-in providers, and it stands before
//! and behind each of the five and before the embedded relying party, over real sockets.

mod as_dialect;
mod as_upstream;
mod imitation;
mod kelpie;
mod with_embedded;
