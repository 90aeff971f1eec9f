//! Differences that WebAuthn and the providers allow do not change the decoded message.

use passbridge::model::operation::Direction;
use passbridge::model::value::ValueKind;
use passbridge::provider::template::content::{Entry, Node};
use passbridge::provider::template::decode_context::Scratch;
use proptest::test_runner::{Config, TestRunner};
use serde_json::{Value, json};

use crate::fixture::Fixture;
use crate::laws::arbitrary::{self, Case};
use crate::laws::edit::{self, Edit};

fn assert_same(case: Case, one: &Fixture, other: &Fixture) {
    let scratch = Scratch::default();
    match case.direction {
        Direction::Request => {
            let read = one.read_request(case.operation, &scratch);
            assert!(read.is_ok(), "{}: {read:?}", case.name());
            assert_eq!(read, other.read_request(case.operation, &scratch), "{}\n{}", case.name(), other.content);
        }
        Direction::Response => {
            let read = one.read_response(case.operation, &scratch);
            assert!(read.is_ok(), "{}: {read:?}", case.name());
            assert_eq!(read, other.read_response(case.operation, &scratch), "{}\n{}", case.name(), other.content);
        }
    }
}

#[test]
fn unknown_member_is_ignored() {
    for case in arbitrary::cases() {
        let example = edit::example(case);
        for pointer in edit::objects(case) {
            let mut runner = TestRunner::new(Config { cases: 12, failure_persistence: None, ..Config::default() });
            let law = |unknown: Value| {
                if let Some(fixture) = edit::edited(case, &pointer, Edit::Add(&unknown)) {
                    assert_same(case, &example, &fixture);
                }
                Ok(())
            };
            runner.run(&arbitrary::json(), law).unwrap();
        }
    }
}

#[test]
fn member_order_is_irrelevant() {
    for case in arbitrary::cases() {
        let example = plain_example(case);
        if let Ok(content) = serde_json::from_str::<Value>(&example.content) {
            assert_same(case, &example, &Fixture { content: reversed(&content), ..example.clone() });
        }
    }
}

#[test]
fn white_space_is_irrelevant() {
    for case in arbitrary::cases() {
        let example = plain_example(case);
        if let Ok(content) = serde_json::from_str::<Value>(&example.content) {
            assert_same(case, &example, &Fixture { content: format!("\n{content:#}\t\r\n"), ..example.clone() });
        }
    }
}

#[test]
fn escapes_are_equivalent_to_plain_text() {
    for case in arbitrary::cases() {
        let example = plain_example(case);
        // Every letter `a` outside of JSON in a string, as an escape.
        if !example.content.contains('\\') {
            let content = example.content.replace('a', "\\u0061").replace("f\\u0061lse", "false");
            assert_same(case, &example, &Fixture { content, ..example.clone() });
        }
    }
}

#[test]
fn integer_may_be_written_as_a_float() {
    for case in arbitrary::cases() {
        let example = edit::example(case);
        if example.content.contains(":60000,") || example.content.contains(":300000,") {
            let content = example.content.replace(":60000,", ":6e4,").replace(":300000,", ":300000.0,");
            assert_same(case, &example, &Fixture { content, ..example.clone() });
        }
    }
}

/// The example without the objects that are forwarded byte for byte.
fn plain_example(case: Case) -> Fixture {
    let travels = |entry: &&Entry| matches!(&entry.node, Node::Placeholder(place) if place.placeholder.member.kind() == ValueKind::Json);
    let mut example = edit::example(case);
    for entry in edit::entries(case).into_iter().filter(travels) {
        if let Some(fixture) = edit::edited_of(&example, &entry.pointer, Edit::Replace(&json!({}))) {
            example = fixture;
        }
    }
    example
}

fn reversed(value: &Value) -> String {
    match value {
        Value::Object(object) => {
            let entries: Vec<_> =
                object.iter().rev().map(|(name, value)| format!("{name:?}:{}", reversed(value))).collect();
            format!("{{{}}}", entries.join(","))
        }
        other => other.to_string(),
    }
}
