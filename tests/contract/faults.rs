//! Every example of a refusal reads as the fault it is, and every fault of every operation is
//! written in the provider's own envelope.

use std::collections::BTreeSet;

use http::StatusCode;
use passbridge::canonical::fault::{Fault, FaultDetails};
use passbridge::canonical::operation::Operation;
use passbridge::provider::descriptor::Provider;
use passbridge::provider::exchange::NoSuccess;
use passbridge::template::reader::Scratch;

use crate::fixture::{self, Fixture, Kind};
use crate::schema;
use crate::wire::{self, REGISTRY};

use Fault::{
    AssertionRejected, ChallengeExpired, Conflict, Forbidden, InvalidRequest, NotEnabled, NotFound, RateLimited,
    Unauthenticated, UnknownUser, UnsupportedMediaType, UpstreamFailed,
};
use Operation::{
    CredentialsDelete, CredentialsList, LoginBegin, LoginFinish, RegistrationBegin, RegistrationFinish, SessionRefresh,
    SignupBegin, SignupFinish,
};

/// Provider, example, where it was met, what it is, after how many seconds to try again.
const EXAMPLES: &[(&str, &str, Operation, Fault, Option<i64>)] = &[
    ("quiva", "400_invalid_request", LoginBegin, InvalidRequest, None),
    ("quiva", "401_api_key", RegistrationBegin, Unauthenticated, None),
    ("quiva", "401_unknown_user", LoginBegin, UnknownUser, None),
    ("quiva", "401_unknown_user", LoginFinish, AssertionRejected, None),
    ("quiva", "401_refresh_token", SessionRefresh, AssertionRejected, None),
    ("quiva", "401_unknown_user", CredentialsDelete, Unauthenticated, None),
    ("quiva", "403_api_key", RegistrationFinish, Forbidden, None),
    ("quiva", "404_not_found", CredentialsDelete, NotFound, None),
    ("quiva", "409_conflict", RegistrationFinish, Conflict, None),
    ("quiva", "429_rate_limited", LoginBegin, RateLimited, Some(60)),
    ("quiva", "500_internal", LoginFinish, UpstreamFailed, None),
    ("flashback", "400_registration_begin", RegistrationBegin, InvalidRequest, None),
    ("flashback", "400_registration_finish", RegistrationFinish, AssertionRejected, None),
    ("flashback", "500_login_begin", LoginBegin, UpstreamFailed, None),
    ("flashback", "500_registration_begin", RegistrationBegin, UpstreamFailed, None),
    ("flashback", "500_registration_finish", RegistrationFinish, UpstreamFailed, None),
    ("streambird", "400_invalid_request", LoginFinish, AssertionRejected, None),
    ("streambird", "401_unauthorized", LoginBegin, Unauthenticated, None),
    ("streambird", "402_feature_not_enabled", LoginBegin, NotEnabled, None),
    ("streambird", "404_not_found", LoginBegin, UnknownUser, None),
    ("streambird", "404_not_found", CredentialsDelete, NotFound, None),
    ("streambird", "409_conflict", RegistrationFinish, Conflict, None),
    ("streambird", "429_rate_limited", LoginBegin, RateLimited, None),
    ("streambird", "500_internal_error", LoginFinish, UpstreamFailed, None),
    ("streambird", "503_service_unavailable", LoginBegin, UpstreamFailed, None),
    ("streambird", "504_gateway_timeout", LoginBegin, UpstreamFailed, None),
    ("auth0", "400_dpop_nonce", LoginFinish, Unauthenticated, None),
    ("auth0", "400_invalid_request", LoginBegin, InvalidRequest, None),
    ("auth0", "400_me_problem", RegistrationFinish, InvalidRequest, None),
    ("auth0", "401_invalid_client", LoginBegin, Unauthenticated, None),
    ("auth0", "401_me_problem", RegistrationBegin, Unauthenticated, None),
    ("auth0", "403_access_denied", LoginFinish, Forbidden, None),
    ("auth0", "403_invalid_grant", LoginFinish, AssertionRejected, None),
    ("auth0", "401_invalid_client", SessionRefresh, Unauthenticated, None),
    ("auth0", "403_refresh_token", SessionRefresh, AssertionRejected, None),
    ("auth0", "403_me_problem", CredentialsDelete, Forbidden, None),
    ("auth0", "403_mfa_required", LoginFinish, Forbidden, None),
    ("auth0", "403_signup_code", SignupFinish, AssertionRejected, None),
    ("auth0", "404_not_enabled", LoginBegin, NotEnabled, None),
    ("auth0", "404_not_enabled", SignupBegin, NotEnabled, None),
    ("auth0", "409_me_problem", RegistrationFinish, Conflict, None),
    ("auth0", "415_me_problem", RegistrationBegin, UnsupportedMediaType, None),
    ("auth0", "429_me_problem", CredentialsList, RateLimited, Some(30)),
    ("auth0", "429_rate_limited", LoginBegin, RateLimited, Some(30)),
    ("auth0", "500_global_limit", LoginFinish, RateLimited, None),
    ("apifox", "40001_binding", LoginFinish, InvalidRequest, None),
    ("apifox", "40001_credential", LoginFinish, InvalidRequest, None),
    ("apifox", "40017_banned", LoginFinish, Forbidden, None),
    ("apifox", "40018_not_activated", LoginFinish, Forbidden, None),
    ("apifox", "40019_not_enabled", LoginBegin, NotEnabled, None),
    ("apifox", "40020_refresh_token", SessionRefresh, AssertionRejected, None),
    ("apifox", "40020_token_type", RegistrationBegin, Unauthenticated, None),
    ("apifox", "40024_options", LoginBegin, UpstreamFailed, None),
    ("apifox", "40025_login_rejected", LoginFinish, AssertionRejected, None),
    ("apifox", "40025_registration_rejected", RegistrationFinish, AssertionRejected, None),
    ("apifox", "40089_scope", RegistrationBegin, Forbidden, None),
    ("apifox", "401_login_required", CredentialsList, Unauthenticated, None),
    ("apifox", "404_passkey_not_found", CredentialsDelete, NotFound, None),
    ("apifox", "404_session_not_found", LoginFinish, ChallengeExpired, None),
    ("apifox", "404_session_not_found", RegistrationFinish, ChallengeExpired, None),
    ("apifox", "50001_database", CredentialsList, UpstreamFailed, None),
    ("apifox", "50002_token_issue", LoginFinish, UpstreamFailed, None),
    ("apifox", "50005_initialize", LoginBegin, UpstreamFailed, None),
    ("apifox", "50005_session_store", LoginBegin, UpstreamFailed, None),
    ("apifox", "minus1_unclassified", LoginFinish, UpstreamFailed, None),
];

#[test]
fn every_example_is_the_fault_it_says() {
    let mut seen = BTreeSet::new();
    for (provider, name, operation, fault, retry_after) in EXAMPLES {
        let fixture = fixture::one(provider, &format!("{name}.fault"));
        seen.insert((fixture.provider.clone(), fixture.name.clone()));
        match fixture.read_response(*operation, &Scratch::default()) {
            Err(NoSuccess::Fault(found, details)) => {
                assert_eq!((found, details.retry_after), (*fault, *retry_after), "{provider}/{name}");
            }
            other => panic!("{provider}/{name}: {other:?}"),
        }
    }
    let examples = fixture::all().into_iter().filter(|fixture| matches!(fixture.kind(), Kind::Fault));
    let examples: BTreeSet<_> = examples.map(|fixture| (fixture.provider, fixture.name)).collect();
    assert_eq!(seen, examples, "every example is looked at");
}

#[test]
fn every_fault_of_every_operation_is_written_validly_and_reads_as_a_fault() {
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
                    assert!(matches!(read, Err(NoSuccess::Fault(..))), "{name} reads as {read:?}");
                }
            }
        }
    }
}

#[test]
fn a_fault_a_provider_tells_apart_reads_back_as_itself() {
    let own = [Unauthenticated, InvalidRequest, RateLimited, Conflict];
    for provider in REGISTRY.iter() {
        for operation in provider.operations.keys().copied() {
            for fault in own {
                // quiva's open requests have one status for everything about the user.
                if provider.id == "quiva"
                    && fault == Unauthenticated
                    && matches!(operation, LoginBegin | LoginFinish | SessionRefresh)
                {
                    continue;
                }
                let written = written(provider, operation, fault, Some(7));
                match written.read_response(operation, &Scratch::default()) {
                    Err(NoSuccess::Fault(found, details)) => {
                        // Where a provider has no other word, a finish that was refused is a passkey that was.
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
fn a_status_without_content_or_with_a_page_is_no_refusal_of_the_request() {
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
                let read = answer.read_response(LoginBegin, &scratch).unwrap_err();
                let found = match &read {
                    NoSuccess::Fault(fault, _) => Some(*fault),
                    NoSuccess::Broken(_) | NoSuccess::Unknown(_) => None,
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
        ..wire::sent(provider, &provider.content_type, &written.fields, content)
    }
}
