//! As much of Rust as the rules need: what is code, what is a comment, where a function ends.
//!
//! Comments and literals are blanked out, so that a brace or a word within them does not count.
//! Lines stay where they are.

/// The `//!` lines a file begins with.
pub(crate) fn head(text: &str) -> String {
    text.lines().take_while(|line| line.starts_with("//!")).map(|line| format!("{line}\n")).collect()
}

/// The text with comments and the insides of literals blanked out.
pub(crate) fn code(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut code = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let (end, blank) = match piece(bytes, at, code.last().copied()) {
            Some(end) => (end, true),
            None => (at + 1, false),
        };
        for &byte in &bytes[at..end] {
            code.push(if blank && byte != b'\n' { b' ' } else { byte });
        }
        at = end;
    }
    String::from_utf8(code).expect("whole characters are blanked out, or none of their bytes")
}

/// The end of the comment or literal that begins at `at`, if one does.
fn piece(bytes: &[u8], at: usize, before: Option<u8>) -> Option<usize> {
    let rest = &bytes[at..];
    let in_word = before.is_some_and(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    let length = match rest {
        [b'/', b'/', ..] => until(rest, b"\n"),
        [b'/', b'*', ..] => block_comment(rest),
        [b'"', ..] => quoted(rest),
        [b'b' | b'c', b'"', ..] if !in_word => 1 + quoted(&rest[1..]),
        [b'r', b'"' | b'#', ..] if !in_word => raw(rest)?,
        [b'b' | b'c', b'r', b'"' | b'#', ..] if !in_word => 1 + raw(&rest[1..])?,
        [b'\'', b'\\', ..] => 2 + 1 + until(&rest[3..], b"'") + 1,
        [b'\'', first, ..] => character(rest, *first)?,
        _ => return None,
    };
    Some((at + length).min(bytes.len()))
}

fn until(bytes: &[u8], end: &[u8]) -> usize {
    bytes.windows(end.len()).position(|window| window == end).unwrap_or(bytes.len())
}

fn block_comment(bytes: &[u8]) -> usize {
    let (mut depth, mut at) = (0, 0);
    while at < bytes.len() {
        match &bytes[at..] {
            [b'/', b'*', ..] => (depth, at) = (depth + 1, at + 2),
            [b'*', b'/', ..] if depth == 1 => return at + 2,
            [b'*', b'/', ..] => (depth, at) = (depth - 1, at + 2),
            _ => at += 1,
        }
    }
    at
}

fn quoted(bytes: &[u8]) -> usize {
    let mut at = 1;
    while at < bytes.len() {
        match bytes[at] {
            b'\\' => at += 2,
            b'"' => return at + 1,
            _ => at += 1,
        }
    }
    at
}

fn raw(bytes: &[u8]) -> Option<usize> {
    let hashes = bytes[1..].iter().take_while(|byte| **byte == b'#').count();
    let open = 1 + hashes;
    // `r#name` is a name.
    (bytes.get(open) == Some(&b'"')).then_some(())?;
    let close = [&b"\""[..], &vec![b'#'; hashes]].concat();
    Some(open + 1 + until(&bytes[open + 1..], &close) + close.len())
}

/// A character, which ends in a quote, and not a lifetime.
fn character(bytes: &[u8], first: u8) -> Option<usize> {
    let width = match first {
        0..0x80 => 1,
        0x80..0xe0 => 2,
        0xe0..0xf0 => 3,
        0xf0.. => 4,
    };
    (bytes.get(1 + width) == Some(&b'\'')).then_some(width + 2)
}

/// The line of a byte, from 1.
pub(crate) fn line(text: &str, at: usize) -> usize {
    text[..at].matches('\n').count() + 1
}

/// Where a word stands as a word, not as a part of another.
pub(crate) fn find_word<'t>(text: &'t str, word: &'t str) -> impl Iterator<Item = usize> + 't {
    let is_letter = |byte: Option<&u8>| byte.is_some_and(|byte| byte.is_ascii_alphanumeric() || *byte == b'_');
    text.match_indices(word).map(|(at, _)| at).filter(move |at| {
        let before = at.checked_sub(1).and_then(|before| text.as_bytes().get(before));
        !is_letter(before) && !is_letter(text.as_bytes().get(at + word.len()))
    })
}

#[test]
fn comments_and_literals_are_blanked_out() {
    let text = r##"a /* { /* { */ */ "{\"" b'{' '{' '\'' '\u{7b}' r"{" r#"{"# b"{" r#type 'life // {
b"##;
    let code = code(text);
    assert!(!code.contains('{'), "{code}");
    assert_eq!(code.split_whitespace().collect::<Vec<_>>(), ["a", "b", "r#type", "'life", "b"]);
    assert_eq!(code.len(), text.len());
}

#[test]
fn a_word_is_found_as_a_word() {
    assert_eq!(find_word("fn a fnord _fn fn", "fn").collect::<Vec<_>>(), [0, 15]);
}
