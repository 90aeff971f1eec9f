//! The head of a saved message: its first line, or the pseudo-fields of HTTP/2, and its header fields.

use http::{
    HeaderMap, HeaderName, HeaderValue, Method, Request, Response, StatusCode, Uri, Version, request, response,
};

use crate::base::diagnostic::Diagnostic;
use crate::cli::saved::lines::{Line, Text};

use super::FORM;

/// A head that was read.
#[derive(Debug)]
pub(super) enum Head {
    Request(Box<request::Parts>),
    Response(Box<response::Parts>),
}

/// Reads the lines of a head.
///
/// # Errors
/// The first line that does not fit.
pub(super) fn read(text: &Text<'_>, lines: &[Line<'_>]) -> Result<Head, Diagnostic> {
    let Some((first, rest)) = lines.split_first() else {
        return Err(text.error(1, "there is no message").remedy(FORM));
    };
    if first.bytes.starts_with(b":") {
        return pseudo(text, lines);
    }
    let line = std::str::from_utf8(first.bytes).unwrap_or_default();
    let mut words = line.split_ascii_whitespace();
    match (words.next(), words.next(), words.next(), words.next()) {
        (Some("curl"), ..) => {
            let remedy =
                "run it with `-v` and save what it prints, or copy the request as HTTP instead of as a command";
            Err(text.error(first.number, "this is a command, and no message").remedy(remedy))
        }
        (Some(version), Some(status), _, _) if version.starts_with("HTTP/") => {
            let status = status.parse::<StatusCode>().map_err(|_| {
                let remedy = "write it as a status line: `HTTP/1.1 200 OK`";
                text.error(first.number, "the status of the response is none").remedy(remedy)
            })?;
            let (mut head, ()) = Response::new(()).into_parts();
            head.status = status;
            head.headers = fields(text, rest)?;
            Ok(Head::Response(Box::new(head)))
        }
        (Some(method), Some(target), version, None) if version.is_none_or(|version| version.starts_with("HTTP/")) => {
            let version = match version {
                Some("HTTP/2" | "HTTP/2.0") => Version::HTTP_2,
                _ => Version::HTTP_11,
            };
            request(text, first.number, method, target, version, fields(text, rest)?)
        }
        _ => Err(text.error(first.number, "it begins with no request line and no status line").remedy(FORM)),
    }
}

fn request(
    text: &Text<'_>,
    line: usize,
    method: &str,
    target: &str,
    version: Version,
    fields: HeaderMap,
) -> Result<Head, Diagnostic> {
    let (mut head, ()) = Request::new(()).into_parts();
    head.method = method.parse::<Method>().map_err(|_| {
        text.error(line, "the method of the request is none").remedy("write it in capitals, such as `POST`")
    })?;
    head.uri =
        target.parse::<Uri>().ok().filter(|uri| target.starts_with('/') || uri.authority().is_some()).ok_or_else(
            || {
                let remedy = "write a path that begins with `/`, or a whole URL";
                text.error(line, "the target of the request is none").remedy(remedy)
            },
        )?;
    head.version = version;
    head.headers = fields;
    Ok(Head::Request(Box::new(head)))
}

/// What a browser shows of HTTP/2 (RFC 9113 section 8.3.1).
fn pseudo(text: &Text<'_>, lines: &[Line<'_>]) -> Result<Head, Diagnostic> {
    let (pseudo, ordinary): (Vec<Line<'_>>, Vec<Line<'_>>) =
        lines.iter().partition(|line| line.bytes.starts_with(b":"));
    let number = pseudo.first().map_or(1, |line| line.number);
    let find = |name: &str| {
        let found = pseudo.iter().filter_map(|line| std::str::from_utf8(&line.bytes[1..]).ok()?.split_once(':'));
        found.filter(|(known, _)| *known == name).map(|(_, value)| value.trim()).next()
    };
    let missing = |name| {
        let remedy = "copy all of the request's header fields, those that begin with `:` too";
        text.error(number, format!("`:{name}` is missing")).remedy(remedy)
    };
    let (method, path) = (find("method").unwrap_or("GET"), find("path").ok_or_else(|| missing("path"))?);
    let target = match find("authority") {
        Some(authority) => format!("{}://{authority}{path}", find("scheme").unwrap_or("https")),
        None => path.to_owned(),
    };
    request(text, number, method, &target, Version::HTTP_2, fields(text, &ordinary)?)
}

fn fields(text: &Text<'_>, lines: &[Line<'_>]) -> Result<HeaderMap, Diagnostic> {
    let mut fields = HeaderMap::new();
    for line in lines {
        let (name, value) = field(line.bytes).ok_or_else(|| {
            let remedy = "write `name: value` in one line, and a blank line before the content";
            text.error(line.number, "this is no header field").remedy(remedy)
        })?;
        fields.append(name, value);
    }
    Ok(fields)
}

fn field(line: &[u8]) -> Option<(HeaderName, HeaderValue)> {
    let colon = line.iter().position(|byte| *byte == b':')?;
    let name = HeaderName::from_bytes(&line[..colon]).ok()?;
    Some((name, HeaderValue::from_bytes(line[colon + 1..].trim_ascii()).ok()?))
}
