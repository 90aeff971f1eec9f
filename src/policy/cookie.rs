//! The cookie that identifies a browser whose begin does not name a user.
//!
//! It holds a random id and a MAC over it, and nothing about the user. A forged cookie is ignored.

use aws_lc_rs::rand;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::header::COOKIE;
use http::{HeaderMap, HeaderValue};

use crate::base::hash_key::HashKey;

/// The name of the cookie.
const NAME: &str = "passbridge";
/// The length of an id, in bytes.
const ID_BYTES: usize = 16;
/// The cookie expires after a year and is sent over HTTPS only. `Lax` keeps pages of other sites from sending it.
const ATTRIBUTES: &str = "Path=/; Max-Age=31536000; HttpOnly; Secure; SameSite=Lax";

/// Issues cookies and verifies them.
#[derive(Debug)]
pub(super) struct StickyCookie {
    pub(super) key: HashKey,
}

impl StickyCookie {
    /// The id of a request's cookie, if it has a valid one.
    pub(super) fn read(&self, fields: &HeaderMap) -> Option<[u8; ID_BYTES]> {
        let texts = fields.get_all(COOKIE).iter().filter_map(|field| field.to_str().ok());
        let mut pairs = texts.flat_map(|text| text.split(';')).filter_map(|pair| pair.trim().split_once('='));
        pairs.find_map(|(name, value)| if name == NAME { self.open(value) } else { None })
    }

    fn open(&self, value: &str) -> Option<[u8; ID_BYTES]> {
        let bytes = URL_SAFE_NO_PAD.decode(value).ok()?;
        let (id, seal) = bytes.split_first_chunk::<ID_BYTES>()?;
        self.key.verify(id, seal).then_some(*id)
    }

    /// A new id and the `Set-Cookie` value for it. `None` if the system gives no randomness.
    pub(super) fn issue(&self) -> Option<([u8; ID_BYTES], HeaderValue)> {
        let mut id = [0; ID_BYTES];
        rand::fill(&mut id).ok()?;
        let sealed = URL_SAFE_NO_PAD.encode([id.as_slice(), &self.key.seal(&id)].concat());
        let field = HeaderValue::try_from(format!("{NAME}={sealed}; {ATTRIBUTES}")).ok()?;
        Some((id, field))
    }
}

#[cfg(test)]
mod tests {
    use crate::base::hash_key::HashSecret;

    use super::*;

    fn sticky(secret: &str) -> StickyCookie {
        StickyCookie { key: HashSecret::new(secret.into()).unwrap().derive("cookie") }
    }

    #[test]
    fn a_cookie_is_recognised_and_a_forged_one_is_ignored() {
        let ours = sticky("0123456789abcdef0123456789abcdef");
        let (id, field) = ours.issue().unwrap();
        let pair = field.to_str().unwrap().split(';').next().unwrap().to_owned();
        let with = |text: String| HeaderMap::from_iter([(COOKIE, HeaderValue::try_from(text).unwrap())]);
        assert_eq!(ours.read(&with(format!("a=b; {pair};c"))), Some(id));
        assert_eq!(
            ours.read(&with(format!("passbridge=x; {pair}"))),
            Some(id),
            "a cookie of a parent domain comes first"
        );
        assert_eq!(sticky("another secret, of 32 bytes at least").read(&with(pair.clone())), None);
        assert_eq!(ours.read(&with(pair.replacen('=', "=A", 1))), None);
        assert_eq!(ours.read(&HeaderMap::new()), None);
        assert_ne!(ours.issue().unwrap().0, id);
    }
}
