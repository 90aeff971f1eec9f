//! Every example of a request or a response is valid, decodes, and encodes to the same bytes.

use std::collections::BTreeSet;

use passbridge::model::operation::{Direction, Operation};
use passbridge::provider::template::decode_context::Scratch;

use crate::expectations::DROPPED;
use crate::fixture::{self, Fixture, Kind};
use crate::schema;
use crate::wire::{self, REGISTRY};

#[test]
fn every_fixture_matches_its_schema() {
    for fixture in fixture::all() {
        let findings = schema::findings(&fixture.provider, fixture.schema(), &fixture.object());
        assert!(findings.is_empty(), "{}/{}: {findings:#?}", fixture.provider, fixture.name);
    }
}

#[test]
fn every_operation_has_two_examples_and_no_example_is_unused() {
    let mut examples = BTreeSet::new();
    for fixture in fixture::all() {
        if let Kind::Message(..) = fixture.kind() {
            examples.insert((fixture.provider, fixture.name));
        }
    }
    let mut messages = BTreeSet::new();
    for provider in REGISTRY.iter() {
        for operation in provider.operations.keys() {
            for direction in [Direction::Request, Direction::Response] {
                messages.insert((provider.id.clone(), format!("{}.{}", operation.name(), direction.name())));
            }
        }
    }
    assert_eq!(messages, examples);
}

#[test]
fn every_example_round_trips() {
    for fixture in fixture::all() {
        if let Kind::Message(operation, direction) = fixture.kind() {
            let written = written_back(&fixture, operation, direction);
            let name = format!("{}/{}", fixture.provider, fixture.name);
            assert_eq!(written.content, carried(&fixture), "{name}");
            assert_eq!(written.request, fixture.request, "{name}");
            assert_eq!(written.status, fixture.status, "{name}");
            for (field, value) in &written.fields {
                let example = fixture.fields.get(field).unwrap_or_else(|| panic!("{name} has no {field}"));
                // A Location may be relative (RFC 9110 section 10.2.2); the example has a host.
                let is_same = if field == "location" {
                    example.to_str().unwrap().ends_with(value.to_str().unwrap())
                } else {
                    example == value
                };
                assert!(is_same, "{name}: {field} is {value:?}");
            }
            let findings = schema::findings(&fixture.provider, &fixture.name, &written.object());
            assert!(findings.is_empty(), "{name}: {findings:#?}");
        }
    }
}

fn written_back(fixture: &Fixture, operation: Operation, direction: Direction) -> Fixture {
    let scratch = Scratch::default();
    let name = format!("{}/{}", fixture.provider, fixture.name);
    match direction {
        Direction::Request => match fixture.read_request(operation, &scratch) {
            Ok(request) => wire::request(fixture.provider(), operation, request.record()),
            Err(unread) => panic!("{name}: {unread:?}"),
        },
        Direction::Response => match fixture.read_response(operation, &scratch) {
            Ok(response) => wire::response(fixture.provider(), operation, response.record()),
            Err(no_success) => panic!("{name}: {no_success:?}"),
        },
    }
}

/// The example's content without the members that the model does not carry.
fn carried(fixture: &Fixture) -> String {
    let mut content = fixture.content.clone();
    for (_, _, text) in
        DROPPED.iter().filter(|(provider, name, _)| *provider == fixture.provider && *name == fixture.name)
    {
        assert_eq!(content.matches(text).count(), 1, "{text}");
        content = content.replace(text, "");
    }
    content
}
