//! A user who is not there, and a passkey that nobody has: what work is done with where there is no other, so
//! that the time it takes does not tell.
//!
//! Whatever comes of that work is thrown away: the passkey's key is the base point of P-256, which is nobody's.

use crate::relying_party::directory::credential::Credential;
use crate::relying_party::directory::user::{Profile, User};

/// An id that no user has: users' ids are not empty.
pub(crate) const ID: &str = "";

/// The base point of P-256 (SEC 2 section 2.4.2) as a COSE key for ES256.
const KEY: &[u8; 77] = b"\xa5\x01\x02\x03\x26\x20\x01\x21\x58\x20\
    \x6b\x17\xd1\xf2\xe1\x2c\x42\x47\xf8\xbc\xe6\xe5\x63\xa4\x40\xf2\
    \x77\x03\x7d\x81\x2d\xeb\x33\xa0\xf4\xa1\x39\x45\xd8\x98\xc2\x96\
    \x22\x58\x20\
    \x4f\xe3\x42\xe2\xfe\x1a\x7f\x9b\x8e\xe7\xeb\x4a\x7c\x0f\x9e\x16\
    \x2b\xce\x33\x57\x6b\x31\x5e\xce\xcb\xb6\x40\x68\x37\xbf\x51\xf5";

/// The user.
pub(crate) fn user() -> User {
    User {
        id: ID.to_owned(),
        handle: vec![0; 32],
        email: None,
        name: None,
        display_name: None,
        profile: Profile::default(),
        created_at: 0,
    }
}

/// The passkey, under the id that somebody showed.
pub(crate) fn credential(id: &[u8]) -> Credential {
    Credential {
        serial: 0,
        id: id.to_vec(),
        user_id: ID.to_owned(),
        handle: String::new(),
        rp_id: String::new(),
        public_key: KEY.to_vec(),
        sign_count: 0,
        transports: Vec::new(),
        uv_initialized: true,
        backup_eligible: None,
        backup_state: false,
        aaguid: None,
        name: None,
        created_at: 0,
        last_used_at: None,
    }
}

#[cfg(test)]
mod tests {
    use crate::relying_party::webauthn::cose_key::CoseKey;

    use super::*;

    #[test]
    fn its_key_is_one_that_signatures_are_checked_with() {
        assert!(CoseKey::parse(&credential(b"x").public_key).is_ok());
    }
}
