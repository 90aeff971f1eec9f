//! The layers every request passes, outermost first in the stack that `application` builds.

pub(super) mod access;
pub(super) mod panics;
pub(super) mod request_ids;
