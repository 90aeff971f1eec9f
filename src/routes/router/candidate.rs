//! An operation that a request may be for, by method and path.

use http::Method;

use crate::model::operation::Operation;

/// An operation that a request may be for.
#[derive(Clone, Debug)]
pub struct Candidate {
    /// The route, by its index in the plan.
    pub route: usize,
    /// The operation.
    pub operation: Operation,
    /// The method of its requests.
    pub method: Method,
}
