//! The cookie by which a browser is known again that begins without naming a user.
//!
//! It holds a random id and a seal over it, and says nothing of anybody. One that we did not make is as
//! good as none.

use aws_lc_rs::rand;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::header::COOKIE;
use http::{HeaderMap, HeaderValue};

use crate::base::hash_key::HashKey;

/// Its name.
const NAME: &str = "passbridge";
/// How many bytes an id has.
const ID: usize = 16;
/// A browser forgets it after a year without a new one. It is for us alone, and never sent in the clear;
/// a page of another site sends none (`Lax`), and is told nothing by it.
const ATTRIBUTES: &str = "Path=/; Max-Age=31536000; HttpOnly; Secure; SameSite=Lax";

/// Makes cookies and knows them again.
#[derive(Debug)]
pub(super) struct Sticky {
    pub(super) key: HashKey,
}

impl Sticky {
    /// The id in a request's cookie, if there is one of ours.
    pub(super) fn read(&self, fields: &HeaderMap) -> Option<[u8; ID]> {
        let texts = fields.get_all(COOKIE).iter().filter_map(|field| field.to_str().ok());
        let mut pairs = texts.flat_map(|text| text.split(';')).filter_map(|pair| pair.trim().split_once('='));
        pairs.find_map(|(name, value)| if name == NAME { self.open(value) } else { None })
    }

    fn open(&self, value: &str) -> Option<[u8; ID]> {
        let bytes = URL_SAFE_NO_PAD.decode(value).ok()?;
        let (id, seal) = bytes.split_first_chunk::<ID>()?;
        self.key.made(id, seal).then_some(*id)
    }

    /// A new id, and the field that hands it out; `None` where the system gives no randomness.
    pub(super) fn make(&self) -> Option<([u8; ID], HeaderValue)> {
        let mut id = [0; ID];
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

    fn sticky(secret: &str) -> Sticky {
        Sticky { key: HashSecret::new(secret.into()).unwrap().derive("cookie") }
    }

    #[test]
    fn a_cookie_is_known_again_and_a_forged_one_is_not() {
        let ours = sticky("0123456789abcdef0123456789abcdef");
        let (id, field) = ours.make().unwrap();
        let pair = field.to_str().unwrap().split(';').next().unwrap().to_owned();
        let with = |text: String| HeaderMap::from_iter([(COOKIE, HeaderValue::try_from(text).unwrap())]);
        assert_eq!(ours.read(&with(format!("a=b; {pair};c"))), Some(id));
        assert_eq!(ours.read(&with(format!("passbridge=x; {pair}"))), Some(id), "one of a parent domain stands before");
        assert_eq!(sticky("another secret, of 32 bytes at least").read(&with(pair.clone())), None);
        assert_eq!(ours.read(&with(pair.replacen('=', "=A", 1))), None);
        assert_eq!(ours.read(&HeaderMap::new()), None);
        assert_ne!(ours.make().unwrap().0, id);
    }
}
