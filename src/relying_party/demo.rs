//! The demo user, so that every operation succeeds from the first start on.
//!
//! Its passkey has a real ES256 key of which only the public half is kept, so no sign-in with it succeeds. It gives a
//! begin something to list.

use aws_lc_rs::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair};

use crate::relying_party::directory::Store;
use crate::relying_party::directory::credential::Credential;
use crate::relying_party::directory::user::{MAX_HANDLE, Profile, User};
use crate::relying_party::random;
use crate::storage::error::StoreError;
use crate::webauthn::cose_key::CoseKey;

/// The demo user's `user.id`.
pub const DEMO_USER: &str = "user_demo";

/// The demo user's `user.email`.
pub const DEMO_EMAIL: &str = "demo@example.com";

/// Adds the demo user, unless it or another user with its address exists.
pub(crate) fn ensure(store: &mut Store, rp_id: &str, now: i64) -> Result<(), StoreError> {
    let transaction = store.write()?;
    let exists = User::by_id(&transaction, DEMO_USER)?.is_some() || User::by_email(&transaction, DEMO_EMAIL)?.is_some();
    if !exists {
        let user = User {
            id: DEMO_USER.to_owned(),
            handle: random::bytes::<MAX_HANDLE>()?.into(),
            email: Some(DEMO_EMAIL.to_owned()),
            name: Some("Demo".to_owned()),
            display_name: Some("Demo user".to_owned()),
            profile: Profile::default(),
            created_at: now,
        };
        user.insert(&transaction)?;
        credential(rp_id, now)?.insert(&transaction)?;
    }
    Ok(transaction.commit()?)
}

fn credential(rp_id: &str, now: i64) -> Result<Credential, StoreError> {
    let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_ASN1_SIGNING)?;
    let key = CoseKey::es256(pair.public_key().as_ref()).map_err(|_| StoreError::Cryptography)?;
    Ok(Credential {
        serial: 0,
        id: random::bytes::<32>()?.into(),
        user_id: DEMO_USER.to_owned(),
        handle: random::identifier("credential_"),
        rp_id: rp_id.to_owned(),
        public_key: key.as_bytes().to_vec(),
        sign_count: 0,
        transports: vec!["internal".to_owned(), "hybrid".to_owned()],
        uv_initialized: true,
        backup_eligible: Some(true),
        backup_state: true,
        aaguid: None,
        name: Some("Demo passkey".to_owned()),
        created_at: now,
        last_used_at: None,
        user_handle: None,
        learned: false,
    })
}
