//! Read-only tools: they show what the gateway does with a request, or with any request of a provider.
//!
//! Nothing on the request path imports this module. Start reading at [`explain`].

pub mod explain;
pub mod matrix;
pub mod translate;
pub mod try_out;

use serde::Serialize;

/// A member that a translation loses.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct LostMember {
    /// Its name. For a member of a list's elements, `list.member`.
    pub member: String,
    /// Why it is lost.
    pub reason: String,
}
