//! Which operation a request is, among those its path and method allow: its content decides.
//!
//! Content that is another message than any of them is no mistake of the caller: it may be meant for
//! whoever else is served on that path.

use http::request;
use jiff::Timestamp;

use crate::gateway::pipeline::Gateway;
use crate::gateway::steps::read_content;
use crate::model::fault::{Fault, Refusal};
use crate::model::member::Member;
use crate::model::message::Request;
use crate::provider::template::reader::{DecodeError, Defect, DefectKind, Scratch};
use crate::provider::wire_format::Arrived;
use crate::routes::Route;
use crate::routes::router::Candidate;

/// A request that is none of the operations it might have been.
pub(crate) struct Unrecognised<'a> {
    /// The operation it was most likely meant to be.
    pub(crate) candidate: &'a Candidate,
    /// What to tell the caller, if it was meant to be that.
    pub(crate) refusal: Refusal,
    /// Whether it is another message, which may pass through.
    pub(crate) is_another: bool,
}

impl Gateway {
    /// Reads a request as the first of the candidates that it is.
    pub(crate) fn recognise<'a>(
        &'a self,
        candidates: &[&'a Candidate],
        head: &'a request::Parts,
        content: &'a [u8],
        scratch: &'a Scratch,
        now: Timestamp,
    ) -> Result<(&'a Route, Request<'a>), Unrecognised<'a>> {
        let mut likeliest: Option<Unrecognised<'a>> = None;
        for candidate in candidates.iter().copied() {
            let route = self.route(candidate);
            let template = &route.dialect.operations[&candidate.operation];
            let message = &template.request.message;
            let unrecognised =
                if message.content.is_some() && !read_content::is_accepted(route.dialect.accepts, &head.headers) {
                    let refusal = Refusal::new(Fault::UnsupportedMediaType, "the media type is not JSON");
                    Unrecognised { candidate, refusal, is_another: message.has_constants() }
                } else {
                    let path = head.uri.path().strip_prefix(route.prefix.as_str()).unwrap_or_default();
                    let query = head.uri.query().unwrap_or_default();
                    let arrived = Arrived { path, query, fields: &head.headers, content };
                    match template.read_request(candidate.operation, arrived, self.reading(scratch, now)) {
                        Ok(request) => return Ok((route, request)),
                        Err(unread) => unrecognised(candidate, &unread),
                    }
                };
            if likeliest.as_ref().is_none_or(|one| one.is_another && !unrecognised.is_another) {
                likeliest = Some(unrecognised);
            }
        }
        Err(likeliest.expect("there is at least one candidate"))
    }
}

#[cold]
fn unrecognised<'a>(candidate: &'a Candidate, unread: &DecodeError) -> Unrecognised<'a> {
    match unread {
        DecodeError::NotThisMessage => {
            let refusal = Refusal::with_public_message(
                Fault::InvalidRequest,
                "The content is not that of an operation on this path.",
            );
            Unrecognised { candidate, refusal, is_another: true }
        }
        DecodeError::Broken(defect) => Unrecognised { candidate, refusal: broken(defect), is_another: false },
    }
}

/// What is broken is told with its place; that the proof of who calls is missing is another matter.
fn broken(defect: &Defect) -> Refusal {
    match &defect.kind {
        DefectKind::Missing(member) if member.is_caller_credential() && *member != Member::ClientId => {
            Refusal::new(Fault::Unauthenticated, defect.to_string())
        }
        _ => Refusal::with_public_message(Fault::InvalidRequest, defect.to_string()),
    }
}
