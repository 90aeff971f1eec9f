//! A dummy user and credential. An unknown user or credential is processed with them, so that response times do not
//! reveal which ones exist.
//!
//! The results are discarded. The key is the base point of P-256, whose private key is public knowledge.

use rusqlite::Connection;

use crate::relying_party::directory::credential::Credential;
use crate::relying_party::directory::user::User;
use crate::storage::error::StoreError;

/// The dummy user's id. Ids of real users are not empty.
pub(crate) const ID: &str = "";

/// The base point of P-256 (SEC 2 section 2.4.2) as a COSE key for ES256.
const KEY: &[u8; 77] = b"\xa5\x01\x02\x03\x26\x20\x01\x21\x58\x20\
    \x6b\x17\xd1\xf2\xe1\x2c\x42\x47\xf8\xbc\xe6\xe5\x63\xa4\x40\xf2\
    \x77\x03\x7d\x81\x2d\xeb\x33\xa0\xf4\xa1\x39\x45\xd8\x98\xc2\x96\
    \x22\x58\x20\
    \x4f\xe3\x42\xe2\xfe\x1a\x7f\x9b\x8e\xe7\xeb\x4a\x7c\x0f\x9e\x16\
    \x2b\xce\x33\x57\x6b\x31\x5e\xce\xcb\xb6\x40\x68\x37\xbf\x51\xf5";

/// The dummy user, and the dummy credential under the id of the request. A short id makes it a synced passkey, as in
/// decoy responses.
///
/// # Errors
/// When the directory cannot be read.
pub(crate) fn read(connection: &Connection, id: &[u8]) -> Result<Option<(Credential, User)>, StoreError> {
    let credential = Credential::dummy(connection, id, id.len() < 32, KEY)?;
    Ok(User::dummy(connection)?.map(|user| (credential, user)))
}

#[cfg(test)]
mod tests {
    use crate::relying_party::directory::tests::temporary;
    use crate::webauthn::cose_key::CoseKey;

    use super::*;

    #[test]
    fn its_key_can_verify_signatures() {
        let (_place, store) = temporary();
        let (credential, user) = read(store.connection(), b"x").unwrap().unwrap();
        assert!(CoseKey::parse(&credential.public_key).is_ok());
        assert_eq!((&*credential.id, credential.backup_eligible, user.id.as_str()), (&b"x"[..], Some(true), ID));
    }
}
