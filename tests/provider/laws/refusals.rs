//! A message that breaks its contract is refused: with the place, as the template names it, and without a value.

use std::slice;

use passbridge::model::operation::Direction;
use passbridge::model::value::ValueKind;
use passbridge::provider::template::codec::Codec;
use passbridge::provider::template::content::{Entry, Node};
use passbridge::provider::template::decode_context::{DecodeError, Defect, DefectKind, Scratch};
use passbridge::provider::template::placeholder::Need;
use passbridge::provider::wire_format::UpstreamError;
use serde_json::{Value, json};

use crate::fixture::Fixture;
use crate::laws::arbitrary::{self, Case};
use crate::laws::edit::{self, Edit};

/// A mark that is in every wrong text, and must not be in a diagnostic.
const MARK: &str = "zq-secret";

/// Decodes a message; `Ok` if that succeeds.
pub(crate) fn read(case: Case, fixture: &Fixture) -> Result<(), DecodeError> {
    let scratch = Scratch::default();
    match case.direction {
        Direction::Request => fixture.read_request(case.operation, &scratch).map(|_| ()),
        Direction::Response => match fixture.read_response(case.operation, &scratch) {
            Ok(_) => Ok(()),
            Err(UpstreamError::Broken(unread)) => Err(unread),
            Err(UpstreamError::Fault(..) | UpstreamError::Unknown(_)) => Err(DecodeError::NotThisMessage),
        },
    }
}

/// Asserts a refusal at that place, for that reason.
fn assert_refused(case: Case, pointer: &str, fixture: &Fixture, reason: impl Fn(&DefectKind) -> bool) {
    match read(case, fixture) {
        Err(DecodeError::Broken(defect)) => {
            assert!(reason(&defect.kind), "{} {pointer}: {defect:?}\n{}", case.name(), fixture.content);
            assert_eq!(defect.place, pointer, "{}: {defect:?}", case.name());
            assert!(!defect.to_string().contains(MARK), "{defect}");
        }
        other => panic!("{} {pointer}: {other:?}\n{}", case.name(), fixture.content),
    }
}

fn places() -> impl Iterator<Item = (Case, &'static Entry)> {
    arbitrary::cases().into_iter().flat_map(|case| edit::entries(case).into_iter().map(move |entry| (case, entry)))
}

#[test]
fn wrong_type_is_refused() {
    for (case, entry) in places() {
        for wrong in wrong_values(&entry.node) {
            let Some(fixture) = edit::edited(case, &entry.pointer, Edit::Replace(&wrong)) else { continue };
            if edit::has_other_forms(case) && read(case, &fixture).is_ok() {
                continue;
            }
            match entry.node {
                Node::Constant(_) => {
                    assert_eq!(read(case, &fixture), Err(DecodeError::NotThisMessage), "{}", case.name())
                }
                _ => assert_refused(case, &entry.pointer, &fixture, |kind| matches!(kind, DefectKind::Expected(_))),
            }
        }
    }
}

fn wrong_values(node: &Node) -> Vec<Value> {
    let place = match node {
        Node::Object(_) => return vec![json!(7), json!(MARK), json!([MARK]), json!(true)],
        Node::JsonText(_) => return vec![json!(7), json!(MARK), json!("{\"id\":"), json!(["{}"]), json!("[]")],
        Node::List(_) => return vec![json!(7), json!(MARK), json!({}), json!([7]), json!([null]), json!([[]])],
        Node::Constant(_) => return vec![json!(7.5), json!(MARK), json!([1]), json!({ "a": 1 })],
        Node::Placeholder(place) => place,
    };
    match (place.placeholder.member.kind(), place.placeholder.codec) {
        (ValueKind::Text, _) => vec![json!(7), json!(true), json!([MARK]), json!({ "a": MARK })],
        (ValueKind::Bytes, _) => vec![json!(7), json!(MARK), json!("A"), json!("AA="), json!("AB=="), json!(["AA"])],
        (ValueKind::Number, Codec::Instant | Codec::Expiry | Codec::Millis) => {
            vec![json!(7), json!(MARK), json!("2025-13-01T00:00:00Z"), json!(false)]
        }
        (ValueKind::Number, _) => vec![json!(MARK), json!("7"), json!(1.5), json!(1e300), json!(u64::MAX), json!([7])],
        (ValueKind::Flag, _) => vec![json!(1), json!(MARK), json!([true])],
        (ValueKind::Texts, _) => vec![json!(7), json!(MARK), json!([7]), json!([MARK, null]), json!({ "a": MARK })],
        (ValueKind::Json, _) => vec![json!(7), json!(MARK), json!("{}"), json!([{ "a": MARK }]), json!(false)],
        (ValueKind::List, _) => unreachable!("a list is not a placeholder"),
    }
}

#[test]
fn missing_required_member_is_refused() {
    for (case, entry) in places() {
        let (member, need) = match &entry.node {
            Node::Placeholder(place) => (place.placeholder.member, place.placeholder.need),
            Node::List(list) => (list.member, list.need),
            Node::Object(_) | Node::JsonText(_) | Node::Constant(_) => continue,
        };
        let empty = match &entry.node {
            Node::List(_) => json!([]),
            _ if member.kind() == ValueKind::Json => Value::Null,
            _ => json!(""),
        };
        let edits =
            [Edit::Remove, Edit::Replace(&Value::Null), Edit::Replace(slice::from_ref(&empty).first().unwrap())];
        for edit in edits {
            let Some(fixture) = edit::edited(case, &entry.pointer, edit) else { continue };
            match need {
                Need::Required => {
                    assert_refused(case, &entry.pointer, &fixture, |kind| *kind == DefectKind::Missing(member));
                }
                Need::Optional | Need::Nullable | Need::Blank => {
                    assert_eq!(read(case, &fixture), Ok(()), "{} {}", case.name(), entry.pointer);
                }
            }
        }
    }
}

#[test]
fn duplicate_name_is_refused() {
    for (case, entry) in places() {
        if let Some(fixture) = edit::edited(case, &entry.pointer, Edit::Repeat) {
            // A member of only one of several forms is skipped by the others.
            if edit::has_other_forms(case) && read(case, &fixture).is_ok() {
                continue;
            }
            assert_refused(case, &entry.pointer, &fixture, |kind| *kind == DefectKind::Duplicate);
        }
    }
}

#[test]
fn conflicting_values_of_one_member_are_refused() {
    for (case, entry) in places() {
        if entry.pointer.ends_with("/rawId") {
            let other = json!("AAAA");
            let fixture = edit::edited(case, &entry.pointer, Edit::Replace(&other)).unwrap();
            // Which of the two is reported depends on their order on the wire.
            let Err(DecodeError::Broken(defect)) = read(case, &fixture) else { panic!("{}", case.name()) };
            assert_eq!(defect.kind, DefectKind::Disagree, "{}", case.name());
        }
    }
}

#[test]
fn excessive_nesting_is_refused() {
    let nested = |levels: usize| {
        (0..levels).fold(json!(0), |inner, level| if level % 2 == 0 { json!([inner]) } else { json!({ "a": inner }) })
    };
    for case in arbitrary::cases() {
        for pointer in edit::objects(case) {
            let around = pointer.matches('/').count() + 1;
            let (fits, deep) = (nested(32 - around), nested(33 - around));
            let Some(fixture) = edit::edited(case, &pointer, Edit::Add(&fits)) else { continue };
            assert_eq!(read(case, &fixture), Ok(()), "{} {pointer}", case.name());
            let fixture = edit::edited(case, &pointer, Edit::Add(&deep)).unwrap();
            let place = pointer.strip_suffix("/*").unwrap_or(&pointer);
            assert_refused(case, place, &fixture, |kind| *kind == DefectKind::TooDeep);
        }
    }
    for (case, entry) in places() {
        let Node::Placeholder(place) = &entry.node else { continue };
        if place.placeholder.member.kind() == ValueKind::Json {
            let around = entry.pointer.matches('/').count();
            let (fits, deep) = (json!({ "a": nested(31 - around) }), json!({ "a": nested(32 - around) }));
            let Some(fixture) = edit::edited(case, &entry.pointer, Edit::Replace(&fits)) else { continue };
            assert_eq!(read(case, &fixture), Ok(()), "{} {}", case.name(), entry.pointer);
            let fixture = edit::edited(case, &entry.pointer, Edit::Replace(&deep)).unwrap();
            assert_refused(case, &entry.pointer, &fixture, |kind| *kind == DefectKind::TooDeep);
        }
    }
}

#[test]
fn content_that_is_not_one_json_document_is_refused() {
    for case in arbitrary::cases() {
        let example = edit::example(case);
        if example.content.is_empty() {
            continue;
        }
        let content = &example.content;
        let half = &content[..content.len() / 2];
        for broken in [
            format!("{content}{content}"),
            format!("{content} x"),
            half.to_owned(),
            String::new(),
            "null".into(),
            "[]".into(),
        ] {
            let fixture = Fixture { content: broken, ..example.clone() };
            let read = read(case, &fixture);
            assert!(read.is_err(), "{}: {}", case.name(), fixture.content);
            if let Err(DecodeError::Broken(Defect { kind: DefectKind::Syntax { .. }, place })) = read {
                assert_eq!(place, "");
            }
        }
    }
}
