//! Messages of `login.begin` and `login.finish`.

use crate::model::record::record;

record! {
    /// A credential that the client may, or must not, use: `PublicKeyCredentialDescriptor` (WebAuthn 5.8.3).
    Descriptor, members DESCRIPTOR {
        id: bytes = Id,
        r#type: text = Type,
        transports: texts = Transports,
    }
}

record! {
    /// The request of `login.begin`.
    AssertionRequest, members ASSERTION_REQUEST {
        user_id: text = UserId,
        user_email: text = UserEmail,
        account: text = Account,
        organization: text = Organization,
        connection: text = Connection,
        rp_id: text = RpId,
        client_id: text = ClientId,
        client_secret: text = ClientSecret,
        client_key: text = ClientKey,
        client_user_agent: text = ClientUserAgent,
        client_address: text = ClientAddress,
        user_token: text = UserToken,
    }
}

record! {
    /// The response of `login.begin`: `PublicKeyCredentialRequestOptions` (WebAuthn 5.5) and the
    /// provider's identifier of the ceremony.
    CredentialAssertion, members CREDENTIAL_ASSERTION {
        challenge: bytes = Challenge,
        timeout: number = Timeout,
        rp_id: text = RpId,
        user_verification: text = UserVerification,
        hints: texts = Hints,
        extensions: json = Extensions,
        mediation: text = Mediation,
        session: text = Session,
        user_id: text = UserId,
        [allow_credentials: Descriptor] = AllowCredentials,
    }
}

record! {
    /// The request of `login.finish`: the assertion of the authenticator (WebAuthn 5.2.2).
    AssertionResponse, members ASSERTION_RESPONSE {
        credential_id: bytes = CredentialId,
        credential_type: text = CredentialType,
        credential_client_data_json: bytes = CredentialClientDataJson,
        credential_authenticator_data: bytes = CredentialAuthenticatorData,
        credential_signature: bytes = CredentialSignature,
        credential_user_handle: bytes = CredentialUserHandle,
        credential_attachment: text = CredentialAttachment,
        credential_extension_results: json = CredentialExtensionResults,
        session: text = Session,
        user_id: text = UserId,
        user_email: text = UserEmail,
        account: text = Account,
        organization: text = Organization,
        connection: text = Connection,
        scope: text = Scope,
        audience: text = Audience,
        session_lifetime: number = SessionLifetime,
        mfa_token: text = MfaToken,
        tokens_session: text = TokensSession,
        tokens_access: text = TokensAccess,
        client_id: text = ClientId,
        client_secret: text = ClientSecret,
        client_key: text = ClientKey,
        client_user_agent: text = ClientUserAgent,
        client_address: text = ClientAddress,
        user_token: text = UserToken,
    }
}

record! {
    /// The response of `login.finish`, `signup.finish` and `session.refresh`: the user and the tokens.
    SignIn, members SIGN_IN {
        user_id: text = UserId,
        user_email: text = UserEmail,
        user_name: text = UserName,
        user_created_at: number = UserCreatedAt,
        user_passkey_enabled: flag = UserPasskeyEnabled,
        user_totp_enabled: flag = UserTotpEnabled,
        credential_handle: text = CredentialHandle,
        tokens_access: text = TokensAccess,
        tokens_refresh: text = TokensRefresh,
        tokens_id: text = TokensId,
        tokens_session: text = TokensSession,
        tokens_session_details: json = TokensSessionDetails,
        tokens_type: text = TokensType,
        tokens_scope: text = TokensScope,
        tokens_expires_in: number = TokensExpiresIn,
        tokens_refresh_expires_in: number = TokensRefreshExpiresIn,
    }
}
