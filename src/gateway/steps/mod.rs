//! The steps of the pipeline, one file each, in the order of [`pipeline`](crate::gateway::pipeline).

pub(crate) mod after_decode;
pub(crate) mod after_proof;
pub(crate) mod authenticate_caller;
pub(crate) mod before_call;
pub(crate) mod build_response;
pub(crate) mod build_upstream_request;
pub(crate) mod call_upstream;
pub(crate) mod decode_request;
pub(crate) mod decode_response;
pub(crate) mod encode_response;
pub(crate) mod identify_caller;
pub(crate) mod limit_rate;
pub(crate) mod map_user;
pub(crate) mod map_user_back;
pub(crate) mod match_operation;
pub mod read_content;
pub(crate) mod select_backend;
pub(crate) mod store_ceremony;
pub(crate) mod take_ceremony;
pub(crate) mod verify_subject;
