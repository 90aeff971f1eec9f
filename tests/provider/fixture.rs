//! The HTTP messages that providers document, and the kind of each.

use std::fs;
use std::path::{Path, PathBuf};

use http::{HeaderMap, HeaderName, HeaderValue};
use passbridge::model::operation::{Direction, Operation};
use serde_json::{Map, Value, json};
use url::form_urlencoded;

use crate::expectations::FIXTURES;

/// The content of a fixture.
#[derive(Clone, Debug, Default)]
pub(crate) struct Fixture {
    /// The folder: a provider's id.
    pub(crate) provider: String,
    /// The file's name without `.http`.
    pub(crate) name: String,
    /// Method, path and query of a request.
    pub(crate) request: Option<(String, String, String)>,
    /// Status of a response.
    pub(crate) status: Option<u16>,
    pub(crate) fields: HeaderMap,
    /// Empty where the message has none.
    pub(crate) content: String,
}

/// The kind of message of a fixture.
pub(crate) enum Kind {
    Message(Operation, Direction),
    Fault,
}

/// Every fixture, by provider and name.
pub(crate) fn all() -> Vec<Fixture> {
    let mut fixtures = Vec::new();
    let folders = roots().flat_map(|root| entries(&root));
    for folder in folders.filter(|path| path.is_dir()) {
        fixtures.extend(entries(&folder).iter().map(|file| read(file)));
    }
    assert!(fixtures.len() > 10, "the fixtures are there");
    fixtures
}

/// One fixture.
pub(crate) fn one(provider: &str, name: &str) -> Fixture {
    let folder = roots().map(|root| root.join(provider)).find(|folder| folder.is_dir());
    read(&folder.unwrap().join(format!("{name}.http")))
}

fn roots() -> impl Iterator<Item = PathBuf> {
    FIXTURES.iter().map(|folder| Path::new(env!("CARGO_MANIFEST_DIR")).join(folder))
}

fn entries(folder: &Path) -> Vec<PathBuf> {
    let mut paths: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths
}

fn read(file: &Path) -> Fixture {
    let text = fs::read_to_string(file).unwrap();
    let (head, content) = text.split_once("\n\n").unwrap();
    let mut lines = head.lines();
    let start: Vec<_> = lines.next().unwrap().split(' ').collect();
    let name = |path: &Path| path.file_stem().unwrap().to_str().unwrap().to_owned();
    let mut fixture = Fixture {
        provider: name(file.parent().unwrap()),
        name: name(file),
        content: content.to_owned(),
        ..Fixture::default()
    };
    match start[..] {
        [method, target, "HTTP/1.1"] => {
            let (path, query) = target.split_once('?').unwrap_or((target, ""));
            fixture.request = Some((method.to_owned(), path.to_owned(), query.to_owned()));
        }
        ["HTTP/1.1", status, ..] => fixture.status = Some(status.parse().unwrap()),
        _ => panic!("{}: no start line", file.display()),
    }
    for line in lines {
        let (name, value) = line.split_once(": ").unwrap();
        fixture.fields.append(name.parse::<HeaderName>().unwrap(), HeaderValue::from_str(value).unwrap());
    }
    fixture
}

impl Fixture {
    pub(crate) fn kind(&self) -> Kind {
        if self.name.ends_with(".fault") {
            return Kind::Fault;
        }
        let (operation, direction) = self.name.rsplit_once('.').unwrap();
        let direction = match direction {
            "request" => Direction::Request,
            "response" => Direction::Response,
            _ => panic!("{}: neither request nor response", self.name),
        };
        Kind::Message(Operation::named(operation).unwrap(), direction)
    }

    /// The name of the schema that describes it.
    pub(crate) fn schema(&self) -> &str {
        match self.kind() {
            Kind::Message(..) => &self.name,
            Kind::Fault => "fault",
        }
    }

    /// The object a schema describes.
    pub(crate) fn object(&self) -> Value {
        let mut object = Map::new();
        if let Some((method, path, query)) = &self.request {
            object.insert("method".into(), json!(method));
            object.insert("path".into(), json!(path));
            let query: Map<_, _> = form_urlencoded::parse(query.as_bytes())
                .map(|(name, value)| (name.into_owned(), Value::String(value.into_owned())))
                .collect();
            object.insert("query".into(), Value::Object(query));
        }
        if let Some(status) = self.status {
            object.insert("status".into(), json!(status));
        }
        let fields = self.fields.iter().map(|(name, value)| (name.to_string(), json!(value.to_str().unwrap())));
        object.insert("fields".into(), Value::Object(fields.collect()));
        if !self.content.is_empty() {
            object.insert("content".into(), serde_json::from_str(&self.content).unwrap());
        }
        Value::Object(object)
    }
}
