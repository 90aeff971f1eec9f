//! Every member of every message, with its name, its kind and its meaning.
//!
//! Names follow WebAuthn Level 3; a dot groups related members. The members of a list's elements
//! are named relative to the list (`id`, `type`).

use crate::model::value::{Value, ValueKind};

macro_rules! members {
    ($( $(#[doc = $doc:literal])+ $variant:ident $name:literal $kind:expr; )*) => {
        /// One field of a message.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Member {
            $( $(#[doc = $doc])+ $variant, )*
        }

        impl Member {
            /// Every member, in declaration order.
            pub const ALL: &'static [Self] = &[$(Self::$variant),*];

            /// The name used in provider files, in the config and in diagnostics.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name),* }
            }

            /// The kind of value it holds.
            pub const fn kind(self) -> ValueKind {
                match self { $(Self::$variant => $kind),* }
            }

            /// A one-sentence description.
            pub const fn meaning(self) -> &'static str {
                match self { $(Self::$variant => concat!($($doc),+)),* }
            }
        }
    };
}

members! {
    /// The challenge that the authenticator signs (WebAuthn 5.4, 5.5); it connects a finish to its begin.
    Challenge "challenge" ValueKind::Bytes;
    /// The timeout of the ceremony, in milliseconds (WebAuthn 5.4, 5.5).
    Timeout "timeout" ValueKind::Number;
    /// The relying party identifier: a domain (WebAuthn 4).
    RpId "rp_id" ValueKind::Text;
    /// The display name of the relying party (WebAuthn 5.4.2).
    RpName "rp_name" ValueKind::Text;
    /// The credentials that may sign; an empty list allows any discoverable credential (WebAuthn 5.5).
    AllowCredentials "allow_credentials" ValueKind::List;
    /// Credentials whose authenticators must not register again (WebAuthn 5.4).
    ExcludeCredentials "exclude_credentials" ValueKind::List;
    /// The signature algorithms that the relying party accepts, most preferred first (WebAuthn 5.4).
    Algorithms "algorithms" ValueKind::List;
    /// `required`, `preferred` or `discouraged`; absent is `preferred` (WebAuthn 5.8.6).
    UserVerification "user_verification" ValueKind::Text;
    /// The kinds of authenticator that the client should offer first (WebAuthn 5.8.7).
    Hints "hints" ValueKind::Texts;
    /// Client extension inputs (WebAuthn 9).
    Extensions "extensions" ValueKind::Json;
    /// How the browser prompts the user (Credential Management 2.3.2).
    Mediation "mediation" ValueKind::Text;
    /// The requested attachment: `platform` or `cross-platform` (WebAuthn 5.4.5).
    Attachment "attachment" ValueKind::Text;
    /// `required`, `preferred` or `discouraged` (WebAuthn 5.4.6).
    ResidentKey "resident_key" ValueKind::Text;
    /// The older form of a required resident key (WebAuthn 5.4.4).
    RequireResidentKey "require_resident_key" ValueKind::Flag;
    /// The requested attestation conveyance (WebAuthn 5.4.7).
    Attestation "attestation" ValueKind::Text;
    /// The provider's identifier of the ceremony.
    Session "session" ValueKind::Text;

    /// The provider's identifier of the user.
    UserId "user.id" ValueKind::Text;
    /// The user's e-mail address.
    UserEmail "user.email" ValueKind::Text;
    /// The name of the user's account (WebAuthn 5.4.1).
    UserName "user.name" ValueKind::Text;
    /// The user's display name (WebAuthn 5.4.3).
    UserDisplayName "user.display_name" ValueKind::Text;
    /// The user handle (WebAuthn 4): opaque, at most 64 bytes.
    UserHandle "user.handle" ValueKind::Bytes;
    /// When the user's account was created, in seconds since 1970.
    UserCreatedAt "user.created_at" ValueKind::Number;
    /// Which of the user's linked identities the request is about, where a provider links several.
    UserIdentity "user.identity" ValueKind::Text;
    /// The end user's bearer token.
    UserToken "user.token" ValueKind::Text;
    /// The user's telephone number (E.164).
    UserPhone "user.phone" ValueKind::Text;
    /// The login name, where it differs from the e-mail address.
    UserUsername "user.username" ValueKind::Text;
    /// The given name (OpenID Connect Core 5.1).
    UserGivenName "user.given_name" ValueKind::Text;
    /// The family name (OpenID Connect Core 5.1).
    UserFamilyName "user.family_name" ValueKind::Text;
    /// The nickname (OpenID Connect Core 5.1).
    UserNickname "user.nickname" ValueKind::Text;
    /// The URL of the user's picture.
    UserPicture "user.picture" ValueKind::Text;
    /// Metadata that the application stores with the user.
    UserMetadata "user.metadata" ValueKind::Json;
    /// Whether the user may sign in with a passkey.
    UserPasskeyEnabled "user.passkey_enabled" ValueKind::Flag;
    /// Whether the user has a time-based one-time password.
    UserTotpEnabled "user.totp_enabled" ValueKind::Flag;

    /// The account (tenant, team) the user signs in to, by name.
    Account "account" ValueKind::Text;
    /// The organization the user signs in to, by identifier.
    Organization "organization" ValueKind::Text;
    /// The user database to authenticate against.
    Connection "connection" ValueKind::Text;
    /// The requested scope (RFC 6749 section 3.3).
    Scope "scope" ValueKind::Text;
    /// The requested audience: the API that the access token is for.
    Audience "audience" ValueKind::Text;
    /// The requested lifetime of the session, in seconds.
    SessionLifetime "session_lifetime" ValueKind::Number;
    /// The token issued after an earlier factor.
    MfaToken "mfa_token" ValueKind::Text;
    /// The client's description of the device.
    DeviceInfo "device_info" ValueKind::Json;

    /// The application's identifier (OAuth client id).
    ClientId "client.id" ValueKind::Text;
    /// The application's secret (OAuth client secret).
    ClientSecret "client.secret" ValueKind::Text;
    /// The application's API key.
    ClientKey "client.key" ValueKind::Text;
    /// The user agent that made the original request.
    ClientUserAgent "client.user_agent" ValueKind::Text;
    /// The network address that made the original request.
    ClientAddress "client.address" ValueKind::Text;

    /// The credential id (WebAuthn 4).
    CredentialId "credential.id" ValueKind::Bytes;
    /// The provider's identifier of the credential.
    CredentialHandle "credential.handle" ValueKind::Text;
    /// The credential's type; absent is `public-key` (WebAuthn 5.8.2).
    CredentialType "credential.type" ValueKind::Text;
    /// The name the user gave the credential.
    CredentialName "credential.name" ValueKind::Text;
    /// The signed client data (WebAuthn 5.8.1).
    CredentialClientDataJson "credential.client_data_json" ValueKind::Bytes;
    /// The authenticator data (WebAuthn 6.1).
    CredentialAuthenticatorData "credential.authenticator_data" ValueKind::Bytes;
    /// The assertion's signature (WebAuthn 6.3.3).
    CredentialSignature "credential.signature" ValueKind::Bytes;
    /// The user handle the authenticator returned (WebAuthn 5.2.2).
    CredentialUserHandle "credential.user_handle" ValueKind::Bytes;
    /// The attestation object (WebAuthn 6.5.4).
    CredentialAttestationObject "credential.attestation_object" ValueKind::Bytes;
    /// How the authenticator is attached (WebAuthn 5.1).
    CredentialAttachment "credential.attachment" ValueKind::Text;
    /// Client extension outputs (WebAuthn 9).
    CredentialExtensionResults "credential.extension_results" ValueKind::Json;
    /// How the authenticator can be reached (WebAuthn 5.8.4).
    CredentialTransports "credential.transports" ValueKind::Texts;
    /// When the credential was registered, in seconds since 1970.
    CredentialCreatedAt "credential.created_at" ValueKind::Number;

    /// Access token.
    TokensAccess "tokens.access" ValueKind::Text;
    /// Refresh token.
    TokensRefresh "tokens.refresh" ValueKind::Text;
    /// OpenID Connect id token.
    TokensId "tokens.id" ValueKind::Text;
    /// Opaque session token.
    TokensSession "tokens.session" ValueKind::Text;
    /// The provider's record of the session, forwarded unchanged.
    TokensSessionDetails "tokens.session_details" ValueKind::Json;
    /// How the access token is used: `Bearer` or `DPoP`.
    TokensType "tokens.type" ValueKind::Text;
    /// The granted scope.
    TokensScope "tokens.scope" ValueKind::Text;
    /// The lifetime of the access token, in seconds.
    TokensExpiresIn "tokens.expires_in" ValueKind::Number;
    /// The lifetime of the refresh token, in seconds.
    TokensRefreshExpiresIn "tokens.refresh_expires_in" ValueKind::Number;
    /// Recovery codes, for users who lost every passkey.
    RecoveryCodes "recovery_codes" ValueKind::Texts;
    /// The user's credentials.
    Credentials "credentials" ValueKind::List;

    /// The name of the fault.
    Fault "fault" ValueKind::Text;
    /// The error message, for the developer of the calling application; never contains a value.
    Message "message" ValueKind::Text;
    /// The request identifier that appears in the log (a UUID).
    CorrelationId "correlation_id" ValueKind::Text;
    /// The number of seconds after which to retry (RFC 9110 section 10.2.3).
    RetryAfter "retry_after" ValueKind::Number;

    /// An element's credential id.
    Id "id" ValueKind::Bytes;
    /// An element's credential type; absent is `public-key`.
    Type "type" ValueKind::Text;
    /// How an element's authenticator can be reached.
    Transports "transports" ValueKind::Texts;
    /// A COSE algorithm identifier (RFC 9053).
    Alg "alg" ValueKind::Number;
    /// The provider's identifier of a listed credential.
    Handle "handle" ValueKind::Text;
    /// The name the user gave a listed credential.
    Name "name" ValueKind::Text;
    /// When a listed credential was registered, in seconds since 1970.
    CreatedAt "created_at" ValueKind::Number;
    /// When a listed credential was last used, in seconds since 1970.
    LastUsedAt "last_used_at" ValueKind::Number;
}

impl Member {
    /// The member of that name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|member| member.name() == name)
    }

    /// Whether it authenticates the caller. Such a member is never forwarded to an upstream of another provider.
    pub const fn is_caller_credential(self) -> bool {
        matches!(self, Self::ClientId | Self::ClientSecret | Self::ClientKey | Self::UserToken | Self::MfaToken)
    }

    /// Whether it is a token of a sign-in. In a request it belongs to an earlier sign-in and is forwarded only to
    /// the upstream that issued it.
    pub const fn is_sign_in_token(self) -> bool {
        matches!(self, Self::TokensAccess | Self::TokensRefresh | Self::TokensId | Self::TokensSession)
    }

    /// The value that WebAuthn defines for an absent member (5.8.6, 5.8.2, and 5.1 for extensions).
    pub fn meaning_when_absent(self) -> Option<Value<'static>> {
        match self {
            Self::CredentialExtensionResults => Some(Value::Json("{}".into())),
            Self::UserVerification => Some(Value::Text("preferred".into())),
            Self::Type | Self::CredentialType => Some(Value::Text("public-key".into())),
            _ => None,
        }
    }
}
