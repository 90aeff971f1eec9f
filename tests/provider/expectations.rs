//! The providers under test, the folders of their documented examples and schemas, and expectations of single examples.

use std::path::Path;

use passbridge::model::fault::Fault;
use passbridge::model::operation::Operation;
use passbridge::provider::registry::Registry;

use Fault::{
    AssertionRejected, ChallengeExpired, Conflict, Forbidden, InvalidRequest, NotEnabled, NotFound, RateLimited,
    Unauthenticated, UnknownUser, UnsupportedMediaType, UpstreamFailed,
};
use Operation::{
    CredentialsDelete, CredentialsList, LoginBegin, LoginFinish, RegistrationBegin, RegistrationFinish, SessionRefresh,
    SignupBegin, SignupFinish,
};

/// The folder of the provider that `src/` does not know.
pub(crate) const PROVIDERS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/provider/sixth_provider/providers");
/// Below the root: the folders that hold `FOLDER/PROVIDER/NAME.http`.
pub(crate) const FIXTURES: [&str; 2] = ["tests/fixtures", "tests/provider/sixth_provider/fixtures"];
/// Below the root: the folders that hold `FOLDER/PROVIDER/NAME.json`.
pub(crate) const SCHEMAS: [&str; 2] = ["schemas", "tests/provider/sixth_provider/schemas"];

/// The provider files inside the binary and the one of [`PROVIDERS`].
pub(crate) fn registry() -> Registry {
    let (registry, diagnostics) = Registry::load(Some(Path::new(PROVIDERS)));
    assert!(diagnostics.is_empty(), "{diagnostics}");
    registry
}

/// Whether a provider distinguishes a fault from all others.
pub(crate) fn distinguishes(provider: &str, operation: Operation, fault: Fault) -> bool {
    // quiva's open requests have one status for everything about the user.
    let is_open = matches!(operation, LoginBegin | LoginFinish | SessionRefresh);
    !(provider == "quiva" && fault == Unauthenticated && is_open)
}

/// Members that the model does not carry, by choice: provider, message, and the text in the example.
pub(crate) const DROPPED: &[(&str, &str, &str)] = &[
    // The page's own origin, which the client knows.
    ("flashback", "registration.begin.response", r#","origin":"https://flashback.tech""#),
    // Settings of Cloudreve's own.
    ("apifox", "login.finish.response", r#","group":{"id":"bXk5","name":"User"},"language":"en-US""#),
    // Auth0's own record of an enrolment.
    ("auth0", "registration.finish.response", AUTH0_RECORD),
    ("auth0", "registration.finish.response", AUTH0_KEY),
    ("auth0", "registration.finish.response", r#""user_agent":"Example/1.0","#),
    ("auth0", "registration.finish.response", r#""usage":["authentication"],"#),
    ("auth0", "credentials.list.response", AUTH0_RECORD),
    ("auth0", "credentials.list.response", AUTH0_KEY),
    (
        "auth0",
        "credentials.list.response",
        concat!(
            r#""user_agent":"Example/1.0","user_handle":"--__AAECAwQFBgcICQoLDA","#,
            r#""relying_party_id":"login.example.com","usage":["authentication"],"#
        ),
    ),
];
const AUTH0_RECORD: &str =
    r#""credential_device_type":"multi_device","credential_backed_up":true,"identity_user_id":"fake00000000","#;
const AUTH0_KEY: &str = r#""public_key":"0NHS09TV1tfY2drb3N3e3+Dh4uPk5ebn6Onq6+zt7u8=","#;

/// Provider, example, operation, expected fault, and the number of seconds after which to retry.
pub(crate) const FAULTS: &[(&str, &str, Operation, Fault, Option<i64>)] = &[
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
    ("kelpie", "4000_invalid", LoginFinish, InvalidRequest, None),
    ("kelpie", "4010_key", LoginBegin, Unauthenticated, None),
    ("kelpie", "4040_user", LoginBegin, UnknownUser, None),
    ("kelpie", "4040_user", CredentialsDelete, NotFound, None),
    ("kelpie", "4220_rejected", LoginFinish, AssertionRejected, None),
    ("kelpie", "4100_expired", RegistrationFinish, ChallengeExpired, None),
    ("kelpie", "4290_rate", LoginBegin, RateLimited, Some(30)),
    ("kelpie", "5030_busy", LoginBegin, UpstreamFailed, Some(5)),
];
