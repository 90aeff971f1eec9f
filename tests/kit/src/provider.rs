//! The five providers: the parts of their documentation that no schema expresses.

use base64::Engine as _;
use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD};

use super::message::{Request, Response};

/// A provider, as dialect or as upstream.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Provider {
    Quiva,
    Flashback,
    Streambird,
    Auth0,
    Apifox,
}

/// The values of a begin that the finish needs.
#[derive(Clone, Debug)]
pub struct Begun {
    pub challenge: Vec<u8>,
    pub session: Option<String>,
}

// ===== impl Provider =====

impl Provider {
    pub const ALL: [Self; 5] = [Self::Quiva, Self::Flashback, Self::Streambird, Self::Auth0, Self::Apifox];

    pub fn id(self) -> &'static str {
        match self {
            Self::Quiva => "quiva",
            Self::Flashback => "flashback",
            Self::Streambird => "streambird",
            Self::Auth0 => "auth0",
            Self::Apifox => "apifox",
        }
    }

    /// The prefix of the documented paths on a real site.
    pub fn prefix(self) -> &'static str {
        match self {
            Self::Apifox => "/api/v4",
            Self::Quiva | Self::Flashback | Self::Streambird | Self::Auth0 => "",
        }
    }

    /// Bytes as this provider writes them in the options of a ceremony.
    pub fn write(self, bytes: &[u8]) -> String {
        match self {
            Self::Quiva | Self::Flashback | Self::Streambird => BASE64_STANDARD.encode(bytes),
            Self::Auth0 | Self::Apifox => BASE64_URL_SAFE_NO_PAD.encode(bytes),
        }
    }

    pub fn read(self, text: &str) -> Vec<u8> {
        match self {
            Self::Quiva | Self::Flashback | Self::Streambird => BASE64_STANDARD.decode(text).unwrap(),
            Self::Auth0 | Self::Apifox => BASE64_URL_SAFE_NO_PAD.decode(text).unwrap(),
        }
    }

    /// The place of the challenge in the response to `login.begin`.
    fn challenge_pointer(self) -> &'static str {
        match self {
            Self::Quiva | Self::Flashback => "/data/challenge",
            Self::Streambird => "/public_key_credential_request_options/publicKey/challenge",
            Self::Auth0 => "/authn_params_public_key/challenge",
            Self::Apifox => "/data/options/publicKey/challenge",
        }
    }

    fn session_pointer(self) -> Option<&'static str> {
        match self {
            Self::Quiva | Self::Flashback | Self::Streambird => None,
            Self::Auth0 => Some("/auth_session"),
            Self::Apifox => Some("/data/session_id"),
        }
    }

    /// The values of a response to `login.begin` that the finish needs.
    pub fn begun(self, answer: &Response) -> Begun {
        let content = answer.content_json();
        let at = |pointer: &str| content.pointer(pointer).and_then(|value| value.as_str()).map(str::to_owned);
        let challenge = at(self.challenge_pointer()).unwrap_or_else(|| panic!("no challenge in {content}"));
        Begun { challenge: self.read(&challenge), session: self.session_pointer().and_then(at) }
    }

    /// The documented response to `login.begin` with another challenge.
    pub fn options_with(self, challenge: &[u8]) -> Response {
        let documented = Response::fixture(self, "login.begin.response");
        let content = documented.content_json();
        let old = content.pointer(self.challenge_pointer()).unwrap().as_str().unwrap();
        let new = self.write(challenge);
        documented.replacing(old, &new)
    }

    /// The operation of a request, by the provider's documents.
    pub fn operation(self, request: &Request) -> Option<&'static str> {
        let path = request.path().strip_prefix(self.prefix()).unwrap_or(request.path());
        let content = request.json();
        let registers = content.pointer("/authn_response/response/attestationObject").is_some();
        Some(match (self, request.method.as_str(), path) {
            (Self::Quiva, "POST", "/accounts/begin-auth-with-passkey") => "login.begin",
            (Self::Quiva, "POST", "/accounts/complete-auth-with-passkey") => "login.finish",
            (Self::Quiva, "POST", "/accounts/begin-passkey-registration") => "registration.begin",
            (Self::Quiva, "POST", "/accounts/complete-passkey-registration") => "registration.finish",
            (Self::Quiva, "POST", "/accounts/refresh-token") => "session.refresh",
            (Self::Quiva, "DELETE", "/accounts/passkey") => "credentials.delete",
            (Self::Flashback, "POST", "/mfa/passkey/auth-options") => "login.begin",
            (Self::Flashback, "POST", "/mfa/verify-login") if content["mfaType"] == "PASSKEY" => "login.finish",
            (Self::Flashback, "POST", "/mfa/setup") if content["mfaType"] == "PASSKEY" => "registration.begin",
            (Self::Flashback, "POST", "/mfa/passkey/complete-registration") => "registration.finish",
            (Self::Flashback, "POST", "/mfa/disable") => "credentials.delete",
            (Self::Streambird, "POST", "/v1/auth/webauthn/authentication/begin") => "login.begin",
            (Self::Streambird, "POST", "/v1/auth/webauthn/verify") => "login.finish",
            (Self::Streambird, "POST", "/v1/auth/webauthn/registrations/begin") => "registration.begin",
            (Self::Streambird, "POST", "/v1/auth/webauthn/registrations/create") => "registration.finish",
            (Self::Streambird, "DELETE", path) if path.starts_with("/v1/auth/users/webauthn_credentials/") => {
                "credentials.delete"
            }
            (Self::Auth0, "POST", "/passkey/challenge") => "login.begin",
            (Self::Auth0, "POST", "/passkey/register") => "signup.begin",
            (Self::Auth0, "POST", "/oauth/token") if content["grant_type"] == "refresh_token" => "session.refresh",
            (Self::Auth0, "POST", "/oauth/token") if registers => "signup.finish",
            (Self::Auth0, "POST", "/oauth/token") => "login.finish",
            (Self::Auth0, "POST", "/me/v1/authentication-methods") => "registration.begin",
            (Self::Auth0, "POST", "/me/v1/authentication-methods/passkey%7Cnew/verify") => "registration.finish",
            (Self::Auth0, "GET", "/me/v1/authentication-methods") => "credentials.list",
            (Self::Auth0, "DELETE", path) if path.starts_with("/me/v1/authentication-methods/") => "credentials.delete",
            (Self::Apifox, "PUT", "/session/authn") => "login.begin",
            (Self::Apifox, "POST", "/session/authn") => "login.finish",
            (Self::Apifox, "POST", "/session/token/refresh") => "session.refresh",
            (Self::Apifox, "PUT", "/user/authn") => "registration.begin",
            (Self::Apifox, "POST", "/user/authn") => "registration.finish",
            (Self::Apifox, "GET", "/user/setting") => "credentials.list",
            (Self::Apifox, "DELETE", "/user/authn") => "credentials.delete",
            _ => return None,
        })
    }
}
