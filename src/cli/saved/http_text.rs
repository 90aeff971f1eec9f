//! HTTP text: as a browser copies it, as an editor saves it, or as `curl -v` prints it.
//!
//! `curl -v` marks sent lines with `>`, received lines with `<` and its own messages with `*`; content has no mark.

use bytes::Bytes;
use http::header::{CONTENT_LENGTH, TRANSFER_ENCODING};
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Response, StatusCode, Uri, Version};

use super::{FORMS, Saved, Wanted, at};
use crate::base::diagnostic::Diagnostic;

/// A line without its line end.
#[derive(Clone, Copy)]
struct Line<'t> {
    /// Counted from 1.
    number: usize,
    bytes: &'t [u8],
}

/// Reads a message.
pub(super) fn parse(name: &str, bytes: &[u8], wanted: Wanted) -> Result<Saved, Diagnostic> {
    let lines = bytes.split(|byte| *byte == b'\n').zip(1..).map(|(bytes, number)| Line { number, bytes });
    let lines: Vec<_> = lines.skip_while(Line::is_blank).collect();
    let is_log = lines.first().is_some_and(Line::is_marked);
    let (head, content) = if is_log { from_curl_log(name, &lines, wanted)? } else { split_at_blank(&lines) };
    let Some((first, fields)) = head.split_first() else {
        return Err(at(name, 1, "there is no message").remedy(FORMS));
    };
    let error = |message: &str| at(name, first.number, message);
    let text = std::str::from_utf8(first.bytes).unwrap_or_default();
    let saved = match text.split_ascii_whitespace().collect::<Vec<_>>()[..] {
        [version, status, ..] if version.starts_with("HTTP/") => {
            let remedy = "write a status line such as `HTTP/1.1 200 OK`";
            let status =
                status.parse::<StatusCode>().map_err(|_| error("the status code is not valid").remedy(remedy))?;
            let mut response = Response::new(content);
            (*response.status_mut(), *response.headers_mut()) = (status, parse_fields(name, fields)?);
            Saved::Response(response)
        }
        [pseudo, ..] if pseudo.starts_with(':') => {
            let (pseudo, fields): (Vec<_>, Vec<_>) = head.iter().partition(|line| line.bytes.starts_with(b":"));
            let (method, target) = parse_pseudo_fields(name, &pseudo)?;
            build_request(error, &method, &target, Version::HTTP_2, parse_fields(name, &fields)?, content)?
        }
        [method, target] => {
            build_request(error, method, target, Version::HTTP_11, parse_fields(name, fields)?, content)?
        }
        [method, target, version] if version.starts_with("HTTP/") => {
            let version = if version.starts_with("HTTP/2") { Version::HTTP_2 } else { Version::HTTP_11 };
            build_request(error, method, target, version, parse_fields(name, fields)?, content)?
        }
        _ => return Err(error("this is neither a request line nor a status line").remedy(FORMS)),
    };
    match &saved {
        Saved::Request(request) => check_content(error, request.headers(), request.body())?,
        Saved::Response(response) => check_content(error, response.headers(), response.body())?,
        Saved::Content(_) => {}
    }
    Ok(saved)
}

fn split_at_blank<'t>(lines: &[Line<'t>]) -> (Vec<Line<'t>>, Bytes) {
    let end = lines.iter().position(Line::is_blank).unwrap_or(lines.len());
    let content = lines.get(end + 1..).unwrap_or_default();
    (lines[..end].iter().map(Line::without_return).collect(), joined(content.iter()))
}

/// Takes one message out of a log of `curl -v`: its head without the marks, and its content.
fn from_curl_log<'t>(name: &str, lines: &[Line<'t>], wanted: Wanted) -> Result<(Vec<Line<'t>>, Bytes), Diagnostic> {
    let (mark, noun) = if wanted == Wanted::Response { (b'<', "response") } else { (b'>', "request") };
    let is_marked = |line: &&Line<'_>| line.bytes.first() == Some(&mark);
    let Some(begin) = lines.iter().position(|line| is_marked(&line)) else {
        let message = format!("no line begins with `{}`, so there is no {noun}", char::from(mark));
        return Err(
            at(name, lines[0].number, message).remedy(format!("save the whole output of `curl -v`, with the {noun}"))
        );
    };
    let marked = lines[begin..].iter().filter(is_marked).map(Line::without_mark);
    let head: Vec<_> = marked.take_while(|line| !line.is_blank()).collect();
    let last = head.last().map_or(begin, |line| line.number - lines[0].number + 1);
    let after = lines.get(last..).unwrap_or_default().iter().skip_while(is_marked);
    let content = after.take_while(|line| !line.bytes.starts_with(b"<") && !is_marked(line));
    Ok((head, joined(content.filter(|line| !line.is_of_curl()))))
}

fn joined<'l>(lines: impl Iterator<Item = &'l Line<'l>>) -> Bytes {
    let lines: Vec<_> = lines.map(|line| line.bytes).collect();
    Bytes::copy_from_slice(lines.join(&b'\n').trim_ascii_end())
}

/// Method and target from the pseudo-header fields that browsers show for HTTP/2 (RFC 9113 section 8.3.1).
fn parse_pseudo_fields(name: &str, lines: &[Line<'_>]) -> Result<(String, String), Diagnostic> {
    let find = |wanted: &str| {
        let mut fields = lines.iter().filter_map(|line| std::str::from_utf8(&line.bytes[1..]).ok()?.split_once(':'));
        fields.find(|(name, _)| *name == wanted).map(|(_, value)| value.trim())
    };
    let path = find("path").ok_or_else(|| {
        let remedy = "copy all header fields, including those that begin with `:`";
        at(name, lines[0].number, "`:path` is missing").remedy(remedy)
    })?;
    let scheme = find("scheme").unwrap_or("https");
    let target = find("authority").map_or_else(|| path.to_owned(), |authority| format!("{scheme}://{authority}{path}"));
    Ok((find("method").unwrap_or("GET").to_owned(), target))
}

fn build_request(
    error: impl Fn(&str) -> Diagnostic,
    method: &str,
    target: &str,
    version: Version,
    fields: HeaderMap,
    content: Bytes,
) -> Result<Saved, Diagnostic> {
    let mut request = Request::new(content);
    *request.method_mut() = method
        .parse::<Method>()
        .map_err(|_| error("the method is not valid").remedy("write it in capitals, such as `POST`"))?;
    let uri = target.parse::<Uri>().ok().filter(|uri| target.starts_with('/') || uri.authority().is_some());
    *request.uri_mut() = uri.ok_or_else(|| {
        error("the request target is not valid").remedy("write a path that begins with `/`, or a full URL")
    })?;
    (*request.version_mut(), *request.headers_mut()) = (version, fields);
    Ok(Saved::Request(request))
}

/// Each line is parsed alone, so that an error names its line.
fn parse_fields(name: &str, lines: &[Line<'_>]) -> Result<HeaderMap, Diagnostic> {
    let mut fields = HeaderMap::new();
    for line in lines {
        let (block, mut slot) = ([line.bytes, b"\r\n\r\n"].concat(), [httparse::EMPTY_HEADER]);
        let is_field = httparse::parse_headers(&block, &mut slot).is_ok_and(|status| status.is_complete());
        let field = (HeaderName::from_bytes(slot[0].name.as_bytes()), HeaderValue::from_bytes(slot[0].value));
        let (true, (Ok(field), Ok(value))) = (is_field, field) else {
            let remedy = "write `name: value` on one line, and a blank line before the content";
            return Err(at(name, line.number, "this line is not a header field").remedy(remedy));
        };
        fields.append(field, value);
    }
    Ok(fields)
}

/// Checks that the content is there, and without its transfer coding.
fn check_content(error: impl Fn(&str) -> Diagnostic, fields: &HeaderMap, content: &[u8]) -> Result<(), Diagnostic> {
    let length = fields.get(CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse::<u64>().ok());
    if let Some(length @ 1..) = length
        && content.is_empty()
    {
        let remedy = "add the content after a blank line; `curl -v` does not print the content it sends";
        return Err(error(&format!("the content of {length} bytes is missing")).remedy(remedy));
    }
    let first = content.split(|byte| *byte == b'\n').next().unwrap_or_default().trim_ascii();
    let is_size = !first.is_empty() && first.iter().all(u8::is_ascii_hexdigit);
    if fields.contains_key(TRANSFER_ENCODING) && is_size {
        return Err(error("the content is still chunked").remedy("remove the lines with the chunk sizes"));
    }
    Ok(())
}

impl Line<'_> {
    fn is_blank(&self) -> bool {
        self.bytes.trim_ascii().is_empty()
    }

    fn is_marked(&self) -> bool {
        [&b"> "[..], b"< ", b"* "].iter().any(|mark| self.bytes.starts_with(mark))
    }

    /// Whether it is a message of curl itself.
    fn is_of_curl(&self) -> bool {
        [&b"* "[..], b"{ [", b"} ["].iter().any(|mark| self.bytes.starts_with(mark))
    }

    fn without_mark(&self) -> Self {
        let bytes = &self.bytes[1..];
        Self { bytes: bytes.strip_prefix(b" ").unwrap_or(bytes), ..*self }.without_return()
    }

    fn without_return(&self) -> Self {
        Self { bytes: self.bytes.strip_suffix(b"\r").unwrap_or(self.bytes), ..*self }
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{assert_refused, request};
    use super::*;

    #[test]
    fn lines_may_end_in_lf_or_crlf() {
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
    fn log_of_curl_holds_both_messages() {
        let log = "\n*   Trying 127.0.0.1:8080...\n* Connected\n> POST /a HTTP/2\n> Host: api.example\n> Content-Length: 7\n>\n\
                   * upload completely sent off: 7 bytes\n{\"d\":1}\n< HTTP/2 200\n< content-type: application/json\n<\n\
                   { [12 bytes data]\n{\"e\":2}\n* Connection left intact\n";
        assert_eq!(request(log), ("POST /a".into(), "host=api.example,content-length=7".into(), "{\"d\":1}".into()));
        let response = parse("x", log.as_bytes(), Wanted::Response).unwrap();
        let Saved::Response(response) = response else { panic!("{response:?}") };
        assert_eq!((response.status().as_u16(), &response.body()[..]), (200, &b"{\"e\":2}"[..]));
    }

    #[test]
    fn pseudo_header_fields_of_http_2_make_the_request_line() {
        let copied = ":authority: api.example\n:method: POST\n:path: /a?b=c\n:scheme: https\naccept: */*\n\n{}";
        assert_eq!(request(copied), ("POST https://api.example/a?b=c".into(), "accept=*/*".into(), "{}".into()));
    }

    #[test]
    fn errors_name_the_line_and_do_not_show_it() {
        assert_refused(&[
            ("", 1, "there is no message"),
            ("\n\nhunter2\n", 3, "this is neither a request line nor a status line"),
            ("POST /a HTTP/1.1\nauthorization hunter2\n", 2, "this line is not a header field"),
            ("POST /a HTTP/1.1\nx: a\n  hunter2\n", 3, "this line is not a header field"),
            ("POST hunter2:// HTTP/1.1\n", 1, "the request target is not valid"),
            ("P@ST /a HTTP/1.1\n", 1, "the method is not valid"),
            ("POST /a HTTP/1.1\ncontent-length: 5\n\n", 1, "the content of 5 bytes is missing"),
            ("POST /a HTTP/1.1\ntransfer-encoding: chunked\n\n7\r\n{\"d\":1}\r\n0\r\n", 1, "still chunked"),
            ("< HTTP/1.1 200 OK\n<\n{}", 1, "no line begins with `>`"),
            (":method: POST\n:scheme: https\n\n", 1, "`:path` is missing"),
        ]);
    }
}
