//! steps.

pub(crate) mod authenticate_caller;
pub mod build_response;
pub mod build_upstream_request;
pub mod call_upstream;
pub(crate) mod decode_request;
pub mod encode_response;
pub(crate) mod map_user;
pub mod read_content;
pub(crate) mod select_backend;
