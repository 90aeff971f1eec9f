//! Behaviour of only one of the providers.

mod absence;
mod forms;
mod head;
mod shared_paths;

use passbridge::model::message::{Request, Response};
use passbridge::model::operation::Operation;
use passbridge::provider::template::decode_context::{DecodeError, DefectKind, Scratch};
use passbridge::provider::wire_format::UpstreamError;

use crate::fixture::{self, Fixture};

/// An example with one text of its content replaced.
pub(super) fn changed(provider: &str, name: &str, from: &str, to: &str) -> Fixture {
    let mut fixture = fixture::one(provider, name);
    assert_eq!(fixture.content.matches(from).count(), 1, "{provider}/{name}: {from}");
    fixture.content = fixture.content.replace(from, to);
    fixture
}

pub(super) fn request<T>(
    fixture: &Fixture,
    operation: Operation,
    look: impl Fn(Result<&Request<'_>, &DecodeError>) -> T,
) -> T {
    let scratch = Scratch::default();
    look(fixture.read_request(operation, &scratch).as_ref())
}

pub(super) fn response<T>(
    fixture: &Fixture,
    operation: Operation,
    look: impl Fn(Result<&Response<'_>, &UpstreamError<'_>>) -> T,
) -> T {
    let scratch = Scratch::default();
    look(fixture.read_response(operation, &scratch).as_ref())
}

/// Asserts that both decode to the same message.
pub(super) fn same_request(one: &Fixture, other: &Fixture, operation: Operation) {
    let scratch = Scratch::default();
    let request = one.read_request(operation, &scratch);
    assert!(request.is_ok(), "{}: {request:?}", one.name);
    assert_eq!(request, other.read_request(operation, &scratch), "{}", one.name);
}

pub(super) fn same_response(one: &Fixture, other: &Fixture, operation: Operation) {
    let scratch = Scratch::default();
    let response = one.read_response(operation, &scratch);
    assert!(response.is_ok(), "{}: {response:?}", one.name);
    assert_eq!(response, other.read_response(operation, &scratch), "{}", one.name);
}

pub(super) fn missing(unread: Result<&Request<'_>, &DecodeError>) -> bool {
    matches!(unread, Err(DecodeError::Broken(defect)) if matches!(defect.kind, DefectKind::Missing(_)))
}
