//! The client of an upstream, as one worker thread has it, and its answers.

use bytes::Bytes;
use http::Response as HttpResponse;

use crate::features::key_learning::KeyLearner;
use crate::model::message::Response;
use crate::relying_party::RelyingParty;
use crate::upstream::http_upstream::HttpUpstream;

/// The client of an upstream.
#[derive(Debug)]
pub enum UpstreamClient {
    /// The embedded relying party, and the learner of its passkeys.
    Embedded(RelyingParty, KeyLearner),
    /// A provider over HTTP.
    Http(Box<HttpUpstream>),
}

/// The answer of an upstream.
#[derive(Debug)]
pub enum Answer {
    /// Of the embedded relying party.
    Embedded(Response<'static>),
    /// Of a provider.
    Http(HttpResponse<Bytes>),
}

impl UpstreamClient {
    /// The embedded relying party, if it is one.
    pub(crate) fn embedded(&self) -> Option<&RelyingParty> {
        match self {
            Self::Embedded(party, _) => Some(party),
            Self::Http(_) => None,
        }
    }

    /// The learner of an embedded relying party, if it is one.
    pub(crate) fn learner(&self) -> Option<&KeyLearner> {
        match self {
            Self::Embedded(_, learner) => Some(learner),
            Self::Http(_) => None,
        }
    }
}
