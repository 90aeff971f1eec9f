//! The content of a response: read completely, decoded, and limited in size before and after decoding.
//!
//! Requests accept no content coding, but some upstreams compress anyway. The content is small and in
//! memory, so it is decoded in one step. Decoding stops one byte past the limit.

use std::error::Error;
use std::io::Read;
use std::mem;

use bytes::{Bytes, BytesMut};
use flate2::read::{DeflateDecoder, MultiGzDecoder, ZlibDecoder};
use http::header::{CONTENT_ENCODING, CONTENT_LENGTH};
use http::{HeaderMap, Response};
use http_body::Body;
use http_body_util::BodyExt as _;

use crate::upstream::failure::CallFailure;

/// Reads the content, at most `limit` bytes of it.
pub(super) async fn read<B>(mut body: B, limit: usize) -> Result<Bytes, CallFailure>
where
    B: Body<Data = Bytes> + Unpin,
    B::Error: Into<Box<dyn Error + Send + Sync>>,
{
    let declared = body.size_hint().lower();
    if usize::try_from(declared).map_or(true, |declared| declared > limit) {
        return Err(CallFailure::TooLarge { limit });
    }
    let mut content = BytesMut::new();
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|error| CallFailure::Broken(error.into()))?;
        let Ok(chunk) = frame.into_data() else { continue };
        if content.len() + chunk.len() > limit {
            return Err(CallFailure::TooLarge { limit });
        }
        if content.is_empty() {
            content = BytesMut::from(chunk); // usually the whole content, and then nothing is copied
        } else {
            content.extend_from_slice(&chunk);
        }
    }
    Ok(content.freeze())
}

/// Decodes the content of `response`.
pub(super) fn decode_response(mut response: Response<Bytes>, limit: usize) -> Result<Response<Bytes>, CallFailure> {
    let content = mem::take(response.body_mut());
    *response.body_mut() = decode(response.headers_mut(), content, limit)?;
    Ok(response)
}

/// Reverses the content coding named in `headers`, and removes the fields that no longer apply.
pub(super) fn decode(headers: &mut HeaderMap, content: Bytes, limit: usize) -> Result<Bytes, CallFailure> {
    let mut codings = headers.get_all(CONTENT_ENCODING).iter();
    let coding = match (codings.next(), codings.next()) {
        (None, _) => return Ok(content),
        (Some(one), None) => one.to_str().map_err(|_| CallFailure::Undecodable)?.trim(),
        (Some(_), Some(_)) => return Err(CallFailure::Undecodable),
    };
    let decoded = match coding.to_ascii_lowercase().as_str() {
        "identity" | "" => content,
        _ if content.is_empty() => content, // a response to HEAD, 204 or 304
        "gzip" | "x-gzip" => expand(MultiGzDecoder::new(&content[..]), limit)?,
        "deflate" if has_zlib_header(&content) => expand(ZlibDecoder::new(&content[..]), limit)?,
        // RFC 9110 section 8.4.1.2: some implementations send deflate without the zlib wrapper.
        "deflate" => expand(DeflateDecoder::new(&content[..]), limit)?,
        _ => return Err(CallFailure::Undecodable),
    };
    headers.remove(CONTENT_ENCODING);
    headers.remove(CONTENT_LENGTH);
    Ok(decoded)
}

fn expand(decoder: impl Read, limit: usize) -> Result<Bytes, CallFailure> {
    let mut decoded = Vec::new();
    let beyond_limit = u64::try_from(limit).unwrap_or(u64::MAX).saturating_add(1);
    decoder.take(beyond_limit).read_to_end(&mut decoded).map_err(|_| CallFailure::Undecodable)?;
    if decoded.len() > limit {
        return Err(CallFailure::TooLarge { limit });
    }
    Ok(decoded.into())
}

/// RFC 1950 section 2.2: the method is 8, and the first two bytes form a multiple of 31.
fn has_zlib_header(content: &[u8]) -> bool {
    match content {
        [method, flags, ..] => method & 0x0f == 8 && (u16::from(*method) << 8 | u16::from(*flags)).is_multiple_of(31),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use flate2::Compression;
    use flate2::write::{DeflateEncoder, GzEncoder, ZlibEncoder};
    use http::HeaderValue;

    use super::*;

    const LIMIT: usize = 1000;

    fn decoded(coding: &'static str, content: Vec<u8>) -> Result<Bytes, CallFailure> {
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_ENCODING, HeaderValue::from_static(coding));
        headers.insert(CONTENT_LENGTH, content.len().into());
        let result = decode(&mut headers, content.into(), LIMIT);
        assert!(result.is_err() || headers.is_empty(), "{headers:?}");
        result
    }

    fn gzip(content: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
        encoder.write_all(content).unwrap();
        encoder.finish().unwrap()
    }

    fn zlib(content: &[u8]) -> Vec<u8> {
        let mut encoder = ZlibEncoder::new(Vec::new(), Compression::best());
        encoder.write_all(content).unwrap();
        encoder.finish().unwrap()
    }

    fn deflate(content: &[u8]) -> Vec<u8> {
        let mut encoder = DeflateEncoder::new(Vec::new(), Compression::best());
        encoder.write_all(content).unwrap();
        encoder.finish().unwrap()
    }

    #[test]
    fn every_known_coding_is_decoded() {
        let content: &[u8] = b"{\"challenge\":\"abc\"}";
        assert_eq!(decoded("gzip", gzip(content)).unwrap(), content);
        assert_eq!(decoded(" X-GZIP ", gzip(content)).unwrap(), content);
        assert_eq!(decoded("gzip", [gzip(&content[..5]), gzip(&content[5..])].concat()).unwrap(), content);
        assert_eq!(decoded("deflate", zlib(content)).unwrap(), content);
        assert_eq!(decoded("deflate", deflate(content)).unwrap(), content);
        assert_eq!(decoded("identity", content.to_vec()).unwrap(), content);
        assert_eq!(decoded("gzip", Vec::new()).unwrap(), b""[..]);
    }

    #[test]
    fn unknown_codings_and_invalid_data_are_refused() {
        let half = gzip(&[7; 900])[..20].to_vec();
        for (coding, content) in [
            ("br", b"x".to_vec()),
            ("gzip, gzip", gzip(&gzip(b"x"))),
            ("gzip", b"not gzip".to_vec()),
            ("gzip", half),
            ("deflate", b"\xff\xff\xff".to_vec()),
        ] {
            let result = decoded(coding, content);
            assert!(matches!(result, Err(CallFailure::Undecodable)), "{coding}: {result:?}");
        }
    }

    #[test]
    fn decoding_stops_at_the_limit() {
        assert_eq!(decoded("gzip", gzip(&[0; LIMIT])).unwrap().len(), LIMIT);
        for bomb in [gzip(&[0; LIMIT + 1]), gzip(&vec![0; 50 << 20])] {
            assert!(matches!(decoded("gzip", bomb), Err(CallFailure::TooLarge { limit: LIMIT })));
        }
        let bomb = decoded("deflate", zlib(&vec![0; 50 << 20]));
        assert!(matches!(bomb, Err(CallFailure::TooLarge { limit: LIMIT })));
    }
}
