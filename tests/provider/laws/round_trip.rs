//! An encoded message decodes as itself, and an invalid message is not encoded.

use passbridge::model::operation::Direction;
use passbridge::provider::template::decode_context::Scratch;
use passbridge::provider::template::encode::MissingMember;
use proptest::test_runner::{Config, TestRunner};

use crate::laws::arbitrary::{self, Case, Fillings};
use crate::wire;

/// Checks a property with any filling of every message.
fn for_every_message(complete: bool, law: impl Fn(Case, &Fillings)) {
    for case in arbitrary::cases() {
        let mut runner = TestRunner::new(Config { cases: 48, failure_persistence: None, ..Config::default() });
        let run = runner.run(&case.fillings(complete), |fillings| {
            law(case, &fillings);
            Ok(())
        });
        run.unwrap_or_else(|error| panic!("{}: {error}", case.name()));
    }
}

#[test]
fn encoded_message_decodes_as_itself() {
    for_every_message(true, |case, fillings| {
        let scratch = Scratch::default();
        match case.direction {
            Direction::Request => {
                let request = arbitrary::request(case.operation, fillings);
                let written = wire::request(case.provider, case.operation, request.record());
                assert_eq!(written.read_request(case.operation, &scratch).as_ref(), Ok(&request), "{written:?}");
            }
            Direction::Response => {
                let response = arbitrary::response(case.operation, fillings);
                let written = wire::response(case.provider, case.operation, response.record());
                assert_eq!(written.read_response(case.operation, &scratch).as_ref(), Ok(&response), "{written:?}");
            }
        }
    });
}

#[test]
fn message_without_a_required_member_is_not_encoded() {
    for_every_message(false, |case, fillings| {
        let lacks = |member| fillings.iter().any(|(known, filling)| *known == member && filling.is_none());
        let missing: Vec<_> = case.required().into_iter().filter(|member| lacks(*member)).collect();
        let template = wire::template(case.provider, case.operation);
        let written = match case.direction {
            Direction::Request => {
                let request = arbitrary::request(case.operation, fillings);
                template.write_request(request.record(), wire::writing()).map(|_| ())
            }
            Direction::Response => {
                let response = arbitrary::response(case.operation, fillings);
                template.write_response(case.provider, response.record(), wire::writing()).map(|_| ())
            }
        };
        match written {
            Ok(()) => assert_eq!(missing, []),
            Err(MissingMember(member)) => assert!(missing.contains(&member), "{member:?} is not among {missing:?}"),
        }
    });
}

#[test]
fn message_without_a_relaxed_member_is_encoded_without_it() {
    for_every_message(false, |case, fillings| {
        let relaxed = case.required();
        let template = wire::template(case.provider, case.operation);
        let writing = passbridge::provider::template::encode::EncodeContext { relaxed: &relaxed, ..wire::writing() };
        if case.direction == Direction::Response {
            let response = arbitrary::response(case.operation, fillings);
            let written = template.write_response(case.provider, response.record(), writing).unwrap();
            if let Some(content) = written.content {
                serde_json::from_slice::<serde_json::Value>(&content).unwrap();
            }
        }
    });
}
