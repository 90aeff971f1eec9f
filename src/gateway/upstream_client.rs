//! The client of an upstream, as one worker thread has it, and its answers.

use bytes::Bytes;
use http::Response as HttpResponse;

use crate::model::message::Response;
use crate::relying_party::RelyingParty;
use crate::upstream::http_upstream::HttpUpstream;

/// The client of an upstream.
#[derive(Debug)]
pub enum UpstreamClient {
    /// The embedded relying party.
    Embedded(RelyingParty),
    /// A provider over HTTP.
    Http(HttpUpstream),
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
            Self::Embedded(party) => Some(party),
            Self::Http(_) => None,
        }
    }
}
