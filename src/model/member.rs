//! The vocabulary: every member of every message, once, with its kind and its meaning.
//!
//! Names follow WebAuthn Level 3; a dot groups what belongs to one thing. Members of a list's
//! element are named relative to the list (`id`, `type`).

use super::credentials::CREDENTIAL_SUMMARY;
use super::operation::Direction;
use super::value::{Kind, Value};
use super::{assertion::DESCRIPTOR, registration::ALGORITHM};

macro_rules! members {
    ($( $(#[doc = $doc:literal])+ $variant:ident $name:literal $kind:expr; )*) => {
        /// One field of the canonical model.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Member {
            $( $(#[doc = $doc])+ $variant, )*
        }

        impl Member {
            /// Every member, in the order of this page.
            pub const ALL: &'static [Self] = &[$(Self::$variant),*];

            /// The name used in provider files, in the config and in diagnostics.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name),* }
            }

            /// What it holds.
            pub const fn kind(self) -> Kind {
                match self { $(Self::$variant => $kind),* }
            }

            /// What it means, in a sentence.
            pub const fn meaning(self) -> &'static str {
                match self { $(Self::$variant => concat!($($doc),+)),* }
            }
        }
    };
}

members! {
    /// What the authenticator signs over (WebAuthn 5.4, 5.5); it ties a finish to its begin.
    Challenge "challenge" Kind::Bytes;
    /// How long the ceremony may take, in milliseconds (WebAuthn 5.4, 5.5).
    Timeout "timeout" Kind::Number;
    /// The relying party identifier: a domain (WebAuthn 4).
    RpId "rp_id" Kind::Text;
    /// The relying party's name for people (WebAuthn 5.4.2).
    RpName "rp_name" Kind::Text;
    /// The credentials that may answer; none means any discoverable one (WebAuthn 5.5).
    AllowCredentials "allow_credentials" Kind::List(DESCRIPTOR);
    /// The credentials whose authenticators must not register again (WebAuthn 5.4).
    ExcludeCredentials "exclude_credentials" Kind::List(DESCRIPTOR);
    /// The signature algorithms the relying party takes, best first (WebAuthn 5.4).
    Algorithms "algorithms" Kind::List(ALGORITHM);
    /// `required`, `preferred` or `discouraged`; absent is `preferred` (WebAuthn 5.8.6).
    UserVerification "user_verification" Kind::Text;
    /// What kind of authenticator the client may offer first (WebAuthn 5.8.7).
    Hints "hints" Kind::Texts;
    /// Client extension inputs (WebAuthn 9).
    Extensions "extensions" Kind::Json;
    /// How the browser asks the user (Credential Management 2.3.2).
    Mediation "mediation" Kind::Text;
    /// `platform` or `cross-platform`, as asked for (WebAuthn 5.4.5).
    Attachment "attachment" Kind::Text;
    /// `required`, `preferred` or `discouraged` (WebAuthn 5.4.6).
    ResidentKey "resident_key" Kind::Text;
    /// The older form of a required resident key (WebAuthn 5.4.4).
    RequireResidentKey "require_resident_key" Kind::Flag;
    /// The attestation conveyance asked for (WebAuthn 5.4.7).
    Attestation "attestation" Kind::Text;
    /// The provider's own handle of the ceremony.
    Session "session" Kind::Text;

    /// The provider's identifier of the user.
    UserId "user.id" Kind::Text;
    /// The user's e-mail address.
    UserEmail "user.email" Kind::Text;
    /// The name the user's account goes by (WebAuthn 5.4.1).
    UserName "user.name" Kind::Text;
    /// The user's name for people (WebAuthn 5.4.3).
    UserDisplayName "user.display_name" Kind::Text;
    /// The user handle (WebAuthn 4): opaque, at most 64 bytes.
    UserHandle "user.handle" Kind::Bytes;
    /// When the user's account was made, in seconds since 1970.
    UserCreatedAt "user.created_at" Kind::Number;
    /// Which of the user's linked identities is meant, where a provider links several.
    UserIdentity "user.identity" Kind::Text;
    /// The end user's own bearer token.
    UserToken "user.token" Kind::Text;
    /// The user's telephone number (E.164).
    UserPhone "user.phone" Kind::Text;
    /// The login name, where it is not the e-mail address.
    UserUsername "user.username" Kind::Text;
    /// The given name (OpenID Connect Core 5.1).
    UserGivenName "user.given_name" Kind::Text;
    /// The family name (OpenID Connect Core 5.1).
    UserFamilyName "user.family_name" Kind::Text;
    /// What the user is called casually (OpenID Connect Core 5.1).
    UserNickname "user.nickname" Kind::Text;
    /// Address of a picture of the user.
    UserPicture "user.picture" Kind::Text;
    /// Whatever the application keeps with a user.
    UserMetadata "user.metadata" Kind::Json;
    /// Whether the user may sign in with a passkey.
    UserPasskeyEnabled "user.passkey_enabled" Kind::Flag;
    /// Whether the user has a time-based one-time password.
    UserTotpEnabled "user.totp_enabled" Kind::Flag;

    /// The account (tenant, team) the user signs in to, by name.
    Account "account" Kind::Text;
    /// The organization the user signs in to, by identifier.
    Organization "organization" Kind::Text;
    /// The user database to authenticate against.
    Connection "connection" Kind::Text;
    /// The scope asked for (RFC 6749 section 3.3).
    Scope "scope" Kind::Text;
    /// The audience asked for: the API the access token is for.
    Audience "audience" Kind::Text;
    /// How long the session asked for shall last, in seconds.
    SessionLifetime "session_lifetime" Kind::Number;
    /// A token that an earlier factor gave.
    MfaToken "mfa_token" Kind::Text;
    /// What the client says of the device.
    DeviceInfo "device_info" Kind::Json;

    /// The application's identifier (OAuth client id).
    ClientId "client.id" Kind::Text;
    /// The application's secret (OAuth client secret).
    ClientSecret "client.secret" Kind::Text;
    /// The application's API key.
    ClientKey "client.key" Kind::Text;
    /// The user agent on whose behalf the call is made.
    ClientUserAgent "client.user_agent" Kind::Text;
    /// The network address on whose behalf the call is made.
    ClientAddress "client.address" Kind::Text;

    /// The credential id (WebAuthn 4).
    CredentialId "credential.id" Kind::Bytes;
    /// The provider's own name for a credential.
    CredentialHandle "credential.handle" Kind::Text;
    /// The credential's type; absent is `public-key` (WebAuthn 5.8.2).
    CredentialType "credential.type" Kind::Text;
    /// What the user calls the credential.
    CredentialName "credential.name" Kind::Text;
    /// The client data that was signed over (WebAuthn 5.8.1).
    CredentialClientDataJson "credential.client_data_json" Kind::Bytes;
    /// The authenticator data (WebAuthn 6.1).
    CredentialAuthenticatorData "credential.authenticator_data" Kind::Bytes;
    /// The assertion's signature (WebAuthn 6.3.3).
    CredentialSignature "credential.signature" Kind::Bytes;
    /// The user handle the authenticator returned (WebAuthn 5.2.2).
    CredentialUserHandle "credential.user_handle" Kind::Bytes;
    /// The attestation object (WebAuthn 6.5.4).
    CredentialAttestationObject "credential.attestation_object" Kind::Bytes;
    /// How the authenticator is attached (WebAuthn 5.1).
    CredentialAttachment "credential.attachment" Kind::Text;
    /// Client extension outputs (WebAuthn 9).
    CredentialExtensionResults "credential.extension_results" Kind::Json;
    /// How the authenticator can be reached (WebAuthn 5.8.4).
    CredentialTransports "credential.transports" Kind::Texts;
    /// When the credential was registered, in seconds since 1970.
    CredentialCreatedAt "credential.created_at" Kind::Number;

    /// Access token.
    TokensAccess "tokens.access" Kind::Text;
    /// Refresh token.
    TokensRefresh "tokens.refresh" Kind::Text;
    /// OpenID Connect id token.
    TokensId "tokens.id" Kind::Text;
    /// Opaque session token.
    TokensSession "tokens.session" Kind::Text;
    /// The provider's own record of the session, as it came.
    TokensSessionDetails "tokens.session_details" Kind::Json;
    /// How the access token is used: `Bearer` or `DPoP`.
    TokensType "tokens.type" Kind::Text;
    /// The scope that was granted.
    TokensScope "tokens.scope" Kind::Text;
    /// How long the access token lasts, in seconds.
    TokensExpiresIn "tokens.expires_in" Kind::Number;
    /// How long the refresh token lasts, in seconds.
    TokensRefreshExpiresIn "tokens.refresh_expires_in" Kind::Number;
    /// Codes that sign the user in when every passkey is lost.
    RecoveryCodes "recovery_codes" Kind::Texts;
    /// The user's credentials.
    Credentials "credentials" Kind::List(CREDENTIAL_SUMMARY);

    /// The fault's own name.
    Fault "fault" Kind::Text;
    /// What went wrong, for the caller's developer; never a value.
    Message "message" Kind::Text;
    /// The identifier under which this exchange is logged (a UUID).
    CorrelationId "correlation_id" Kind::Text;
    /// After how many seconds to try again (RFC 9110 section 10.2.3).
    RetryAfter "retry_after" Kind::Number;

    /// An element's credential id.
    Id "id" Kind::Bytes;
    /// An element's credential type; absent is `public-key`.
    Type "type" Kind::Text;
    /// How an element's authenticator can be reached.
    Transports "transports" Kind::Texts;
    /// A COSE algorithm identifier (RFC 9053).
    Alg "alg" Kind::Number;
    /// The provider's own name for a listed credential.
    Handle "handle" Kind::Text;
    /// What the user calls a listed credential.
    Name "name" Kind::Text;
    /// When a listed credential was registered, in seconds since 1970.
    CreatedAt "created_at" Kind::Number;
    /// When a listed credential was last used, in seconds since 1970.
    LastUsedAt "last_used_at" Kind::Number;
}

impl Member {
    /// The member of that name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|member| member.name() == name)
    }

    /// Whether it proves who calls. Such a member never travels to an upstream of another provider.
    pub const fn is_caller_credential(self) -> bool {
        matches!(self, Self::ClientId | Self::ClientSecret | Self::ClientKey | Self::UserToken | Self::MfaToken)
    }

    /// Whether it is a token of a sign-in. In a request it is one of an earlier sign-in, and travels
    /// only to whoever made it.
    pub const fn is_sign_in_token(self) -> bool {
        matches!(self, Self::TokensAccess | Self::TokensRefresh | Self::TokensId | Self::TokensSession)
    }

    /// Whether its value in a message of that direction is a secret, which the config takes as
    /// `env:NAME` or `file:PATH` only.
    pub const fn is_secret(self, direction: Direction) -> bool {
        let proves = matches!(self, Self::ClientSecret | Self::ClientKey | Self::UserToken | Self::MfaToken);
        proves || (self.is_sign_in_token() && matches!(direction, Direction::Request))
    }

    /// What an absent member means: WebAuthn 5.8.6, 5.8.2, and 5.1 for no extensions; a token of which
    /// nothing is said is used as RFC 6750 has it.
    pub fn meaning_when_absent(self) -> Option<Value<'static>> {
        match self {
            Self::CredentialExtensionResults => Some(Value::Json("{}".into())),
            Self::UserVerification => Some(Value::Text("preferred".into())),
            Self::Type | Self::CredentialType => Some(Value::Text("public-key".into())),
            _ => None,
        }
    }
}
