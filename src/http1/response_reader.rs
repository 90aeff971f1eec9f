//! Reads one response incrementally, without I/O.
//!
//! Call [`ResponseReader::advance`] after every read and [`ResponseReader::finish`] at the end of the
//! connection. The result does not depend on how the bytes are split into reads.

use std::mem;

use bytes::Bytes;
use http::{Response, StatusCode};

use crate::http1::chunked::ChunkedDecoder;
use crate::http1::framing::Framing;
use crate::http1::header_filter::HeaderFilter;
use crate::http1::invalid_message::InvalidMessage;
use crate::http1::limits::MAX_HEAD_BYTES;
use crate::http1::response_head::{self, ResponseHead};

/// The size of a read while the length of the rest is unknown.
const MIN_READ_SIZE: usize = 8 << 10;
const MAX_READ_SIZE: usize = 256 << 10;
/// Content up to this size is copied out of the buffer so that the buffer can be reused, which is cheaper
/// than allocating a new one. Longer content takes ownership of the buffer.
const MAX_COPIED_BYTES: usize = 16 << 10;

/// Reads one response.
#[derive(Debug)]
pub struct ResponseReader<'n> {
    limit: usize,
    to_head: bool,
    filter: HeaderFilter<'n>,
    state: State,
}

#[derive(Debug)]
enum State {
    /// The head is incomplete; this many bytes were searched for its end.
    Head { searched: usize },
    /// The content begins at `begin` in the buffer.
    Length { head: ResponseHead, begin: usize, length: usize },
    /// The buffer holds what is not decoded yet.
    Chunked { head: ResponseHead, decoder: ChunkedDecoder, content: Vec<u8> },
    /// The content begins at `begin` in the buffer.
    UntilClose { head: ResponseHead, begin: usize },
}

/// A complete response.
#[derive(Debug)]
pub struct CompleteResponse {
    /// The response, with its content still encoded.
    pub response: Response<Bytes>,
    /// Whether the connection can be reused: the response allows it, and no bytes follow the response.
    pub keeps_alive: bool,
    /// Whether bytes follow the response that no request asked for.
    pub is_followed: bool,
}

// ===== impl ResponseReader =====

impl<'n> ResponseReader<'n> {
    /// Accepts at most `limit` bytes of content; `to_head` if the request was a `HEAD`.
    #[must_use]
    pub fn new(limit: usize, to_head: bool, filter: HeaderFilter<'n>) -> Self {
        Self { limit, to_head, filter, state: State::Head { searched: 0 } }
    }

    /// Processes `buffer`, which holds all bytes read from the connection and not removed before.
    /// `None` if the response is incomplete.
    ///
    /// # Errors
    ///
    /// [`InvalidMessage`]; the response is lost then.
    pub fn advance(&mut self, buffer: &mut Vec<u8>) -> Result<Option<CompleteResponse>, InvalidMessage> {
        if let State::Head { searched } = self.state {
            self.advance_head(buffer, searched)?;
        }
        let is_complete = match &mut self.state {
            State::Head { .. } => false,
            State::Length { begin, length, .. } => buffer.len() - *begin >= *length,
            State::Chunked { decoder, content, .. } => {
                let progress = decoder.advance(buffer, |data| content.extend_from_slice(data))?;
                buffer.drain(..progress.consumed);
                if content.len() > self.limit {
                    return Err(self.too_long());
                }
                progress.is_done
            }
            State::UntilClose { begin, .. } if buffer.len() - *begin > self.limit => return Err(self.too_long()),
            State::UntilClose { .. } => false,
        };
        Ok(if is_complete { self.take(buffer) } else { None })
    }

    /// The response that the end of the connection completes.
    ///
    /// # Errors
    ///
    /// [`InvalidMessage::Truncated`] if the response is incomplete.
    pub fn finish(mut self, buffer: &mut Vec<u8>) -> Result<CompleteResponse, InvalidMessage> {
        match self.state {
            State::UntilClose { .. } => self.take(buffer).ok_or(InvalidMessage::Truncated),
            State::Head { .. } | State::Length { .. } | State::Chunked { .. } => Err(InvalidMessage::Truncated),
        }
    }

    /// The capacity that the next read should have.
    pub(crate) fn next_read_size(&self, buffer: &[u8]) -> usize {
        match &self.state {
            // One byte more than expected: a read that does not fill its buffer tells the runtime that the
            // socket is empty.
            State::Length { begin, length, .. } => (begin + length + 1).saturating_sub(buffer.len()),
            State::Head { .. } => MIN_READ_SIZE - buffer.len() % MIN_READ_SIZE,
            // The read size doubles each time.
            State::Chunked { content, .. } => content.len().clamp(MIN_READ_SIZE, MAX_READ_SIZE),
            State::UntilClose { .. } => buffer.len().clamp(MIN_READ_SIZE, MAX_READ_SIZE),
        }
    }

    /// Skips interim responses. Only the caller's deadline bounds their number.
    fn advance_head(&mut self, buffer: &mut Vec<u8>, searched: usize) -> Result<(), InvalidMessage> {
        let mut begin = 0;
        let (head, length) = loop {
            // The first read usually contains the whole head, so it is parsed without being searched first.
            let may_be_complete = searched == 0 || begin > 0 || response_head::is_complete(buffer, searched);
            let read =
                if may_be_complete { response_head::read(&buffer[begin..], self.to_head, self.filter)? } else { None };
            match read {
                Some((_, length)) if length > MAX_HEAD_BYTES => return Err(InvalidMessage::HeadTooLong),
                Some((head, _)) if head.status == StatusCode::SWITCHING_PROTOCOLS => {
                    return Err(InvalidMessage::UnrequestedUpgrade);
                }
                Some((head, length)) if head.status.is_informational() => begin += length,
                Some((head, length)) => break (head, length),
                None if buffer.len() - begin > MAX_HEAD_BYTES => return Err(InvalidMessage::HeadTooLong),
                None => {
                    buffer.drain(..begin);
                    self.state = State::Head { searched: buffer.len() };
                    return Ok(());
                }
            }
        };
        let begin = begin + length;
        self.state = match head.framing {
            Framing::Empty => State::Length { head, begin, length: 0 },
            Framing::Length(declared) => match usize::try_from(declared) {
                Ok(length) if length <= self.limit => State::Length { head, begin, length },
                Ok(_) | Err(_) => return Err(self.too_long()),
            },
            Framing::Chunked => {
                buffer.drain(..begin);
                State::Chunked { head, decoder: ChunkedDecoder::new(), content: Vec::new() }
            }
            Framing::UntilClose => State::UntilClose { head, begin },
        };
        Ok(())
    }

    /// Assembles the response; `None` if there is no head yet.
    fn take(&mut self, buffer: &mut Vec<u8>) -> Option<CompleteResponse> {
        let (head, content, keeps_alive, is_followed) = match mem::replace(&mut self.state, State::Head { searched: 0 })
        {
            State::Head { .. } => return None,
            State::Length { head, begin, length } => {
                let is_last = buffer.len() == begin + length;
                (head, take_range(buffer, begin, begin + length), is_last, !is_last)
            }
            State::Chunked { head, content, .. } => (head, content.into(), buffer.is_empty(), !buffer.is_empty()),
            State::UntilClose { head, begin } => {
                let end = buffer.len();
                (head, take_range(buffer, begin, end), false, false)
            }
        };
        let mut response = Response::new(content);
        *response.status_mut() = head.status;
        *response.version_mut() = head.version;
        *response.headers_mut() = head.fields;
        Some(CompleteResponse { response, keeps_alive: head.keeps_alive && keeps_alive, is_followed })
    }

    fn too_long(&self) -> InvalidMessage {
        InvalidMessage::ContentTooLong { limit: self.limit }
    }
}

fn take_range(buffer: &mut Vec<u8>, begin: usize, end: usize) -> Bytes {
    if end - begin <= MAX_COPIED_BYTES {
        return Bytes::copy_from_slice(&buffer[begin..end]);
    }
    Bytes::from(mem::take(buffer)).slice(begin..end)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const LIMIT: usize = 64;

    /// The status and content of a response whose reads end at `cuts`, and whether the connection is reusable.
    fn read(bytes: &[u8], cuts: &[usize]) -> Result<(u16, Vec<u8>, bool), ()> {
        let mut reader = ResponseReader::new(LIMIT, false, HeaderFilter::All);
        let mut buffer = Vec::new();
        let mut begin = 0;
        for end in cuts.iter().copied().chain([bytes.len()]) {
            buffer.extend_from_slice(&bytes[begin..end]);
            begin = end;
            if let Some(complete) = reader.advance(&mut buffer).map_err(|_| ())? {
                let keeps_alive = complete.keeps_alive && begin == bytes.len();
                return Ok(summary(&complete.response, keeps_alive));
            }
        }
        let complete = reader.finish(&mut buffer).map_err(|_| ())?;
        Ok(summary(&complete.response, complete.keeps_alive))
    }

    fn summary(response: &Response<Bytes>, keeps_alive: bool) -> (u16, Vec<u8>, bool) {
        (response.status().as_u16(), response.body().to_vec(), keeps_alive)
    }

    const RESPONSES: &[&str] = &[
        "HTTP/1.1 200 OK\r\ncontent-length: 5\r\nx: y\r\n\r\nabcde",
        "HTTP/1.1 200 OK\ncontent-length: 5\n\nabcde",
        "HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nabcdef",
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3;x\r\nabc\r\n2\r\nde\r\n0\r\nt: u\r\n\r\n",
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n1\r\na\r\n0\r\n\r\nHTTP/1.1 200 OK\r\n\r\n",
        "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Hints\r\na: b\r\n\r\nHTTP/1.1 204 No\r\n\r\n",
        "HTTP/1.1 200 OK\r\n\r\nabcde",
        "HTTP/1.0 200 OK\r\ncontent-length: 1\r\n\r\na",
        "HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nabcd",
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n41\r\n",
    ];

    #[test]
    fn a_response_does_not_depend_on_how_it_is_split_into_reads() {
        for bytes in RESPONSES {
            let bytes = bytes.as_bytes();
            let whole = read(bytes, &[]);
            for one in 0..=bytes.len() {
                for two in one..=bytes.len() {
                    assert_eq!(read(bytes, &[one, two]), whole, "{one} {two} {}", bytes.escape_ascii());
                }
            }
            let each: Vec<_> = (0..bytes.len()).collect();
            assert_eq!(read(bytes, &each), whole, "{}", bytes.escape_ascii());
        }
    }

    #[test]
    fn long_content_takes_the_buffer_and_short_content_leaves_it() {
        for (length, is_left) in [(MAX_COPIED_BYTES, true), (MAX_COPIED_BYTES + 1, false)] {
            let mut buffer = format!("HTTP/1.1 200 OK\r\ncontent-length: {length}\r\n\r\n").into_bytes();
            buffer.resize(buffer.len() + length, b'x');
            let mut reader = ResponseReader::new(length, false, HeaderFilter::All);
            let complete = reader.advance(&mut buffer).unwrap().unwrap();
            assert!(complete.keeps_alive && complete.response.body().len() == length);
            assert_eq!(buffer.capacity() > 0, is_left);
        }
    }

    #[test]
    fn a_read_has_capacity_for_the_rest_and_one_byte_more() {
        let mut reader = ResponseReader::new(1000, false, HeaderFilter::All);
        let mut buffer = Vec::new();
        assert_eq!(reader.next_read_size(&buffer), MIN_READ_SIZE);
        buffer.extend_from_slice(b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nabc");
        assert!(reader.advance(&mut buffer).unwrap().is_none());
        assert_eq!(reader.next_read_size(&buffer), 98);
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_the_same_whole_and_split(
            parts in proptest::collection::vec("[ -~]{0,4}|\r\n|\n|0|5|;|: |chunked|content-length: |transfer-encoding: |HTTP/1.1 200 OK\r\n", 0..40),
            cut in any::<prop::sample::Index>(),
        ) {
            let bytes = format!("HTTP/1.1 200 OK\r\n{}", parts.concat()).into_bytes();
            let cut = cut.index(bytes.len() + 1);
            prop_assert_eq!(read(&bytes, &[cut]), read(&bytes, &[]));
        }
    }
}
