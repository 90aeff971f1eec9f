//! Follows the requests of a connection and finds the first one that breaks a rule, before a lenient parser
//! reads it.
//!
//! hyper repairs what [`request_rules`](super::request_rules) refuses: it drops a `content-length` with a
//! transfer coding, merges repeated lengths and accepts a bare LF. The guard sees the same bytes first. It
//! passes a head on only when it is complete and valid, and content up to its end.

use httparse::{Header, Status};

use crate::http1::chunked::ChunkedDecoder;
use crate::http1::framing::Framing;
use crate::http1::invalid_message::InvalidMessage;
use crate::http1::request_rules::{RequestFields, check_host, check_line_ends, check_target};
use crate::http1::response_head;

/// The fields of a head that are parsed without an allocation.
const USUAL_FIELDS: usize = 64;

/// Follows the requests of one connection.
#[derive(Debug)]
pub(crate) struct RequestGuard {
    state: State,
    limits: HeadLimits,
}

/// The limits of the parser that reads the messages next. It refuses a head beyond them itself.
#[derive(Clone, Copy, Debug)]
pub(crate) struct HeadLimits {
    pub(crate) max_bytes: usize,
    pub(crate) max_fields: usize,
}

#[derive(Debug)]
enum State {
    /// Before or within a head; this many of its bytes were searched for its end.
    Head {
        searched: usize,
    },
    /// Within content, with this many bytes left.
    Length(u64),
    Chunked(ChunkedDecoder),
    /// The next request is invalid.
    Invalid(InvalidMessage),
    /// Everything is passed on: the connection was upgraded, or the next parser refuses the message itself.
    Open,
}

// ===== impl RequestGuard =====

impl RequestGuard {
    pub(crate) fn new(limits: HeadLimits) -> Self {
        Self { state: State::Head { searched: 0 }, limits }
    }

    /// The number of bytes at the beginning of `bytes` that may be passed on. The others must begin the next
    /// call.
    ///
    /// # Errors
    ///
    /// The request after the bytes that were passed on is invalid. No further byte may be passed on.
    pub(crate) fn advance(&mut self, bytes: &[u8]) -> Result<usize, InvalidMessage> {
        let mut passed = 0;
        loop {
            let rest = &bytes[passed..];
            let outcome = match &mut self.state {
                State::Open => return Ok(bytes.len()),
                State::Invalid(_) if passed > 0 => return Ok(passed),
                State::Invalid(error) => return Err(*error),
                State::Length(left) => {
                    let taken = usize::try_from(*left).map_or(rest.len(), |left| left.min(rest.len()));
                    passed += taken;
                    *left -= taken as u64;
                    Ok(*left == 0)
                }
                State::Chunked(decoder) => decoder.advance(rest, |_| {}).map(|progress| {
                    passed += progress.consumed;
                    progress.is_done
                }),
                State::Head { .. } => match self.head(rest) {
                    Ok(0) => return Ok(passed),
                    Ok(length) => {
                        passed += length;
                        continue;
                    }
                    Err(error) => Err(error),
                },
            };
            match outcome {
                Ok(true) => self.state = State::Head { searched: 0 },
                Ok(false) => return Ok(passed),
                // The bytes before it belong to valid messages.
                Err(error) => self.state = State::Invalid(error),
            }
        }
    }

    /// The number of content bytes that follow, if that is known.
    pub(crate) fn content_left(&self) -> Option<u64> {
        match self.state {
            State::Length(left) => Some(left),
            State::Open => Some(u64::MAX),
            State::Head { .. } | State::Chunked(_) | State::Invalid(_) => None,
        }
    }

    /// Content of this length was passed on without being shown.
    pub(crate) fn skip_content(&mut self, length: u64) {
        if let State::Length(left) = &mut self.state {
            *left -= length;
            if *left == 0 {
                self.state = State::Head { searched: 0 };
            }
        }
    }

    /// Whether the last request was passed on completely.
    pub(crate) fn is_between_requests(&self) -> bool {
        matches!(self.state, State::Head { searched: 0 })
    }

    /// From now on everything is passed on.
    pub(crate) fn open(&mut self) {
        self.state = State::Open;
    }

    /// Reads a head; the length of what was read, and 0 if it is incomplete.
    fn head(&mut self, bytes: &[u8]) -> Result<usize, InvalidMessage> {
        if bytes.starts_with(b"\r\n") {
            return Ok(2); // an empty line before a request (RFC 9112 section 2.2)
        }
        let State::Head { searched } = self.state else { return Ok(0) };
        if bytes.first() == Some(&b'\n') {
            return Err(InvalidMessage::BareLineFeed);
        }
        if !response_head::is_complete(bytes, searched) {
            self.state = State::Head { searched: bytes.len() };
            if bytes.len() >= self.limits.max_bytes {
                self.state = State::Open;
                return Ok(bytes.len());
            }
            return Ok(0);
        }
        self.complete_head(bytes)
    }

    fn complete_head(&mut self, bytes: &[u8]) -> Result<usize, InvalidMessage> {
        let mut usual = [httparse::EMPTY_HEADER; USUAL_FIELDS];
        match self.parse(bytes, &mut usual) {
            Err(InvalidMessage::Head(httparse::Error::TooManyHeaders)) => {
                let mut fields = vec![httparse::EMPTY_HEADER; self.limits.max_fields];
                self.parse(bytes, &mut fields)
            }
            parsed => parsed,
        }
        .or_else(|error| match error {
            // The next parser has the same syntax, and a response for each violation of it.
            InvalidMessage::Head(_) => {
                self.state = State::Open;
                Ok(bytes.len())
            }
            error => Err(error),
        })
    }

    fn parse<'b>(&mut self, bytes: &'b [u8], fields: &mut [Header<'b>]) -> Result<usize, InvalidMessage> {
        let mut parsed = httparse::Request::new(fields);
        let length = match parsed.parse(bytes) {
            Ok(Status::Complete(length)) => length,
            Ok(Status::Partial) => {
                self.state = State::Head { searched: bytes.len() };
                return Ok(0);
            }
            Err(error) => return Err(InvalidMessage::Head(error)),
        };
        check_line_ends(&bytes[..length])?;
        check_target(parsed.method.unwrap_or_default(), parsed.path.unwrap_or_default())?;
        let mut rules = RequestFields::default();
        for field in &*parsed.headers {
            if field.name.eq_ignore_ascii_case("host") {
                check_host(field.value)?;
            }
            rules.add(field.name, field.value)?;
        }
        self.state = match rules.framing(parsed.version == Some(1))? {
            Framing::Empty | Framing::UntilClose => State::Head { searched: 0 },
            Framing::Length(length) => State::Length(length),
            Framing::Chunked => State::Chunked(ChunkedDecoder::new()),
        };
        Ok(length)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: HeadLimits = HeadLimits { max_bytes: 1024, max_fields: 100 };

    /// The bytes that are passed on, and whether a request was refused.
    fn pass(bytes: &[u8], cut: usize) -> (Vec<u8>, bool) {
        let mut guard = RequestGuard::new(LIMITS);
        let (mut buffer, mut passed) = (Vec::new(), Vec::new());
        for piece in [&bytes[..cut], &bytes[cut..]] {
            buffer.extend_from_slice(piece);
            loop {
                match guard.advance(&buffer) {
                    Ok(0) => break,
                    Ok(length) => passed.extend(buffer.drain(..length)),
                    Err(_) => return (passed, true),
                }
            }
        }
        (passed, false)
    }

    #[test]
    fn requests_are_passed_on_however_they_are_split() {
        let requests = "\r\nGET / HTTP/1.1\r\nhost: a\r\n\r\nPOST /x HTTP/1.1\r\nhost: a\r\ncontent-length: 3\r\n\r\nabc\
            POST /y HTTP/1.1\r\nhost: a\r\nTransfer-Encoding: Chunked\r\n\r\n3;x\r\nabc\r\n0\r\nt: u\r\n\r\n\
            GET http://b/ HTTP/1.0\r\n\r\n";
        for cut in 0..=requests.len() {
            assert_eq!(pass(requests.as_bytes(), cut), (requests.as_bytes().to_vec(), false), "{cut}");
        }
    }

    #[test]
    fn nothing_of_an_invalid_request_is_passed_on() {
        let good = "POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 2\r\n\r\nab";
        for bad in [
            "POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 3\r\ntransfer-encoding: chunked\r\n\r\n",
            "POST / HTTP/1.1\r\nhost: a\ncontent-length: 3\r\n\r\n",
            "\nGET / HTTP/1.1\r\nhost: a\r\n\r\n",
            "GET / HTTP/1.1\r\nhost: a:x\r\n\r\n",
            "GET / HTTP/1.1\r\n\r\n",
        ] {
            let both = format!("{good}{bad}");
            for cut in 0..=both.len() {
                assert_eq!(pass(both.as_bytes(), cut), (good.as_bytes().to_vec(), true), "{bad:?} {cut}");
            }
        }
    }

    #[test]
    fn invalid_chunks_are_not_passed_on() {
        let head = "POST / HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n";
        for chunk in ["3\nabc\r\n", "0x3\r\nabc\r\n", "\r\n", "3\r\nabcd\r\n", "0\r\nx: y\nz: w\r\n\r\n"] {
            let (passed, is_refused) = pass(format!("{head}{chunk}").as_bytes(), 0);
            assert!(is_refused && passed.len() < head.len() + chunk.len(), "{chunk:?}");
        }
    }

    #[test]
    fn heads_beyond_the_limits_are_left_to_the_next_parser() {
        let long = format!("GET / HTTP/1.1\r\nhost: {}\r\n\r\n", "a".repeat(2000));
        assert_eq!(pass(long.as_bytes(), 1500), (long.into_bytes(), false));
        let many = format!("GET / HTTP/1.1\r\nhost: a\r\n{}\r\n", "x: y\r\n".repeat(101));
        assert_eq!(pass(many.as_bytes(), 0), (many.into_bytes(), false));
    }
}
