//! Every example of a refusal decodes as its fault, and every fault of every operation is encoded in the provider's own
//! envelope.

use std::collections::BTreeSet;

use http::StatusCode;
use passbridge::model::fault::{Fault, FaultDetails};
use passbridge::model::operation::Operation;
use passbridge::provider::descriptor::Provider;
use passbridge::provider::template::decode_context::Scratch;
use passbridge::provider::wire_format::UpstreamError;

use crate::expectations::{self, FAULTS};
use crate::fixture::{self, Fixture, Kind};
use crate::schema;
use crate::wire::{self, REGISTRY};

use Fault::{AssertionRejected, Conflict, InvalidRequest, RateLimited, Unauthenticated, UpstreamFailed};

#[test]
fn every_fault_example_decodes_as_its_fault() {
    let mut seen = BTreeSet::new();
    for (provider, name, operation, fault, retry_after) in FAULTS {
        let fixture = fixture::one(provider, &format!("{name}.fault"));
        seen.insert((fixture.provider.clone(), fixture.name.clone()));
        match fixture.read_response(*operation, &Scratch::default()) {
            Err(UpstreamError::Fault(found, details)) => {
                assert_eq!((found, details.retry_after), (*fault, *retry_after), "{provider}/{name}");
            }
            other => panic!("{provider}/{name}: {other:?}"),
        }
    }
    let examples = fixture::all().into_iter().filter(|fixture| matches!(fixture.kind(), Kind::Fault));
    let examples: BTreeSet<_> = examples.map(|fixture| (fixture.provider, fixture.name)).collect();
    assert_eq!(seen, examples, "every example is covered");
}

#[test]
fn every_fault_encodes_validly_for_every_operation() {
    for provider in REGISTRY.iter() {
        for operation in provider.operations.keys().copied() {
            for fault in Fault::ALL {
                for retry_after in [None, Some(30)] {
                    let written = written(provider, operation, fault, retry_after);
                    let name = format!("{}/{}: {}", provider.id, operation.name(), fault.name());
                    let findings = schema::findings(&provider.id, "fault", &written.object());
                    assert!(findings.is_empty(), "{name}: {findings:#?}\n{}", written.content);
                    let scratch = Scratch::default();
                    let read = written.read_response(operation, &scratch);
                    assert!(matches!(read, Err(UpstreamError::Fault(..))), "{name} reads as {read:?}");
                }
            }
        }
    }
}

#[test]
fn distinguishable_fault_round_trips() {
    let own = [Unauthenticated, InvalidRequest, RateLimited, Conflict];
    for provider in REGISTRY.iter() {
        for operation in provider.operations.keys().copied() {
            for fault in own {
                if !expectations::distinguishes(&provider.id, operation, fault) {
                    continue;
                }
                // At a refresh, the provider refuses the refresh token.
                if operation == Operation::SessionRefresh && fault == Unauthenticated {
                    continue;
                }
                let written = written(provider, operation, fault, Some(7));
                match written.read_response(operation, &Scratch::default()) {
                    Err(UpstreamError::Fault(found, details)) => {
                        // If a provider does not distinguish them, a refused finish is a rejected passkey.
                        let shared = fault == InvalidRequest && operation.is_finish();
                        let fault = if shared && found == AssertionRejected { found } else { fault };
                        assert_eq!(found, fault, "{}/{}", provider.id, operation.name());
                        assert_eq!(details.retry_after, (fault == RateLimited).then_some(7), "{}", provider.id);
                    }
                    other => panic!("{}/{}: {other:?}", provider.id, operation.name()),
                }
            }
        }
    }
}

#[test]
fn undecodable_error_status_is_not_a_request_fault() {
    for provider in REGISTRY.iter() {
        for (status, expected) in [
            (400, None),
            (418, None),
            (200, None),
            (429, Some(RateLimited)),
            (500, Some(UpstreamFailed)),
            (502, Some(UpstreamFailed)),
            (503, Some(UpstreamFailed)),
        ] {
            for content in ["", "<html></html>", "{\"half\":"] {
                let answer = Fixture {
                    provider: provider.id.clone(),
                    status: Some(status),
                    content: content.to_owned(),
                    ..Fixture::default()
                };
                let scratch = Scratch::default();
                let read = answer.read_response(Operation::LoginBegin, &scratch).unwrap_err();
                let found = match &read {
                    UpstreamError::Fault(fault, _) => Some(*fault),
                    UpstreamError::Broken(_) | UpstreamError::Unknown(_) => None,
                };
                assert_eq!(found, expected, "{} {status} {content:?}: {read:?}", provider.id);
            }
        }
    }
}

fn written(provider: &'static Provider, operation: Operation, fault: Fault, retry_after: Option<i64>) -> Fixture {
    let details = FaultDetails {
        fault: Some(fault.name().into()),
        message: Some(fault.message().into()),
        correlation_id: Some("b4351ecc-ee1a-4455-bc94-2c3dbcc58538".into()),
        retry_after,
    };
    let written = provider.faults.write(operation, fault, &details, wire::writing()).unwrap();
    assert!(!written.status.is_success() || written.status == StatusCode::OK);
    let content = (!written.content.is_empty()).then_some(written.content);
    Fixture {
        status: Some(written.status.as_u16()),
        ..wire::sent(provider, provider.content_type.to_str().unwrap(), &written.fields, content)
    }
}
