//! Each fault as the caller sees it, in the dialect's error format.

use bytes::Bytes;
use http::Response;
use serde::Serialize;
use serde_json::Value as Json;
use uuid::Uuid;

use crate::gateway::steps::encode_response;
use crate::model::fault::{Fault, Refusal};
use crate::model::operation::Operation;
use crate::routes::route::Route;

/// A fault as the caller sees it. An identifier in it is shown as zeros.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct FaultPreview {
    /// Its name.
    pub fault: &'static str,
    /// The status.
    pub status: u16,
    /// The content, if there is any.
    pub content: Option<Json>,
}

impl FaultPreview {
    pub(super) fn new(fault: Fault, response: &Response<Bytes>) -> Self {
        let content = serde_json::from_slice(response.body()).ok();
        Self { fault: fault.name(), status: response.status().as_u16(), content }
    }
}

/// Every fault of an operation.
pub(super) fn faults(route: &Route, operation: Operation) -> Vec<FaultPreview> {
    let shown = |fault| {
        let response = encode_response::fault(route, operation, &Refusal::new(fault, ""), Uuid::nil(), None);
        FaultPreview::new(fault, &response)
    };
    Fault::ALL.map(shown).into()
}
