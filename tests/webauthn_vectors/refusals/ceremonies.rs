//! The steps that both ceremonies share.

use passbridge::webauthn::authenticator_data::InvalidAuthenticatorData;
use passbridge::webauthn::client_data::InvalidClientData;
use passbridge::webauthn::error::VerificationError;

use crate::case::{AssertionCase, RegistrationCase};
use crate::level3::vector;
use crate::refusals::{BE, ED, FLAGS, UP, UV, asserted, registered};

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap()
}

#[test]
fn unparsable_client_data_is_refused() {
    let malformed = Err(VerificationError::ClientData(InvalidClientData::Malformed));
    assert_eq!(asserted(|case| case.client_data_json.truncate(20)), malformed);
    assert_eq!(registered(|case| case.client_data_json.push(b'x')), malformed);
}

#[test]
fn client_data_of_the_other_ceremony_is_refused() {
    let mixed_up = asserted(|case| {
        case.client_data_json = vector("none-es256").registration.client_data_json.0;
        case.expected.challenge = vector("none-es256").registration.challenge.0;
    });
    assert_eq!(mixed_up, Err(VerificationError::TypeMismatch));
    let mixed_up = registered(|case| {
        case.client_data_json = vector("none-es256").authentication.client_data_json.0;
        case.expected.challenge = vector("none-es256").authentication.challenge.0;
    });
    assert_eq!(mixed_up, Err(VerificationError::TypeMismatch));
}

#[test]
fn wrong_challenge_is_refused() {
    assert_eq!(asserted(|case| case.expected.challenge[31] ^= 1), Err(VerificationError::ChallengeMismatch));
    assert_eq!(asserted(|case| case.expected.challenge.truncate(31)), Err(VerificationError::ChallengeMismatch));
    assert_eq!(asserted(|case| case.expected.challenge.push(0)), Err(VerificationError::ChallengeMismatch));
    assert_eq!(asserted(|case| case.expected.challenge.clear()), Err(VerificationError::ChallengeMismatch));
    assert_eq!(registered(|case| case.expected.challenge[0] ^= 1), Err(VerificationError::ChallengeMismatch));
}

#[test]
fn wrong_origin_is_refused() {
    for origin in [
        "http://example.org",
        "https://example.org:8443",
        "https://example.org:443",
        "https://example.org/",
        "https://EXAMPLE.org",
        "https://sub.example.org",
        "https://example.org.evil.example",
        "example.org",
        "",
    ] {
        let changed = asserted(|case| case.expected.origins = vec![origin.to_owned()]);
        assert_eq!(changed, Err(VerificationError::OriginUnexpected), "{origin}");
        let changed = registered(|case| {
            let client_data = text(&case.client_data_json).replace("https://example.org", origin);
            case.client_data_json = client_data.into_bytes();
        });
        assert_eq!(changed, Err(VerificationError::OriginUnexpected), "{origin}");
    }
    assert_eq!(asserted(|case| case.expected.origins.clear()), Err(VerificationError::OriginUnexpected));
}

#[test]
fn cross_origin_frame_is_refused() {
    for anchor in ["none-es256-crossOrigin", "none-es256-topOrigin"] {
        let mut assertion = AssertionCase::new(&vector(anchor));
        let mut registration = RegistrationCase::new(&vector(anchor));
        assert_eq!((assertion.verify(), registration.verify()), (Ok(()), Ok(())));
        assertion.expected.top_origins = None;
        registration.expected.top_origins = None;
        assert_eq!(assertion.verify(), Err(VerificationError::CrossOriginUnexpected), "{anchor}");
        assert_eq!(registration.verify(), Err(VerificationError::CrossOriginUnexpected), "{anchor}");
    }
    let mut contradictory = RegistrationCase::new(&vector("none-es256-topOrigin"));
    contradictory.expected.top_origins = None;
    let client_data = text(&contradictory.client_data_json).replace("\"crossOrigin\":true", "\"crossOrigin\":false");
    contradictory.client_data_json = client_data.into_bytes();
    assert_eq!(
        contradictory.verify(),
        Err(VerificationError::CrossOriginUnexpected),
        "a top origin alone means a frame of another origin"
    );
}

#[test]
fn unlisted_top_origin_is_refused() {
    let vector = vector("none-es256-topOrigin");
    let elsewhere = Some(vec!["https://example.net".to_owned()]);
    let mut assertion = AssertionCase::new(&vector);
    assertion.expected.top_origins.clone_from(&elsewhere);
    assert_eq!(assertion.verify(), Err(VerificationError::TopOriginUnexpected));
    let mut registration = RegistrationCase::new(&vector);
    registration.expected.top_origins = elsewhere;
    assert_eq!(registration.verify(), Err(VerificationError::TopOriginUnexpected));
}

#[test]
fn authenticator_data_of_wrong_length_is_refused() {
    let trailing = Err(VerificationError::AuthenticatorData(InvalidAuthenticatorData::TrailingBytes));
    let truncated = Err(VerificationError::AuthenticatorData(InvalidAuthenticatorData::Truncated));
    assert_eq!(asserted(|case| case.authenticator_data.push(0)), trailing);
    assert_eq!(asserted(|case| case.authenticator_data.truncate(36)), truncated);
    assert_eq!(asserted(|case| case.authenticator_data.clear()), truncated);
    assert_eq!(registered(|case| case.edit_authenticator_data(|data| data.push(0))), trailing);
    assert_eq!(registered(|case| case.edit_authenticator_data(|data| data.truncate(60))), truncated);
    let extensions = Err(VerificationError::AuthenticatorData(InvalidAuthenticatorData::Extensions));
    assert_eq!(asserted(|case| case.authenticator_data[FLAGS] |= ED), extensions);
}

#[test]
fn wrong_rp_id_is_refused() {
    for rp_id in ["example.com", "sub.example.org", "org", "https://example.org", ""] {
        let changed = asserted(|case| case.expected.rp_id = rp_id.to_owned());
        assert_eq!(changed, Err(VerificationError::RpIdHashMismatch), "{rp_id}");
        let changed = registered(|case| case.expected.rp_id = rp_id.to_owned());
        assert_eq!(changed, Err(VerificationError::RpIdHashMismatch), "{rp_id}");
    }
    assert_eq!(asserted(|case| case.authenticator_data[0] ^= 1), Err(VerificationError::RpIdHashMismatch));
}

#[test]
fn missing_user_presence_is_refused() {
    assert_eq!(asserted(|case| case.authenticator_data[FLAGS] ^= UP), Err(VerificationError::UserNotPresent));
    let absent = |case: &mut RegistrationCase| case.edit_authenticator_data(|data| data[FLAGS] ^= UP);
    assert_eq!(registered(absent), Err(VerificationError::UserNotPresent));
    let conditional = registered(|case| {
        absent(case);
        case.conditional_mediation = true;
    });
    assert_eq!(conditional, Ok(()), "conditional mediation does not need presence");
}

#[test]
fn missing_user_verification_is_refused() {
    assert_eq!(asserted(|case| case.expected.user_verification = true), Err(VerificationError::UserNotVerified));
    assert_eq!(registered(|case| case.expected.user_verification = true), Err(VerificationError::UserNotVerified));
    let verified = registered(|case| {
        case.edit_authenticator_data(|data| data[FLAGS] |= UV);
        case.expected.user_verification = true;
    });
    assert_eq!(verified, Ok(()));
}

#[test]
fn backup_state_without_eligibility_is_refused() {
    assert_eq!(asserted(|case| case.authenticator_data[FLAGS] ^= BE), Err(VerificationError::BackupStateInconsistent));
    let changed = registered(|case| case.edit_authenticator_data(|data| data[FLAGS] ^= BE));
    assert_eq!(changed, Err(VerificationError::BackupStateInconsistent));
}
