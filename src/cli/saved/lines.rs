//! The lines of a saved message, each with its number, and the content behind them.
//!
//! `curl -v` marks what it sent with `>`, what it got with `<` and what it says itself with `*`; content
//! stands between without a mark.

use crate::base::diagnostic::Diagnostic;

/// A saved text and what to call it.
pub(super) struct Text<'t> {
    name: &'t str,
    lines: Vec<Line<'t>>,
}

/// One line, without its end.
#[derive(Clone, Copy, Debug)]
pub(super) struct Line<'t> {
    /// From 1.
    pub(super) number: usize,
    pub(super) bytes: &'t [u8],
}

/// One of the two messages of a log.
#[derive(Clone, Copy)]
pub(super) enum Which {
    Sent,
    Received,
}

impl<'t> Text<'t> {
    pub(super) fn new(name: &'t str, bytes: &'t [u8]) -> Self {
        let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
        let lines = bytes.split(|byte| *byte == b'\n').enumerate();
        let lines = lines.map(|(index, bytes)| Line { number: index + 1, bytes }).collect();
        Self { name, lines }
    }

    /// The first line that is not blank.
    pub(super) fn first(&self) -> Option<Line<'t>> {
        self.lines.iter().copied().find(|line| !line.is_blank())
    }

    /// What is wrong at a line.
    pub(super) fn error(&self, line: usize, message: impl Into<String>) -> Diagnostic {
        Diagnostic::error(message).of(format!("{}:{line}", self.name))
    }

    /// The lines up to the first blank one, and what follows it.
    pub(super) fn plain(&self) -> (Vec<Line<'t>>, Vec<u8>) {
        let begin = self.lines.iter().position(|line| !line.is_blank()).unwrap_or(self.lines.len());
        let lines = &self.lines[begin..];
        let end = lines.iter().position(Line::is_blank).unwrap_or(lines.len());
        let content = lines.get(end + 1..).unwrap_or_default();
        (lines[..end].iter().map(Line::without_return).collect(), joined(content.iter()))
    }

    /// One of the messages of what `curl -v` printed: its lines without their marks, and its content.
    ///
    /// # Errors
    /// Where it is not there.
    pub(super) fn marked(&self, which: Which) -> Result<(Vec<Line<'t>>, Vec<u8>), Diagnostic> {
        let (mark, noun) = match which {
            Which::Sent => (b'>', "request"),
            Which::Received => (b'<', "response"),
        };
        let is_marked = |line: &&Line<'_>| line.bytes.first() == Some(&mark);
        let Some(begin) = self.lines.iter().position(|line| is_marked(&line)) else {
            let message = format!("no line is marked with `{}`, so there is no {noun}", char::from(mark));
            let remedy = format!("save the {noun}, with the marks of `curl -v` or without any");
            return Err(self.error(self.first().map_or(1, |line| line.number), message).remedy(remedy));
        };
        let own = self.lines[begin..].iter().filter(is_marked).map(Line::unmarked);
        let head: Vec<_> = own.take_while(|line| !line.is_blank()).collect();
        let last = head.last().map_or(begin, |line| line.number);
        let behind = self.lines.get(last..).unwrap_or_default().iter();
        let until_next =
            behind.skip_while(is_marked).take_while(|line| !line.bytes.starts_with(b"<") && !is_marked(line));
        Ok((head, joined(until_next.filter(|line| !line.is_said()))))
    }
}

/// Lines as one text again, without what is blank at its end.
fn joined<'l>(lines: impl Iterator<Item = &'l Line<'l>>) -> Vec<u8> {
    let lines: Vec<_> = lines.map(|line| line.bytes).collect();
    lines.join(&b'\n').trim_ascii_end().to_vec()
}

impl Line<'_> {
    /// Whether curl marked it.
    pub(super) fn is_marked(&self) -> bool {
        [&b"> "[..], b"< ", b"* "].iter().any(|mark| self.bytes.starts_with(mark))
    }

    fn is_blank(&self) -> bool {
        self.bytes.trim_ascii().is_empty()
    }

    /// Whether it is what curl says itself.
    fn is_said(&self) -> bool {
        [&b"* "[..], b"{ [", b"} ["].iter().any(|mark| self.bytes.starts_with(mark))
    }

    fn unmarked(&self) -> Self {
        let bytes = &self.bytes[1..];
        Self { bytes: bytes.strip_prefix(b" ").unwrap_or(bytes), ..*self }.without_return()
    }

    fn without_return(&self) -> Self {
        Self { bytes: self.bytes.strip_suffix(b"\r").unwrap_or(self.bytes), ..*self }
    }
}
