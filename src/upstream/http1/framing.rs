//! Where the content of an answer ends (RFC 9112 section 6.3), and whether another may follow.
//!
//! Two lengths, a length beside a transfer coding, or a coding that nobody asked for could be read in
//! two ways. The RFC lets some of them be repaired; they are all refused here.

use http::{StatusCode, Version};

use crate::upstream::http1::malformed::Malformed;

/// How the end of the content is known.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Framing {
    /// There is no content, whatever the fields say.
    Empty,
    /// By its length in bytes.
    Sized(u64),
    /// By its last chunk.
    Chunked,
    /// By the end of the connection.
    ToEnd,
}

/// What the fields of one head say of the framing, taken in one by one.
#[derive(Debug, Default)]
pub(super) struct Told {
    length: Option<u64>,
    is_chunked: bool,
    closes: bool,
}

// ===== impl Told =====

impl Told {
    /// Takes a field in. Names are in any case.
    pub(super) fn hear(&mut self, name: &str, value: &[u8]) -> Result<(), Malformed> {
        // The lengths are told apart first, so that most fields cost one comparison.
        match name.len() {
            10 if name.eq_ignore_ascii_case("connection") => {
                let mut options = value.split(|byte| *byte == b',');
                self.closes |= options.any(|option| option.trim_ascii().eq_ignore_ascii_case(b"close"));
            }
            14 if name.eq_ignore_ascii_case("content-length") => {
                let former = self.length.replace(number(value)?);
                return former.map_or(Ok(()), |_| Err(Malformed::Length));
            }
            17 if name.eq_ignore_ascii_case("transfer-encoding") => {
                if self.is_chunked || !value.eq_ignore_ascii_case(b"chunked") {
                    return Err(Malformed::TransferCoding);
                }
                self.is_chunked = true;
            }
            _ => {}
        }
        Ok(())
    }

    /// The framing of the answer to a request; `to_head` if that was a `HEAD`.
    pub(super) fn framing(&self, status: StatusCode, version: Version, to_head: bool) -> Result<Framing, Malformed> {
        if to_head || matches!(status, StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED) {
            return Ok(Framing::Empty);
        }
        match (self.is_chunked, self.length) {
            (true, Some(_)) => Err(Malformed::Ambiguous),
            (true, None) if version == Version::HTTP_10 => Err(Malformed::Ambiguous),
            (true, None) => Ok(Framing::Chunked),
            (false, Some(length)) => Ok(Framing::Sized(length)),
            (false, None) => Ok(Framing::ToEnd),
        }
    }

    /// Whether another answer may follow on the same connection. HTTP/1.0 has its own, older ways of
    /// keeping one, which are not worth a second call's life.
    pub(super) fn keeps_alive(&self, version: Version) -> bool {
        version == Version::HTTP_11 && !self.closes
    }
}

/// Digits only: no sign, no list, no space within. What is too long for a `u64` is too long anyway.
fn number(digits: &[u8]) -> Result<u64, Malformed> {
    if digits.is_empty() {
        return Err(Malformed::Length);
    }
    digits.iter().try_fold(0_u64, |number, byte| match byte {
        b'0'..=b'9' => Ok(number.saturating_mul(10).saturating_add(u64::from(byte - b'0'))),
        _ => Err(Malformed::Length),
    })
}
