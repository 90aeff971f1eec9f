//! Messages of `credentials.list` and `credentials.delete`.

use crate::model::record::record;

record! {
    /// One passkey in a list.
    CredentialSummary, members CREDENTIAL_SUMMARY {
        id: bytes = Id,
        handle: text = Handle,
        name: text = Name,
        transports: texts = Transports,
        created_at: number = CreatedAt,
        last_used_at: number = LastUsedAt,
    }
}

record! {
    /// The request of `credentials.list`.
    ListRequest, members LIST_REQUEST {
        user_id: text = UserId,
        client_key: text = ClientKey,
        client_user_agent: text = ClientUserAgent,
        client_address: text = ClientAddress,
        user_token: text = UserToken,
    }
}

record! {
    /// The response of `credentials.list`.
    CredentialList, members CREDENTIAL_LIST {
        [credentials: CredentialSummary] = Credentials,
    }
}

record! {
    /// The request of `credentials.delete`.
    DeletionRequest, members DELETION_REQUEST {
        credential_id: bytes = CredentialId,
        credential_handle: text = CredentialHandle,
        user_id: text = UserId,
        user_email: text = UserEmail,
        client_key: text = ClientKey,
        client_user_agent: text = ClientUserAgent,
        client_address: text = ClientAddress,
        user_token: text = UserToken,
    }
}

record! {
    /// The response of `credentials.delete`.
    Deletion, members DELETION {
        user_id: text = UserId,
    }
}
