//! Messages of registration and sign-up.

use crate::model::assertion::Descriptor;
use crate::model::record::record;

record! {
    /// An algorithm that the relying party accepts: `PublicKeyCredentialParameters` (WebAuthn 5.3).
    Algorithm, members ALGORITHM {
        r#type: text = Type,
        alg: number = Alg,
    }
}

record! {
    /// The request of `registration.begin` and `signup.begin`.
    CreationRequest, members CREATION_REQUEST {
        user_id: text = UserId,
        user_email: text = UserEmail,
        user_name: text = UserName,
        user_phone: text = UserPhone,
        user_username: text = UserUsername,
        user_given_name: text = UserGivenName,
        user_family_name: text = UserFamilyName,
        user_nickname: text = UserNickname,
        user_picture: text = UserPicture,
        user_metadata: json = UserMetadata,
        user_identity: text = UserIdentity,
        account: text = Account,
        organization: text = Organization,
        connection: text = Connection,
        rp_id: text = RpId,
        attachment: text = Attachment,
        device_info: json = DeviceInfo,
        client_id: text = ClientId,
        client_secret: text = ClientSecret,
        client_key: text = ClientKey,
        client_user_agent: text = ClientUserAgent,
        client_address: text = ClientAddress,
        user_token: text = UserToken,
    }
}

record! {
    /// The response of `registration.begin` and `signup.begin`:
    /// `PublicKeyCredentialCreationOptions` (WebAuthn 5.4) and the provider's identifier of the ceremony.
    CredentialCreation, members CREDENTIAL_CREATION {
        challenge: bytes = Challenge,
        timeout: number = Timeout,
        rp_id: text = RpId,
        rp_name: text = RpName,
        user_handle: bytes = UserHandle,
        user_name: text = UserName,
        user_display_name: text = UserDisplayName,
        attachment: text = Attachment,
        resident_key: text = ResidentKey,
        require_resident_key: flag = RequireResidentKey,
        user_verification: text = UserVerification,
        attestation: text = Attestation,
        hints: texts = Hints,
        extensions: json = Extensions,
        session: text = Session,
        user_id: text = UserId,
        [algorithms: Algorithm] = Algorithms,
        [exclude_credentials: Descriptor] = ExcludeCredentials,
    }
}

record! {
    /// The request of `registration.finish` and `signup.finish`: the attestation of the authenticator
    /// (WebAuthn 5.2.1).
    AttestationResponse, members ATTESTATION_RESPONSE {
        credential_id: bytes = CredentialId,
        credential_type: text = CredentialType,
        credential_client_data_json: bytes = CredentialClientDataJson,
        credential_attestation_object: bytes = CredentialAttestationObject,
        credential_transports: texts = CredentialTransports,
        credential_attachment: text = CredentialAttachment,
        credential_extension_results: json = CredentialExtensionResults,
        credential_name: text = CredentialName,
        challenge: bytes = Challenge,
        session: text = Session,
        user_id: text = UserId,
        organization: text = Organization,
        connection: text = Connection,
        scope: text = Scope,
        audience: text = Audience,
        client_id: text = ClientId,
        client_secret: text = ClientSecret,
        client_key: text = ClientKey,
        client_user_agent: text = ClientUserAgent,
        client_address: text = ClientAddress,
        user_token: text = UserToken,
    }
}

record! {
    /// The response of `registration.finish`: the stored credential.
    Registered, members REGISTERED {
        user_id: text = UserId,
        user_handle: bytes = UserHandle,
        credential_id: bytes = CredentialId,
        credential_handle: text = CredentialHandle,
        credential_name: text = CredentialName,
        credential_transports: texts = CredentialTransports,
        credential_created_at: number = CredentialCreatedAt,
        rp_id: text = RpId,
        recovery_codes: texts = RecoveryCodes,
    }
}
