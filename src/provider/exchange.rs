//! Reading and writing a provider's whole messages: head and content together.
//!
//! These four, and the fault table, are the only places where a provider's wire form is made or
//! understood.

use std::borrow::Cow;

use http::{HeaderMap, Method, StatusCode};
use url::form_urlencoded;

use crate::canonical::fault::{Fault, FaultDetails};
use crate::canonical::message::{Request, Response};
use crate::canonical::operation::Operation;
use crate::canonical::record::Record;
use crate::provider::descriptor::{OperationTemplate, Provider};
use crate::template::content::Object;
use crate::template::decode;
use crate::template::encode::{self, Absent, Writing};
use crate::template::head;
use crate::template::message::Message;
use crate::template::reader::{Reading, Unread};

/// A request as it arrived, below the route's prefix.
#[derive(Clone, Copy, Debug)]
pub struct Arrived<'a> {
    /// The path.
    pub path: &'a str,
    /// The query, without its `?`.
    pub query: &'a str,
    /// The header fields.
    pub fields: &'a HeaderMap,
    /// The content.
    pub content: &'a [u8],
}

/// A request as it is to be sent.
#[derive(Clone, Debug, PartialEq)]
pub struct WrittenRequest {
    /// The method.
    pub method: Method,
    /// Path and query, below the upstream's base.
    pub target: String,
    /// The header fields of the template.
    pub fields: Vec<(String, String)>,
    /// The content, where the operation has one.
    pub content: Option<Vec<u8>>,
}

/// A response as it is to be sent.
#[derive(Clone, Debug, PartialEq)]
pub struct WrittenResponse {
    /// The status.
    pub status: StatusCode,
    /// The header fields of the template and those on every response.
    pub fields: Vec<(String, String)>,
    /// The content, where the operation has one.
    pub content: Option<Vec<u8>>,
}

/// What an upstream's answer is, when it is no success.
#[derive(Clone, Debug, PartialEq)]
pub enum NoSuccess<'a> {
    /// A fault its table knows.
    Fault(Fault, FaultDetails<'a>),
    /// It breaks its contract.
    Broken(Unread),
    /// A status its table does not know.
    Unknown(StatusCode),
}

impl OperationTemplate {
    /// Reads a request.
    pub fn read_request<'a>(
        &self,
        operation: Operation,
        arrived: Arrived<'a>,
        reading: Reading<'a>,
    ) -> Result<Request<'a>, Unread> {
        let template = &self.request;
        let mut first = None;
        for content in forms(&template.message) {
            let mut request = Request::new(operation);
            let record = request.record_mut();
            let read = head_of_request(self, arrived, reading, record).and_then(|()| {
                content.map_or(Ok(()), |content| decode::decode(content, arrived.content, reading, record))
            });
            match read {
                Ok(()) => return Ok(request),
                Err(unread) => first = first.or(Some(unread)),
            }
        }
        Err(first.expect("a message has at least one form"))
    }

    /// Writes a request.
    pub fn write_request(&self, record: &dyn Record<'_>, writing: Writing<'_>) -> Result<WrittenRequest, Absent> {
        let Message { fields, query, content, .. } = &self.request.message;
        let mut target = self.request.path.write(record, writing)?;
        target.push_str(&head::query(query, record, writing)?);
        Ok(WrittenRequest {
            method: self.request.method.clone(),
            target,
            fields: head::fields(fields, record, writing)?,
            content: written(content.as_ref(), record, writing)?,
        })
    }

    /// Writes a response.
    pub fn write_response(
        &self,
        provider: &Provider,
        record: &dyn Record<'_>,
        writing: Writing<'_>,
    ) -> Result<WrittenResponse, Absent> {
        let Message { fields, content, .. } = &self.response.message;
        let mut written_fields = head::fields(&provider.fields, record, writing)?;
        written_fields.extend(head::fields(fields, record, writing)?);
        Ok(WrittenResponse {
            status: self.response.status,
            fields: written_fields,
            content: written(content.as_ref(), record, writing)?,
        })
    }

    /// Reads a response: a success where status and constants say so, else what the fault table says.
    pub fn read_response<'a>(
        &self,
        provider: &Provider,
        operation: Operation,
        status: StatusCode,
        fields: &'a HeaderMap,
        content: &'a [u8],
        reading: Reading<'a>,
    ) -> Result<Response<'a>, NoSuccess<'a>> {
        let mut broken = None;
        if status.is_success() {
            match self.read_success(operation, fields, content, Reading { lenient: true, ..reading }) {
                Ok(response) => return Ok(response),
                Err(Unread::AnotherMessage) => {}
                Err(defect) => broken = Some(defect),
            }
        }
        if let Some(defect) = broken {
            return Err(NoSuccess::Broken(defect));
        }
        let field = |name: &str| fields.get(name).and_then(|value| value.to_str().ok());
        let strict = Reading { lenient: false, ..reading };
        match provider.faults.read(operation, status, field, content, strict) {
            Some((fault, details)) => Err(NoSuccess::Fault(fault, details)),
            None => Err(NoSuccess::Unknown(status)),
        }
    }

    fn read_success<'a>(
        &self,
        operation: Operation,
        fields: &'a HeaderMap,
        content: &'a [u8],
        reading: Reading<'a>,
    ) -> Result<Response<'a>, Unread> {
        let mut first = None;
        for form in forms(&self.response.message) {
            let mut response = Response::new(operation);
            let record = response.record_mut();
            let read = head::read(&self.response.message.fields, "field", |name| field(fields, name), reading, record)
                .and_then(|()| form.map_or(Ok(()), |form| decode::decode(form, content, reading, record)));
            match read {
                Ok(()) => return Ok(response),
                Err(unread) => first = first.or(Some(unread)),
            }
        }
        Err(first.expect("a message has at least one form"))
    }
}

/// The content's own form, then the others that are read too.
fn forms(message: &Message) -> impl Iterator<Item = Option<&Object>> {
    std::iter::once(message.content.as_ref()).chain(message.also.iter().map(Some))
}

fn head_of_request<'a>(
    template: &OperationTemplate,
    arrived: Arrived<'a>,
    reading: Reading<'a>,
    record: &mut dyn Record<'a>,
) -> Result<(), Unread> {
    let request = &template.request;
    if !request.path.read(arrived.path, reading, record)? {
        return Err(Unread::AnotherMessage);
    }
    head::read(&request.message.fields, "field", |name| field(arrived.fields, name), reading, record)?;
    let parameter = |name: &str| {
        form_urlencoded::parse(arrived.query.as_bytes()).find(|(key, _)| key == name).map(|(_, value)| value)
    };
    head::read(&request.message.query, "query parameter", parameter, reading, record)
}

fn field<'a>(fields: &'a HeaderMap, name: &str) -> Option<Cow<'a, str>> {
    fields.get(name).and_then(|value| value.to_str().ok()).map(Cow::Borrowed)
}

fn written(
    template: Option<&Object>,
    record: &dyn Record<'_>,
    writing: Writing<'_>,
) -> Result<Option<Vec<u8>>, Absent> {
    let Some(template) = template else { return Ok(None) };
    let mut out = Vec::with_capacity(512);
    encode::encode(template, record, writing, &mut out)?;
    Ok(Some(out))
}
