//! The backend that a policy selects.

use http::HeaderValue;

use crate::policy::decision::Reason;

/// A backend, and why it was selected.
#[derive(Debug)]
pub(crate) struct Selection {
    pub(crate) backend: usize,
    pub(crate) reason: Reason,
    /// Whether it applies only to users whose passkeys the upstream can verify.
    pub(crate) if_proven: bool,
    /// The cookie that identifies the browser from now on.
    pub(crate) cookie: Option<HeaderValue>,
}

impl Selection {
    pub(crate) fn new(backend: usize, reason: Reason) -> Self {
        Self { backend, reason, if_proven: false, cookie: None }
    }
}
