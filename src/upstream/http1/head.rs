//! The head of an answer: status, fields, and what they say of the content.
//!
//! It is read once it is complete; an incomplete one is only searched for its end, and every byte of
//! it once, so that a head that drips in costs no more than one that comes whole.

use std::mem::MaybeUninit;

use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, Version};
use httparse::Status;

use crate::upstream::header_filter::HeaderFilter;
use crate::upstream::http1::framing::{Framing, Told};
use crate::upstream::http1::malformed::Malformed;

/// The longest head, in bytes.
pub(super) const MOST_BYTES: usize = 64 << 10;
/// The most fields of a head.
const MOST_FIELDS: usize = 100;

/// A complete head.
#[derive(Debug)]
pub(super) struct Head {
    pub(super) status: StatusCode,
    pub(super) version: Version,
    pub(super) fields: HeaderMap,
    pub(super) framing: Framing,
    pub(super) keeps_alive: bool,
}

/// Whether `bytes` hold the empty line that ends a head. The first `seen` bytes are known not to.
pub(super) fn is_complete(bytes: &[u8], seen: usize) -> bool {
    // The end may have begun within what was seen.
    let rest = &bytes[seen.saturating_sub(3)..];
    rest.windows(2).any(|two| two == b"\n\n") || rest.windows(3).any(|three| three == b"\n\r\n")
}

/// Reads the head that `bytes` begin with, and its length; `None` if its end has not come.
pub(super) fn read(bytes: &[u8], to_head: bool, kept: HeaderFilter<'_>) -> Result<Option<(Head, usize)>, Malformed> {
    let mut fields = [const { MaybeUninit::uninit() }; MOST_FIELDS];
    let mut parsed = httparse::Response::new(&mut []);
    let outcome = httparse::ParserConfig::default().parse_response_with_uninit_headers(&mut parsed, bytes, &mut fields);
    let length = match outcome {
        Ok(Status::Complete(length)) => length,
        Ok(Status::Partial) => return Ok(None),
        Err(error) => return Err(Malformed::Head(error)),
    };
    let version = if parsed.version == Some(1) { Version::HTTP_11 } else { Version::HTTP_10 };
    let status = parsed.code.and_then(|code| StatusCode::from_u16(code).ok());
    let status = status.ok_or(Malformed::Head(httparse::Error::Status))?;
    let mut told = Told::default();
    let mut map = HeaderMap::new();
    for field in &*parsed.headers {
        told.hear(field.name, field.value)?;
        if !kept.has(field.name) {
            continue;
        }
        let name = HeaderName::from_bytes(field.name.as_bytes());
        let name = name.map_err(|_| Malformed::Head(httparse::Error::HeaderName))?;
        let value = HeaderValue::from_bytes(field.value);
        map.append(name, value.map_err(|_| Malformed::Head(httparse::Error::HeaderValue))?);
    }
    let framing = told.framing(status, version, to_head)?;
    Ok(Some((Head { status, version, fields: map, framing, keeps_alive: told.keeps_alive(version) }, length)))
}
