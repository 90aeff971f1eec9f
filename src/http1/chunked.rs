//! Chunked content (RFC 9112 section 7.1), decoded incrementally and encoded.
//!
//! Extensions and trailers are skipped, up to a total limit. Only CR LF ends a line: a bare LF is a common
//! means of request smuggling.

use std::io::Write as _;

use crate::http1::invalid_message::InvalidMessage;
use crate::http1::limits::MAX_CHUNK_OVERHEAD_BYTES;

/// The hexadecimal digits of the largest chunk size.
const MAX_SIZE_DIGITS: usize = 16;
/// The end of chunked content.
pub(crate) const LAST_CHUNK: &[u8] = b"0\r\n\r\n";

/// Decodes chunked content as it arrives.
#[derive(Debug)]
pub(super) struct ChunkedDecoder {
    state: State,
    overhead: usize,
}

#[derive(Clone, Copy, Debug)]
enum State {
    /// Before a chunk's size line.
    Size,
    /// Within a chunk, with this many bytes left.
    Data(u64),
    /// Before the line end after a chunk's data.
    DataEnd,
    /// Before a trailer, or the empty line that ends the content.
    Trailer,
    Done,
}

/// The outcome of decoding one piece.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Progress {
    /// The number of bytes consumed.
    pub(super) consumed: usize,
    /// Whether the content is complete.
    pub(super) is_done: bool,
}

// ===== impl ChunkedDecoder =====

impl ChunkedDecoder {
    pub(super) const fn new() -> Self {
        Self { state: State::Size, overhead: 0 }
    }

    /// Decodes `piece` and passes its data to `data`. Bytes that are not consumed must begin the next piece.
    pub(super) fn advance(&mut self, piece: &[u8], mut data: impl FnMut(&[u8])) -> Result<Progress, InvalidMessage> {
        let mut consumed = 0;
        loop {
            let rest = &piece[consumed..];
            match self.state {
                State::Size => {
                    let Some(line) = self.line(rest)? else { break };
                    let (size, digits) = size(line)?;
                    self.count_overhead(line.len() - digits)?;
                    consumed += line.len() + 2;
                    self.state = if size == 0 { State::Trailer } else { State::Data(size) };
                }
                State::Data(remaining) => {
                    let taken = usize::try_from(remaining).map_or(rest.len(), |remaining| remaining.min(rest.len()));
                    if taken == 0 {
                        break;
                    }
                    data(&rest[..taken]);
                    consumed += taken;
                    let remaining = remaining - taken as u64;
                    self.state = if remaining == 0 { State::DataEnd } else { State::Data(remaining) };
                }
                State::DataEnd => match rest {
                    [b'\r', b'\n', ..] => {
                        consumed += 2;
                        self.state = State::Size;
                    }
                    [] | [b'\r'] => break,
                    _ => return Err(InvalidMessage::Chunk),
                },
                State::Trailer => {
                    let Some(line) = self.line(rest)? else { break };
                    consumed += line.len() + 2;
                    if line.is_empty() {
                        self.state = State::Done;
                    } else {
                        check_trailer(line)?;
                        self.count_overhead(line.len() + 2)?;
                    }
                }
                State::Done => break,
            }
        }
        Ok(Progress { consumed, is_done: matches!(self.state, State::Done) })
    }

    fn count_overhead(&mut self, bytes: usize) -> Result<(), InvalidMessage> {
        self.overhead += bytes;
        if self.overhead > MAX_CHUNK_OVERHEAD_BYTES { Err(InvalidMessage::ChunkOverhead) } else { Ok(()) }
    }

    /// The first line of `rest` without its line end; `None` if it is incomplete.
    fn line<'a>(&self, rest: &'a [u8]) -> Result<Option<&'a [u8]>, InvalidMessage> {
        let limit = MAX_CHUNK_OVERHEAD_BYTES.saturating_sub(self.overhead).saturating_add(MAX_SIZE_DIGITS);
        let found = rest.iter().take(limit + 2).position(|byte| *byte == b'\n');
        match found {
            Some(end) => rest[..end].strip_suffix(b"\r").map(Some).ok_or(InvalidMessage::Chunk),
            None if rest.len() > limit + 1 => Err(InvalidMessage::ChunkOverhead),
            None => Ok(None),
        }
    }
}

/// The size at the beginning of a size line, and the number of its digits.
fn size(line: &[u8]) -> Result<(u64, usize), InvalidMessage> {
    let digits = line.iter().position(|byte| !byte.is_ascii_hexdigit()).unwrap_or(line.len());
    let (number, extension) = line.split_at(digits);
    // Whitespace is allowed before an extension (RFC 9112 section 7.1.1), and some servers pad sizes with it.
    let extension_begins = matches!(extension.trim_ascii_start(), [] | [b';', ..]);
    let is_clean = extension.iter().all(|byte| *byte == b'\t' || (*byte >= b' ' && *byte != 0x7f));
    if number.is_empty() || number.len() > MAX_SIZE_DIGITS || !extension_begins || !is_clean {
        return Err(InvalidMessage::Chunk);
    }
    let size = number.iter().fold(0, |size, digit| size << 4 | u64::from(value(*digit)));
    Ok((size, digits))
}

fn value(digit: u8) -> u8 {
    match digit {
        b'0'..=b'9' => digit - b'0',
        _ => (digit | 0x20) - b'a' + 10,
    }
}

/// Checks that a trailer has the syntax of a field.
fn check_trailer(line: &[u8]) -> Result<(), InvalidMessage> {
    let is_token = |byte: &u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(byte);
    let is_clean = |byte: &u8| *byte == b'\t' || (*byte >= b' ' && *byte != 0x7f);
    let colon = line.iter().position(|byte| *byte == b':').ok_or(InvalidMessage::Chunk)?;
    let (name, value) = line.split_at(colon);
    let is_field = !name.is_empty() && name.iter().all(is_token) && value.iter().all(is_clean);
    is_field.then_some(()).ok_or(InvalidMessage::Chunk)
}

/// Appends `data`, which must not be empty, as one chunk.
pub(crate) fn write_chunk(data: &[u8], out: &mut Vec<u8>) {
    let _ = write!(out, "{:x}\r\n", data.len()); // writing to a Vec cannot fail
    out.extend_from_slice(data);
    out.extend_from_slice(b"\r\n");
}
