//! Where the content of a message ends (RFC 9112 section 6.3), and whether another message may follow.
//!
//! Two lengths, a length with a transfer coding, or a coding other than `chunked` can be read in two
//! ways. The RFC allows some of them to be repaired; all of them are refused here.

use http::header::{CONTENT_LENGTH, TRANSFER_ENCODING};
use http::{HeaderMap, HeaderName, StatusCode, Version};

use crate::http1::invalid_message::InvalidMessage;

/// How the content is delimited.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Framing {
    /// There is no content, whatever the fields say.
    Empty,
    /// By its length in bytes.
    Length(u64),
    /// By its last chunk.
    Chunked,
    /// By the end of the connection.
    UntilClose,
}

/// The fields of one head that concern framing.
#[derive(Debug, Default)]
pub(crate) struct FramingFields {
    length: Option<u64>,
    is_chunked: bool,
    /// Whether `connection` contains `close`.
    pub(crate) closes: bool,
}

// ===== impl FramingFields =====

impl FramingFields {
    /// Adds a field; the name may be in any case.
    pub(crate) fn add(&mut self, name: &str, value: &[u8]) -> Result<(), InvalidMessage> {
        // Matching the length first means that most fields cost one comparison.
        match name.len() {
            10 if name.eq_ignore_ascii_case("connection") => {
                let mut options = value.split(|byte| *byte == b',');
                self.closes |= options.any(|option| option.trim_ascii().eq_ignore_ascii_case(b"close"));
            }
            14 if name.eq_ignore_ascii_case("content-length") => {
                let previous = self.length.replace(number(value)?);
                return previous.map_or(Ok(()), |_| Err(InvalidMessage::ContentLength));
            }
            17 if name.eq_ignore_ascii_case("transfer-encoding") => {
                if self.is_chunked || !value.eq_ignore_ascii_case(b"chunked") {
                    return Err(InvalidMessage::TransferCoding);
                }
                self.is_chunked = true;
            }
            _ => {}
        }
        Ok(())
    }

    /// Whether parsed fields have at most one length, or a single `chunked`, and not both.
    pub(crate) fn are_unambiguous(fields: &HeaderMap) -> bool {
        let mut framing = Self::default();
        let mut add = |name: &HeaderName| {
            fields.get_all(name).iter().all(|value| framing.add(name.as_str(), value.as_bytes()).is_ok())
        };
        add(&CONTENT_LENGTH) && add(&TRANSFER_ENCODING) && framing.of_request(true).is_ok()
    }

    /// The framing of a request; HTTP/1.1 if `is_1_1`, else HTTP/1.0.
    pub(crate) fn of_request(&self, is_1_1: bool) -> Result<Framing, InvalidMessage> {
        let version = if is_1_1 { Version::HTTP_11 } else { Version::HTTP_10 };
        Ok(self.declared(version)?.unwrap_or(Framing::Empty))
    }

    /// The framing of a response; `to_head` if the request was a `HEAD`.
    pub(crate) fn of_response(
        &self,
        status: StatusCode,
        version: Version,
        to_head: bool,
    ) -> Result<Framing, InvalidMessage> {
        if to_head || matches!(status, StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED) {
            return Ok(Framing::Empty);
        }
        Ok(self.declared(version)?.unwrap_or(Framing::UntilClose))
    }

    /// Whether another response may follow on the connection. The keep-alive of HTTP/1.0 is not supported.
    pub(crate) fn keeps_alive(&self, version: Version) -> bool {
        version == Version::HTTP_11 && !self.closes
    }

    fn declared(&self, version: Version) -> Result<Option<Framing>, InvalidMessage> {
        match (self.is_chunked, self.length) {
            (true, Some(_)) => Err(InvalidMessage::AmbiguousLength),
            (true, None) if version == Version::HTTP_10 => Err(InvalidMessage::AmbiguousLength),
            (true, None) => Ok(Some(Framing::Chunked)),
            (false, length) => Ok(length.map(Framing::Length)),
        }
    }
}

/// Digits only: no sign, list or space. A number too large for a `u64` saturates, which exceeds every limit.
fn number(digits: &[u8]) -> Result<u64, InvalidMessage> {
    if digits.is_empty() {
        return Err(InvalidMessage::ContentLength);
    }
    digits.iter().try_fold(0_u64, |number, byte| match byte {
        b'0'..=b'9' => Ok(number.saturating_mul(10).saturating_add(u64::from(byte - b'0'))),
        _ => Err(InvalidMessage::ContentLength),
    })
}
