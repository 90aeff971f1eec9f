//! A message that somebody saved: HTTP as text, or its JSON content alone.
//!
//! People have what a browser copies, what `curl -v` prints and what an editor made of either, so lines may
//! end in LF or CRLF, and curl's marks may stand before them. What cannot be read is told with its line and
//! what to do; a line itself is never shown, for it may hold a secret.

mod head;
mod lines;

use std::fs::File;
use std::io::{self, Read as _};
use std::path::Path;

use bytes::Bytes;
use http::header::{CONTENT_LENGTH, TRANSFER_ENCODING};
use http::{HeaderMap, request, response};

use crate::base::diagnostic::Diagnostic;
use crate::cli::saved::lines::{Text, Which};

/// A saved message is not larger than this, in bytes.
const MOST: u64 = 16 << 20;
const FORM: &str = "write it as HTTP: a line like `POST /path HTTP/1.1`, a `name: value` line for each header \
                    field, a blank line, the content";

/// A message that was saved.
#[derive(Debug)]
pub(super) enum Saved {
    Request(Box<request::Parts>, Bytes),
    Response(Box<response::Parts>, Bytes),
    /// JSON without a head.
    Content(Bytes),
}

/// Which message is wanted where a log has both.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wanted {
    Request,
    Response,
    Either,
}

/// The bytes of a file, or of standard input for `-`, and what to call it.
///
/// # Errors
/// What stands in the way, with a remedy.
pub(super) fn load(file: &Path) -> Result<(String, Vec<u8>), Diagnostic> {
    let is_input = file == Path::new("-");
    let name = if is_input { "standard input".to_owned() } else { file.display().to_string() };
    let failed = |problem: String| {
        let message = format!("the message cannot be read: {problem}");
        Diagnostic::error(message).of(&name).remedy("name a readable file, or `-` for standard input")
    };
    let mut bytes = Vec::new();
    let read = match is_input {
        true => io::stdin().lock().take(MOST + 1).read_to_end(&mut bytes),
        false => File::open(file).and_then(|file| file.take(MOST + 1).read_to_end(&mut bytes)),
    };
    read.map_err(|error| failed(error.to_string()))?;
    if bytes.len() as u64 > MOST {
        return Err(failed(format!("it is larger than {MOST} bytes")));
    }
    Ok((name, bytes))
}

/// Reads a message.
///
/// # Errors
/// What is wrong with it, with the line and a remedy.
pub(super) fn parse(name: &str, bytes: &[u8], wanted: Wanted) -> Result<Saved, Diagnostic> {
    let text = Text::new(name, bytes);
    let Some(first) = text.first() else {
        return Err(text.error(1, "there is no message").remedy(FORM));
    };
    if matches!(first.bytes.first(), Some(b'{' | b'[')) {
        return Ok(Saved::Content(Bytes::copy_from_slice(bytes.trim_ascii())));
    }
    let (lines, content) = match first.is_marked() {
        true => text.marked(match wanted {
            Wanted::Request | Wanted::Either => Which::Sent,
            Wanted::Response => Which::Received,
        })?,
        false => text.plain(),
    };
    let message = head::read(&text, &lines)?;
    let (fields, is_request) = match &message {
        head::Head::Request(head) => (&head.headers, true),
        head::Head::Response(head) => (&head.headers, false),
    };
    let line = lines.first().map_or(1, |line| line.number);
    if (wanted == Wanted::Request && !is_request) || (wanted == Wanted::Response && is_request) {
        let (found, wanted) = if is_request { ("request", "response") } else { ("response", "request") };
        let message = format!("this is a {found}, and a {wanted} is wanted");
        return Err(text.error(line, message).remedy(format!("save the {wanted}")));
    }
    complete(&text, line, fields, &content)?;
    let content = Bytes::from(content);
    Ok(match message {
        head::Head::Request(head) => Saved::Request(head, content),
        head::Head::Response(head) => Saved::Response(head, content),
    })
}

/// Whether the content is all there, as it was before it was framed.
fn complete(text: &Text<'_>, line: usize, fields: &HeaderMap, content: &[u8]) -> Result<(), Diagnostic> {
    let announced = fields.get(CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse::<u64>().ok());
    if let Some(length @ 1..) = announced
        && content.is_empty()
    {
        let message = format!("the message announces {length} bytes of content, and none follows its header fields");
        let remedy = "put the content after a blank line; `curl -v` does not print what it sends";
        return Err(text.error(line, message).remedy(remedy));
    }
    let is_size = |line: &[u8]| !line.is_empty() && line.iter().all(u8::is_ascii_hexdigit);
    let first = content.split(|byte| *byte == b'\n').next().unwrap_or_default();
    if fields.contains_key(TRANSFER_ENCODING) && is_size(first.trim_ascii()) {
        let remedy = "take out the lines with the sizes of the chunks";
        return Err(text.error(line, "the content is still in chunks").remedy(remedy));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(text: &str) -> (String, String, String) {
        match parse("x.http", text.as_bytes(), Wanted::Request).unwrap() {
            Saved::Request(head, content) => {
                let fields: Vec<_> =
                    head.headers.iter().map(|(name, value)| format!("{name}={}", value.to_str().unwrap())).collect();
                let line = format!("{} {}", head.method, head.uri);
                (line, fields.join(","), String::from_utf8(content.to_vec()).unwrap())
            }
            other => panic!("{other:?}"),
        }
    }

    fn told(text: &str) -> String {
        parse("x.http", text.as_bytes(), Wanted::Request).unwrap_err().to_string()
    }

    #[test]
    fn a_request_is_read_whatever_ends_its_lines() {
        let lines =
            ["POST /a?b=c HTTP/1.1", "Host: api.example", "Content-Type: application/json", "", "{\"d\":1}", ""];
        let expected =
            ("POST /a?b=c".into(), "host=api.example,content-type=application/json".into(), "{\"d\":1}".into());
        for end in ["\n", "\r\n"] {
            assert_eq!(request(&lines.join(end)), expected);
        }
        assert_eq!(request(&format!("\u{feff}\n\n{}", lines.join("\n"))), expected);
        assert_eq!(request("GET https://api.example/a").0, "GET https://api.example/a");
    }

    #[test]
    fn what_curl_prints_is_read() {
        let log = "*   Trying 127.0.0.1:8080...\n* Connected\n> POST /a HTTP/2\n> Host: api.example\n> Content-Length: 7\n>\n\
                   * upload completely sent off: 7 bytes\n{\"d\":1}\n< HTTP/2 200\n< content-type: application/json\n<\n\
                   { [12 bytes data]\n{\"e\":2}\n* Connection left intact\n";
        assert_eq!(request(log), ("POST /a".into(), "host=api.example,content-length=7".into(), "{\"d\":1}".into()));
        let answer = parse("x", log.as_bytes(), Wanted::Response).unwrap();
        let Saved::Response(head, content) = answer else { panic!("{answer:?}") };
        assert_eq!((head.status.as_u16(), &content[..]), (200, &b"{\"e\":2}"[..]));
    }

    #[test]
    fn what_a_browser_copies_of_http_2_is_read() {
        let copied = ":authority: api.example\n:method: POST\n:path: /a?b=c\n:scheme: https\naccept: */*\n\n{}";
        assert_eq!(request(copied), ("POST https://api.example/a?b=c".into(), "accept=*/*".into(), "{}".into()));
    }

    #[test]
    fn what_cannot_be_read_is_told_with_its_line_and_never_shown() {
        for (text, line, says) in [
            ("", 1, "there is no message"),
            ("\n\nhunter2\n", 3, "it begins with no request line"),
            ("curl -X POST https://api.example/a -H 'x: hunter2'", 1, "this is a command"),
            ("POST /a HTTP/1.1\nauthorization hunter2\n", 2, "this is no header field"),
            ("POST /a HTTP/1.1\nx: a\n  hunter2\n", 3, "this is no header field"),
            ("POST hunter2:// HTTP/1.1\n", 1, "the target of the request is none"),
            ("P@ST /a HTTP/1.1\n", 1, "the method of the request is none"),
            ("POST /a HTTP/1.1\ncontent-length: 5\n\n", 1, "announces 5 bytes of content"),
            ("POST /a HTTP/1.1\ntransfer-encoding: chunked\n\n7\r\n{\"d\":1}\r\n0\r\n", 1, "still in chunks"),
            ("HTTP/1.1 200 OK\n\n{}", 1, "this is a response, and a request is wanted"),
            ("< HTTP/1.1 200 OK\n<\n{}", 1, "no line is marked with `>`"),
            (":method: POST\n:scheme: https\n\n", 1, "`:path` is missing"),
        ] {
            let told = told(text);
            assert!(told.contains(says) && told.contains(&format!("x.http:{line}\n")), "{text:?}: {told}");
            assert!(told.contains("help: ") && !told.contains("hunter2"), "{text:?}: {told}");
        }
    }

    #[test]
    fn json_alone_is_content() {
        let content = parse("x", b" \n{\"a\":1}\n", Wanted::Either).unwrap();
        assert!(matches!(content, Saved::Content(content) if &content[..] == b"{\"a\":1}"));
    }
}
