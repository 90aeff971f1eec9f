//! An entry of a HAR file, as the network panels of browsers save it.

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Request, Response};
use serde::Deserialize;
use serde_json::Value as Json;

use super::{Saved, Wanted, request_to};
use crate::base::base64;
use crate::base::diagnostic::Diagnostic;

/// The most entries that an error lists.
const MAX_LISTED: usize = 30;

#[derive(Deserialize)]
struct Entry {
    request: EntryRequest,
    response: Option<EntryResponse>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct EntryRequest {
    method: String,
    url: String,
    #[serde(default)]
    headers: Vec<Field>,
    post_data: Option<Content>,
}

#[derive(Deserialize)]
struct EntryResponse {
    status: u16,
    #[serde(default)]
    headers: Vec<Field>,
    #[serde(default)]
    content: Content,
}

#[derive(Deserialize)]
struct Field {
    name: String,
    value: String,
}

#[derive(Default, Deserialize)]
struct Content {
    #[serde(default)]
    text: String,
    encoding: Option<String>,
}

/// The entries of a HAR file. `None` for other JSON.
pub(super) fn entries(json: &[u8]) -> Option<Vec<Json>> {
    let mut json = serde_json::from_slice::<Json>(json).ok()?;
    match json.pointer_mut("/log/entries")?.take() {
        Json::Array(entries) => Some(entries),
        _ => None,
    }
}

/// The message of one entry.
pub(super) fn select(name: &str, entries: &[Json], wanted: Wanted, entry: Option<usize>) -> Result<Saved, Diagnostic> {
    let number = entry.or((entries.len() == 1).then_some(1));
    let selected = number.and_then(|number| Some((number, entries.get(number.checked_sub(1)?)?)));
    let Some((number, entry)) = selected else {
        let message = match number {
            Some(number) => format!("the HAR file has no entry {number}"),
            None => format!("the HAR file has {} entries, and one is needed", entries.len()),
        };
        return Err(Diagnostic::error(message)
            .of(name)
            .remedy(format!("select one with `--entry N`:\n{}", list(entries))));
    };
    let error = |problem: &str| {
        let error = Diagnostic::error(format!("the entry cannot be read: {problem}"));
        error.of(format!("{name}, entry {number}")).remedy("select another entry, or save the message as HTTP text")
    };
    let entry = Entry::deserialize(entry).map_err(|_| error("a request with `method` and `url` is missing"))?;
    let message = match (wanted, entry.response) {
        (Wanted::Request | Wanted::Either, _) => entry.request.message().map(Saved::Request),
        (Wanted::Response, Some(response)) => response.message().map(Saved::Response),
        (Wanted::Response, None) => Err("it has no response".to_owned()),
    };
    message.map_err(|problem| error(&problem))
}

/// Each entry with its number, its method and its URL without the query.
fn list(entries: &[Json]) -> String {
    let lines = entries.iter().zip(1..).take(MAX_LISTED).map(|(entry, number)| {
        let text = |pointer| entry.pointer(pointer).and_then(Json::as_str).unwrap_or("?");
        let url = text("/request/url").split(['?', '#']).next().unwrap_or_default();
        format!("{number:4}  {} {url}", text("/request/method"))
    });
    let more = entries.len().checked_sub(MAX_LISTED + 1).map(|more| format!("      and {} more", more + 1));
    lines.chain(more).collect::<Vec<_>>().join("\n")
}

impl EntryRequest {
    fn message(self) -> Result<Request<Bytes>, String> {
        let content = self.post_data.unwrap_or_default().bytes()?;
        request_to(&self.method, &self.url, fields(&self.headers)?, content)
    }
}

impl EntryResponse {
    fn message(self) -> Result<Response<Bytes>, String> {
        let response = Response::builder().status(self.status).body(self.content.bytes()?);
        let mut response = response.map_err(|error| error.to_string())?;
        *response.headers_mut() = fields(&self.headers)?;
        Ok(response)
    }
}

impl Content {
    fn bytes(self) -> Result<Bytes, String> {
        match self.encoding.as_deref() {
            Some("base64") => {
                base64::read(&self.text).map(Bytes::from).map_err(|_| "its content is not base64".to_owned())
            }
            _ => Ok(self.text.into()),
        }
    }
}

/// The header fields, without the pseudo-header fields of HTTP/2.
fn fields(listed: &[Field]) -> Result<HeaderMap, String> {
    let mut map = HeaderMap::new();
    for Field { name, value } in listed.iter().filter(|field| !field.name.starts_with(':')) {
        let field = (name.parse::<HeaderName>(), value.parse::<HeaderValue>());
        let (Ok(name), Ok(value)) = field else { return Err("a header field is not valid".to_owned()) };
        map.append(name, value);
    }
    Ok(map)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::parse;
    use super::super::tests::shown;
    use super::*;

    fn har(count: usize) -> String {
        let entry = |index| {
            json!({
                "request": {
                    "method": "POST", "url": format!("https://api.example/{index}?key=hunter2"),
                    "headers": [{ "name": ":method", "value": "POST" }, { "name": "X-A", "value": "b" }],
                    "postData": { "mimeType": "application/json", "text": "{\"d\":1}" },
                },
                "response": { "status": 200, "headers": [], "content": { "text": "eyJlIjoyfQ==", "encoding": "base64" } },
            })
        };
        json!({ "log": { "entries": (1..=count).map(entry).collect::<Vec<_>>() } }).to_string()
    }

    #[test]
    fn entry_is_read_as_request_or_response() {
        let text = har(2);
        let Saved::Request(request) = parse("x", text.as_bytes(), Wanted::Request, Some(2)).unwrap() else { panic!() };
        let expected = ("POST /2?key=hunter2".into(), "x-a=b,host=api.example".into(), "{\"d\":1}".into());
        assert_eq!(shown(&request), expected);
        let Saved::Response(response) = parse("x", har(1).as_bytes(), Wanted::Response, None).unwrap() else {
            panic!()
        };
        assert_eq!((response.status().as_u16(), &response.body()[..]), (200, &b"{\"e\":2}"[..]));
    }

    #[test]
    fn several_entries_are_listed_without_their_queries() {
        let error = parse("x.har", har(40).as_bytes(), Wanted::Request, None).unwrap_err().to_string();
        for part in ["has 40 entries, and one is needed", "1  POST https://api.example/1\n", "30  POST", "and 10 more"]
        {
            assert!(error.contains(part), "{part}: {error}");
        }
        assert!(!error.contains("hunter2") && !error.contains("31  POST"), "{error}");
        for number in [0, 3] {
            let error = parse("x.har", har(2).as_bytes(), Wanted::Request, Some(number)).unwrap_err().to_string();
            assert!(error.contains(&format!("has no entry {number}")) && error.contains("--entry N"), "{error}");
        }
    }

    #[test]
    fn broken_entry_is_named_and_not_shown() {
        let with = |entry: Json| json!({ "log": { "entries": [entry] } }).to_string();
        for (entry, problem) in [
            (json!({ "request": { "url": "hunter2" } }), "a request with `method` and `url` is missing"),
            (json!({ "request": { "method": "GET", "url": "hunter2" } }), "the URL is not an http or https URL"),
            (
                json!({ "request": { "method": "GET", "url": "http://a/", "headers": [{ "name": "hun ter2", "value": "" }] } }),
                "a header field is not valid",
            ),
        ] {
            let error = parse("x.har", with(entry).as_bytes(), Wanted::Request, None).unwrap_err().to_string();
            assert!(error.contains(problem) && error.contains("x.har, entry 1"), "{error}");
            assert!(!error.contains("hunter2"), "{error}");
        }
    }
}
