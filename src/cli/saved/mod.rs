//! Reads a saved HTTP message: HTTP text, a `curl` command, an entry of a HAR file, or JSON content alone.
//!
//! An error names the line and says what to change. It never shows the line itself, which may hold a secret.

mod curl_command;
mod har;
mod http_text;

use std::fs::File;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use bytes::Bytes;
use http::header::HOST;
use http::{HeaderMap, Request, Response};
use url::{Position, Url};

use crate::base::diagnostic::Diagnostic;

/// The largest input, in bytes.
const MAX_INPUT: u64 = 16 << 20;
const FORMS: &str = "save the message as HTTP (a line like `POST /path HTTP/1.1`, a `name: value` line for each header \
                     field, a blank line, the content), as a `curl` command, or as a HAR file";

/// Where a command reads a message from.
#[derive(Debug, clap::Args)]
pub(super) struct Input {
    /// The file with the message, or `-` for standard input.
    ///
    /// It contains a raw HTTP message, as `curl -v` prints it or a browser's developer tools copy it; a `curl`
    /// command, from "Copy as cURL (bash)" in a browser (the Windows form is not supported); or a HAR file.
    #[arg(default_value = "-")]
    file: PathBuf,
    /// Which entry of a HAR file, counted from 1.
    #[arg(long, value_name = "N")]
    entry: Option<usize>,
}

/// A saved message.
#[derive(Debug)]
pub(super) enum Saved {
    Request(Request<Bytes>),
    Response(Response<Bytes>),
    /// JSON without a head.
    Content(Bytes),
}

/// The message to read from an input that may contain both.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wanted {
    Request,
    Response,
    Either,
}

impl Input {
    /// Reads the message. Also returns the name of the input for findings.
    pub(super) fn read(&self, wanted: Wanted) -> Result<(String, Saved), Diagnostic> {
        let is_stdin = self.file == Path::new("-");
        let name = if is_stdin { "standard input".to_owned() } else { self.file.display().to_string() };
        let failed = |problem: String| {
            let message = format!("the message cannot be read: {problem}");
            Diagnostic::error(message).of(&name).remedy("name a readable file, or `-` for standard input")
        };
        let mut bytes = Vec::new();
        let read = match is_stdin {
            true => io::stdin().lock().take(MAX_INPUT + 1).read_to_end(&mut bytes),
            false => File::open(&self.file).and_then(|file| file.take(MAX_INPUT + 1).read_to_end(&mut bytes)),
        };
        read.map_err(|error| failed(error.to_string()))?;
        if bytes.len() as u64 > MAX_INPUT {
            return Err(failed(format!("it is larger than {MAX_INPUT} bytes")));
        }
        let saved = parse(&name, &bytes, wanted, self.entry)?;
        Ok((name, saved))
    }
}

fn parse(name: &str, bytes: &[u8], wanted: Wanted, entry: Option<usize>) -> Result<Saved, Diagnostic> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let trimmed = bytes.trim_ascii();
    let before = &bytes[..bytes.len() - bytes.trim_ascii_start().len()];
    let first_line = 1 + before.iter().filter(|byte| **byte == b'\n').count();
    let is_json = matches!(trimmed.first(), Some(b'{' | b'['));
    let entries = is_json.then(|| har::entries(trimmed)).flatten();
    if entries.is_none() && entry.is_some() {
        let remedy = "remove `--entry`, or give a HAR file";
        return Err(at(name, first_line, "`--entry` selects an entry of a HAR file, and this is none").remedy(remedy));
    }
    let saved = match (trimmed, entries) {
        ([], _) => return Err(at(name, 1, "there is no message").remedy(FORMS)),
        (_, Some(entries)) => har::select(name, &entries, wanted, entry)?,
        (_, None) if is_json => return Ok(Saved::Content(Bytes::copy_from_slice(trimmed))),
        _ if trimmed.starts_with(b"curl") && trimmed.get(4).is_some_and(|byte| b" \t\\".contains(byte)) => {
            curl_command::parse(name, bytes)?
        }
        _ => http_text::parse(name, bytes, wanted)?,
    };
    let (found, other) = match (&saved, wanted) {
        (Saved::Request(_), Wanted::Response) => ("request", "response"),
        (Saved::Response(_), Wanted::Request) => ("response", "request"),
        _ => return Ok(saved),
    };
    let error = at(name, first_line, format!("this is a {found}, and a {other} is needed"));
    Err(error.remedy(format!("save the {other}")))
}

/// An error at a line.
fn at(name: &str, line: usize, message: impl Into<String>) -> Diagnostic {
    Diagnostic::error(message).of(format!("{name}:{line}"))
}

/// The request for a URL, with the target and the `host` field that an HTTP/1.1 client derives from it.
fn request_to(method: &str, url: &str, mut fields: HeaderMap, content: Bytes) -> Result<Request<Bytes>, String> {
    let url = Url::parse(url).ok().filter(|url| matches!(url.scheme(), "http" | "https"));
    let url = url.ok_or("the URL is not an http or https URL")?;
    if !fields.contains_key(HOST) {
        let host = url[Position::BeforeHost..Position::AfterPort].parse().map_err(|_| "the URL's host is not valid")?;
        fields.insert(HOST, host);
    }
    let target = &url[Position::BeforePath..Position::AfterQuery];
    let mut request = Request::builder().method(method).uri(target).body(content).map_err(|error| error.to_string())?;
    *request.headers_mut() = fields;
    Ok(request)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The request line, the fields and the content of a saved request.
    pub(super) fn request(text: &str) -> (String, String, String) {
        match parse("x", text.as_bytes(), Wanted::Request, None).unwrap() {
            Saved::Request(request) => shown(&request),
            other => panic!("{other:?}"),
        }
    }

    pub(super) fn shown(request: &Request<Bytes>) -> (String, String, String) {
        let fields = request.headers().iter().map(|(name, value)| format!("{name}={}", value.to_str().unwrap()));
        let fields = fields.collect::<Vec<_>>().join(",");
        let content = String::from_utf8(request.body().to_vec()).unwrap();
        (format!("{} {}", request.method(), request.uri()), fields, content)
    }

    /// Checks that each text is refused at a line with a message and a remedy, and without its secret.
    pub(super) fn assert_refused(cases: &[(&str, usize, &str)]) {
        for (text, line, message) in cases {
            let error = parse("x", text.as_bytes(), Wanted::Request, None).unwrap_err().to_string();
            assert!(error.contains(message) && error.contains(&format!("x:{line}\n")), "{text:?}: {error}");
            assert!(error.contains("help: ") && !error.contains("hunter2"), "{text:?}: {error}");
        }
    }

    #[test]
    fn json_without_a_head_is_content() {
        let content = parse("x", b" \n{\"a\":1}\n", Wanted::Either, None).unwrap();
        assert!(matches!(content, Saved::Content(content) if &content[..] == b"{\"a\":1}"));
    }

    #[test]
    fn entry_option_is_refused_without_a_har_file() {
        for text in ["{\"a\":1}", "curl http://a/", "GET / HTTP/1.1"] {
            let error = parse("x", text.as_bytes(), Wanted::Request, Some(1)).unwrap_err().to_string();
            assert!(error.contains("`--entry` selects an entry of a HAR file"), "{error}");
        }
    }

    #[test]
    fn response_is_refused_where_a_request_is_needed() {
        assert_refused(&[("\nHTTP/1.1 200 OK\n\n{}", 2, "this is a response, and a request is needed")]);
        let error = parse("x", b"curl http://a/", Wanted::Response, None).unwrap_err().to_string();
        assert!(error.contains("this is a request, and a response is needed"), "{error}");
    }
}
