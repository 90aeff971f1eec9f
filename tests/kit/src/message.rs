//! HTTP messages of the suites: plain text, without types of the gateway.
//!
//! Fixtures are read into them, the caller sends and gets them, the imitated providers record and
//! answer them.

use std::fmt;

use serde_json::{Value, json};

use super::ROOT;
use super::provider::Provider;

/// A request.
#[derive(Clone, Debug, PartialEq)]
pub struct Request {
    pub method: String,
    /// Path and query.
    pub target: String,
    /// Names in lower case.
    pub fields: Vec<(String, String)>,
    pub content: Vec<u8>,
}

/// A response.
#[derive(Clone, PartialEq)]
pub struct Response {
    pub status: u16,
    /// Names in lower case.
    pub fields: Vec<(String, String)>,
    pub content: Vec<u8>,
}

// ===== impl Request =====

impl Request {
    pub fn new(method: &str, target: &str) -> Self {
        Self { method: method.to_owned(), target: target.to_owned(), fields: Vec::new(), content: Vec::new() }
    }

    /// The provider's documented example of an operation's request.
    pub fn fixture(provider: Provider, operation: &str) -> Self {
        let (start, fields, content) = read(provider, &format!("{operation}.request"));
        let mut words = start.split(' ');
        let (method, target) = (words.next().unwrap(), words.next().unwrap());
        Self { method: method.to_owned(), target: target.to_owned(), fields, content }
    }

    pub fn path(&self) -> &str {
        self.target.split('?').next().unwrap()
    }

    pub fn field(&self, name: &str) -> Option<&str> {
        field(&self.fields, name)
    }

    /// The same with this field instead of any of its name.
    pub fn with_field(mut self, name: &str, value: &str) -> Self {
        self.fields.retain(|(known, _)| known != name);
        self.fields.push((name.to_owned(), value.to_owned()));
        self
    }

    pub fn without_field(mut self, name: &str) -> Self {
        self.fields.retain(|(known, _)| known != name);
        self
    }

    pub fn with_content(mut self, content: impl Into<Vec<u8>>) -> Self {
        self.content = content.into();
        self
    }

    pub fn with_json(self, content: &Value) -> Self {
        self.with_content(content.to_string()).with_field("content-type", "application/json")
    }

    pub fn with_prefix(mut self, prefix: &str) -> Self {
        self.target.insert_str(0, prefix);
        self
    }

    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.content).unwrap_or(Value::Null)
    }

    /// Whether the text is in the target, a field or the content.
    pub fn mentions(&self, text: &str) -> bool {
        self.target.contains(text)
            || self.fields.iter().any(|(_, value)| value.contains(text))
            || String::from_utf8_lossy(&self.content).contains(text)
    }

    /// The object a schema describes.
    pub fn as_object(&self) -> Result<Value, serde_json::Error> {
        let mut object = json!({ "method": self.method, "path": self.path(), "fields": fields(&self.fields) });
        if let Some((_, query)) = self.target.split_once('?') {
            object["query"] = url::form_urlencoded::parse(query.as_bytes())
                .map(|(name, value)| (name.into_owned(), Value::String(value.into_owned())))
                .collect::<serde_json::Map<_, _>>()
                .into();
        }
        with_content(object, &self.content)
    }
}

// ===== impl Response =====

impl fmt::Debug for Response {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} {:?} {}", self.status, self.fields, String::from_utf8_lossy(&self.content))
    }
}

impl Response {
    /// The provider's documented example: `login.begin.response`, `401_unauthorized.fault`.
    pub fn fixture(provider: Provider, name: &str) -> Self {
        let (start, fields, content) = read(provider, name);
        Self { status: start.split(' ').nth(1).unwrap().parse().unwrap(), fields, content }
    }

    /// A status and JSON content.
    pub fn json(status: u16, content: &str) -> Self {
        let fields = vec![("content-type".to_owned(), "application/json".to_owned())];
        Self { status, fields, content: content.into() }
    }

    pub fn field(&self, name: &str) -> Option<&str> {
        field(&self.fields, name)
    }

    pub fn with_field(mut self, name: &str, value: &str) -> Self {
        self.fields.retain(|(known, _)| known != name);
        self.fields.push((name.to_owned(), value.to_owned()));
        self
    }

    /// The same with one text of its content replaced, which must be there.
    pub fn replacing(mut self, from: &str, to: &str) -> Self {
        let text = self.text().to_owned();
        assert!(text.contains(from), "{from} is not in {text}");
        self.content = text.replace(from, to).into_bytes();
        self
    }

    pub fn text(&self) -> &str {
        std::str::from_utf8(&self.content).expect("the content is UTF-8")
    }

    pub fn content_json(&self) -> Value {
        serde_json::from_slice(&self.content).unwrap_or_else(|error| panic!("{error} in {self:?}"))
    }

    /// The object a schema describes.
    pub fn as_object(&self) -> Result<Value, serde_json::Error> {
        with_content(json!({ "status": self.status, "fields": fields(&self.fields) }), &self.content)
    }
}

fn with_content(mut object: Value, content: &[u8]) -> Result<Value, serde_json::Error> {
    if !content.is_empty() {
        object["content"] = serde_json::from_slice(content)?;
    }
    Ok(object)
}

fn field<'a>(fields: &'a [(String, String)], name: &str) -> Option<&'a str> {
    fields.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
}

fn fields(fields: &[(String, String)]) -> Value {
    fields.iter().map(|(name, value)| (name.clone(), json!(value))).collect::<serde_json::Map<_, _>>().into()
}

/// Start line, fields and content of a fixture.
fn read(provider: Provider, name: &str) -> (String, Vec<(String, String)>, Vec<u8>) {
    let file = format!("{ROOT}/tests/fixtures/{}/{name}.http", provider.id());
    let text = std::fs::read_to_string(&file).unwrap_or_else(|error| panic!("{file}: {error}"));
    let (head, content) = text.split_once("\n\n").unwrap();
    let mut lines = head.lines();
    let start = lines.next().unwrap().to_owned();
    let fields = lines.map(|line| line.split_once(": ").unwrap()).map(|(name, value)| (name.into(), value.into()));
    (start, fields.collect(), content.into())
}
