//! Chunked content (RFC 9112 section 7.1), taken apart as it comes.
//!
//! Extensions and trailers say nothing we know; they are read over, up to a limit that holds for all
//! of them together. Lines end in CR LF and in nothing else: that is what chunked smuggling bends.

use crate::upstream::http1::malformed::Malformed;

/// The most bytes that the extensions and the trailers of one content may have together.
pub(super) const MOST_EXTRA: usize = 16 << 10;

/// The state between two pieces.
#[derive(Debug)]
pub(super) struct Chunked {
    state: State,
    extra: usize,
}

#[derive(Clone, Copy, Debug)]
enum State {
    /// Before a chunk's line.
    Size,
    /// Within a chunk, so many bytes before its end.
    Data(u64),
    /// Before the line's end after a chunk.
    DataEnd,
    /// Before a trailer's line, or the empty line that ends the content.
    Trailer,
    /// The content is whole.
    Done,
}

/// How far a piece led.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Step {
    /// So many of its bytes are done with.
    pub(super) used: usize,
    /// Whether the content is whole.
    pub(super) is_done: bool,
}

// ===== impl Chunked =====

impl Chunked {
    pub(super) const fn new() -> Self {
        Self { state: State::Size, extra: 0 }
    }

    /// Takes apart what `piece` begins with, and puts what is content behind `content`. What is not
    /// used must stand at the beginning of the next piece.
    pub(super) fn advance(&mut self, piece: &[u8], content: &mut Vec<u8>) -> Result<Step, Malformed> {
        let mut used = 0;
        loop {
            let rest = &piece[used..];
            match self.state {
                State::Size => {
                    let Some(line) = self.line(rest)? else { break };
                    let (size, digits) = size(line)?;
                    self.charge(line.len() - digits)?;
                    used += line.len() + 2;
                    self.state = if size == 0 { State::Trailer } else { State::Data(size) };
                }
                State::Data(left) => {
                    let taken = usize::try_from(left).map_or(rest.len(), |left| left.min(rest.len()));
                    if taken == 0 {
                        break;
                    }
                    content.extend_from_slice(&rest[..taken]);
                    used += taken;
                    let left = left - taken as u64;
                    self.state = if left == 0 { State::DataEnd } else { State::Data(left) };
                }
                State::DataEnd => match rest {
                    [b'\r', b'\n', ..] => {
                        used += 2;
                        self.state = State::Size;
                    }
                    [] | [b'\r'] => break,
                    _ => return Err(Malformed::Chunk),
                },
                State::Trailer => {
                    let Some(line) = self.line(rest)? else { break };
                    used += line.len() + 2;
                    if line.is_empty() {
                        self.state = State::Done;
                    } else {
                        trailer(line)?;
                        self.charge(line.len() + 2)?;
                    }
                }
                State::Done => break,
            }
        }
        Ok(Step { used, is_done: matches!(self.state, State::Done) })
    }

    fn charge(&mut self, extra: usize) -> Result<(), Malformed> {
        self.extra += extra;
        if self.extra > MOST_EXTRA { Err(Malformed::Extra) } else { Ok(()) }
    }

    /// The line that `rest` begins with, without its end; `None` if that has not come.
    fn line<'a>(&self, rest: &'a [u8]) -> Result<Option<&'a [u8]>, Malformed> {
        let room = MOST_EXTRA.saturating_sub(self.extra).saturating_add(LONGEST_SIZE);
        let found = rest.iter().take(room + 2).position(|byte| *byte == b'\n');
        match found {
            Some(end) => rest[..end].strip_suffix(b"\r").map(Some).ok_or(Malformed::Chunk),
            None if rest.len() > room + 1 => Err(Malformed::Extra),
            None => Ok(None),
        }
    }
}

/// The digits of the greatest size.
const LONGEST_SIZE: usize = 16;

/// The size that a chunk's line begins with, and how many digits it has.
fn size(line: &[u8]) -> Result<(u64, usize), Malformed> {
    let digits = line.iter().position(|byte| !byte.is_ascii_hexdigit()).unwrap_or(line.len());
    let (number, extension) = line.split_at(digits);
    // Blanks may stand before an extension (RFC 9112 section 7.1.1), and some servers pad with them.
    let extension_begins = matches!(extension.trim_ascii_start(), [] | [b';', ..]);
    let is_clean = extension.iter().all(|byte| *byte == b'\t' || (*byte >= b' ' && *byte != 0x7f));
    if number.is_empty() || number.len() > LONGEST_SIZE || !extension_begins || !is_clean {
        return Err(Malformed::Chunk);
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

/// A trailer is a field, whatever it says.
fn trailer(line: &[u8]) -> Result<(), Malformed> {
    let is_token = |byte: &u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(byte);
    let is_clean = |byte: &u8| *byte == b'\t' || (*byte >= b' ' && *byte != 0x7f);
    let colon = line.iter().position(|byte| *byte == b':').ok_or(Malformed::Chunk)?;
    let (name, value) = line.split_at(colon);
    let is_field = !name.is_empty() && name.iter().all(is_token) && value.iter().all(is_clean);
    is_field.then_some(()).ok_or(Malformed::Chunk)
}
