//! The input that the callers of a route are compiled with.

use std::path::Path;

use crate::caller_auth::fetched_keys::KeySets;

/// The input that the callers of a route are compiled with.
#[derive(Clone, Copy, Debug)]
pub struct CompileContext<'a> {
    /// The folder of the config, to which a relative `file:` refers.
    pub base: &'a Path,
    /// The name of the dialect, for diagnostics.
    pub dialect: &'a str,
    /// How the upstream relates to the dialect.
    pub relation: Relation,
    /// The key sets that all routes share.
    pub(crate) key_sets: &'a KeySets,
}

/// How the upstream of a route relates to the dialect of the route.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Relation {
    /// The upstream is the embedded relying party, which issues the tokens of the dialect.
    Embedded,
    /// The upstream belongs to the provider of the dialect.
    SameProvider,
    /// The upstream belongs to another provider and does not know the tokens of the dialect.
    AnotherProvider,
}
