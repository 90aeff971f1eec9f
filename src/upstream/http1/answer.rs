//! One answer, read from bytes as they come. No IO.
//!
//! [`Reading::advance`] is asked after every read, [`Reading::end`] when the connection ended. What an
//! answer is does not depend on where the reads happen to fall.

use std::mem;

use bytes::Bytes;
use http::{Response, StatusCode};

use crate::upstream::failure::CallFailure;
use crate::upstream::header_filter::HeaderFilter;
use crate::upstream::http1::chunked::Chunked;
use crate::upstream::http1::framing::Framing;
use crate::upstream::http1::head::{self, Head};
use crate::upstream::http1::malformed::Malformed;

/// How much room to read into while it is not known how much is to come.
const ROOM: usize = 8 << 10;
const MOST_ROOM: usize = 256 << 10;
/// Content up to this size is copied out of the buffer, which is then used again: cheaper than a new
/// buffer for the next answer. Longer content takes the buffer with it.
const COPIED: usize = 16 << 10;

/// An answer that is being read.
#[derive(Debug)]
pub struct Reading<'k> {
    limit: usize,
    to_head: bool,
    kept: HeaderFilter<'k>,
    state: State,
}

#[derive(Debug)]
enum State {
    /// So many bytes of the head were searched for its end.
    Head { seen: usize },
    /// The content stands in the buffer from `begin` on.
    Sized { head: Head, begin: usize, length: usize },
    /// What is not yet taken apart stands in the buffer.
    Chunked { head: Head, chunks: Chunked, content: Vec<u8> },
    /// The content stands in the buffer from `begin` on.
    ToEnd { head: Head, begin: usize },
}

/// A whole answer.
#[derive(Debug)]
pub struct Answer {
    /// It, with its content as it was sent.
    pub response: Response<Bytes>,
    /// Whether the connection can carry another exchange: it says so, and nothing follows unasked.
    pub keeps_alive: bool,
}

// ===== impl Reading =====

impl<'k> Reading<'k> {
    /// Of an answer with at most `limit` bytes of content; `to_head` if the request was a `HEAD`.
    #[must_use]
    pub fn new(limit: usize, to_head: bool, kept: HeaderFilter<'k>) -> Self {
        Self { limit, to_head, kept, state: State::Head { seen: 0 } }
    }

    /// Takes in what `buffer` holds: all that was read of the connection and not taken out before.
    /// `None` if more is to come.
    ///
    /// # Errors
    ///
    /// [`CallFailure::Broken`] by a [`Malformed`], or [`CallFailure::TooLarge`]. The answer is lost then.
    pub fn advance(&mut self, buffer: &mut Vec<u8>) -> Result<Option<Answer>, CallFailure> {
        if let State::Head { seen } = self.state {
            self.advance_head(buffer, seen)?;
        }
        let is_whole = match &mut self.state {
            State::Head { .. } => false,
            State::Sized { begin, length, .. } => buffer.len() - *begin >= *length,
            State::Chunked { chunks, content, .. } => {
                let step = chunks.advance(buffer, content).map_err(broken)?;
                buffer.drain(..step.used);
                if content.len() > self.limit {
                    return Err(self.too_large());
                }
                step.is_done
            }
            State::ToEnd { begin, .. } if buffer.len() - *begin > self.limit => return Err(self.too_large()),
            State::ToEnd { .. } => false,
        };
        Ok(if is_whole { self.take(buffer) } else { None })
    }

    /// The answer, if the end of the connection ends it.
    ///
    /// # Errors
    ///
    /// [`CallFailure::Broken`] if it was to go on.
    pub fn end(mut self, buffer: &mut Vec<u8>) -> Result<Answer, CallFailure> {
        match self.state {
            State::ToEnd { .. } => self.take(buffer).ok_or_else(|| broken(Malformed::Truncated)),
            State::Head { .. } | State::Sized { .. } | State::Chunked { .. } => Err(broken(Malformed::Truncated)),
        }
    }

    /// How many bytes the next read should have room for.
    pub(super) fn room(&self, buffer: &[u8]) -> usize {
        match &self.state {
            // One more than is to come: a read that is not full tells the runtime that there is no more.
            State::Sized { begin, length, .. } => (begin + length + 1).saturating_sub(buffer.len()),
            State::Head { .. } => ROOM - buffer.len() % ROOM,
            // Twice as much each time.
            State::Chunked { content, .. } => content.len().clamp(ROOM, MOST_ROOM),
            State::ToEnd { .. } => buffer.len().clamp(ROOM, MOST_ROOM),
        }
    }

    /// Passes over interim answers, however many: they have until the call's deadline.
    fn advance_head(&mut self, buffer: &mut Vec<u8>, seen: usize) -> Result<(), CallFailure> {
        let mut begin = 0;
        let (head, length) = loop {
            // The first read mostly brings all of it, so it is not searched before it is tried.
            let may_be_whole = seen == 0 || begin > 0 || head::is_complete(buffer, seen);
            let read = if may_be_whole {
                head::read(&buffer[begin..], self.to_head, self.kept).map_err(broken)?
            } else {
                None
            };
            match read {
                Some((_, length)) if length > head::MOST_BYTES => return Err(broken(Malformed::LongHead)),
                Some((head, _)) if head.status == StatusCode::SWITCHING_PROTOCOLS => {
                    return Err(broken(Malformed::Switched));
                }
                Some((head, length)) if head.status.is_informational() => begin += length,
                Some((head, length)) => break (head, length),
                None if buffer.len() - begin > head::MOST_BYTES => return Err(broken(Malformed::LongHead)),
                None => {
                    buffer.drain(..begin);
                    self.state = State::Head { seen: buffer.len() };
                    return Ok(());
                }
            }
        };
        let begin = begin + length;
        self.state = match head.framing {
            Framing::Empty => State::Sized { head, begin, length: 0 },
            Framing::Sized(told) => match usize::try_from(told) {
                Ok(length) if length <= self.limit => State::Sized { head, begin, length },
                Ok(_) | Err(_) => return Err(self.too_large()),
            },
            Framing::Chunked => {
                buffer.drain(..begin);
                State::Chunked { head, chunks: Chunked::new(), content: Vec::new() }
            }
            Framing::ToEnd => State::ToEnd { head, begin },
        };
        Ok(())
    }

    /// Puts the whole answer together. `None` before its head has come.
    fn take(&mut self, buffer: &mut Vec<u8>) -> Option<Answer> {
        let (head, content, is_alone) = match mem::replace(&mut self.state, State::Head { seen: 0 }) {
            State::Head { .. } => return None,
            State::Sized { head, begin, length } => {
                let is_alone = buffer.len() == begin + length;
                (head, taken(buffer, begin, begin + length), is_alone)
            }
            State::Chunked { head, content, .. } => (head, content.into(), buffer.is_empty()),
            State::ToEnd { head, begin } => {
                let end = buffer.len();
                (head, taken(buffer, begin, end), false)
            }
        };
        let mut response = Response::new(content);
        *response.status_mut() = head.status;
        *response.version_mut() = head.version;
        *response.headers_mut() = head.fields;
        Some(Answer { response, keeps_alive: head.keeps_alive && is_alone })
    }

    fn too_large(&self) -> CallFailure {
        CallFailure::TooLarge { limit: self.limit }
    }
}

fn taken(buffer: &mut Vec<u8>, begin: usize, end: usize) -> Bytes {
    if end - begin <= COPIED {
        return Bytes::copy_from_slice(&buffer[begin..end]);
    }
    Bytes::from(mem::take(buffer)).slice(begin..end)
}

#[cold]
fn broken(why: Malformed) -> CallFailure {
    CallFailure::Broken(why.into())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const LIMIT: usize = 64;

    /// The answers of one connection whose reads end at `cuts`: status, content and whether it is kept.
    fn read(said: &[u8], cuts: &[usize]) -> Result<(u16, Vec<u8>, bool), ()> {
        let mut reading = Reading::new(LIMIT, false, HeaderFilter::All);
        let mut buffer = Vec::new();
        let mut begin = 0;
        for end in cuts.iter().copied().chain([said.len()]) {
            buffer.extend_from_slice(&said[begin..end]);
            begin = end;
            if let Some(answer) = reading.advance(&mut buffer).map_err(|_| ())? {
                return Ok(told(&answer, answer.keeps_alive && begin == said.len()));
            }
        }
        reading.end(&mut buffer).map(|answer| told(&answer, answer.keeps_alive)).map_err(|_| ())
    }

    fn told(answer: &Answer, keeps_alive: bool) -> (u16, Vec<u8>, bool) {
        (answer.response.status().as_u16(), answer.response.body().to_vec(), keeps_alive)
    }

    const SAID: &[&str] = &[
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
    fn an_answer_does_not_depend_on_where_the_reads_end() {
        for said in SAID {
            let said = said.as_bytes();
            let whole = read(said, &[]);
            for one in 0..=said.len() {
                for two in one..=said.len() {
                    assert_eq!(read(said, &[one, two]), whole, "{one} {two} {}", said.escape_ascii());
                }
            }
            let each: Vec<_> = (0..said.len()).collect();
            assert_eq!(read(said, &each), whole, "{}", said.escape_ascii());
        }
    }

    #[test]
    fn long_content_is_not_copied_and_short_content_leaves_the_buffer() {
        for (length, is_left) in [(COPIED, true), (COPIED + 1, false)] {
            let mut buffer = format!("HTTP/1.1 200 OK\r\ncontent-length: {length}\r\n\r\n").into_bytes();
            buffer.resize(buffer.len() + length, b'x');
            let answer = Reading::new(length, false, HeaderFilter::All).advance(&mut buffer).unwrap().unwrap();
            assert!(answer.keeps_alive && answer.response.body().len() == length);
            assert_eq!(buffer.capacity() > 0, is_left);
        }
    }

    #[test]
    fn a_read_has_room_for_what_is_to_come_and_one_more() {
        let mut reading = Reading::new(1000, false, HeaderFilter::All);
        let mut buffer = Vec::new();
        assert_eq!(reading.room(&buffer), ROOM);
        buffer.extend_from_slice(b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nabc");
        assert!(reading.advance(&mut buffer).unwrap().is_none());
        assert_eq!(reading.room(&buffer), 98);
    }

    proptest! {
        #[test]
        fn nothing_that_is_said_is_too_much(
            parts in proptest::collection::vec("[ -~]{0,4}|\r\n|\n|0|5|;|: |chunked|content-length: |transfer-encoding: |HTTP/1.1 200 OK\r\n", 0..40),
            cut in any::<prop::sample::Index>(),
        ) {
            let said = format!("HTTP/1.1 200 OK\r\n{}", parts.concat()).into_bytes();
            let cut = cut.index(said.len() + 1);
            prop_assert_eq!(read(&said, &[cut]), read(&said, &[]));
        }
    }
}
