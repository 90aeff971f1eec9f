//! Reading and writing a provider's whole messages: head and content together.
//!
//! These four, and the fault table, are the only places where a provider's wire form is made or
//! understood.

use std::borrow::Cow;

use http::{HeaderMap, Method, StatusCode, Uri};
use url::form_urlencoded;

use crate::model::fault::{Fault, FaultDetails};
use crate::model::message::{Request, Response};
use crate::model::operation::Operation;
use crate::model::record::Record;
use crate::provider::descriptor::{OperationTemplate, Provider};
use crate::provider::template::content::Object;
use crate::provider::template::decode;
use crate::provider::template::encode::{self, Absent, Writing};
use crate::provider::template::head::{self, DuplicateName};
use crate::provider::template::message::{Message, RequestTemplate};
use crate::provider::template::reader::{DecodeError, Reading};

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
pub struct WrittenRequest<'t> {
    /// The method.
    pub method: Method,
    /// Path and query, below the upstream's base.
    pub target: Cow<'t, str>,
    /// The same as a URI, where it never changes.
    pub uri: Option<&'t Uri>,
    /// The header fields of the template.
    pub fields: Vec<(&'t str, String)>,
    /// The content, where the operation has one.
    pub content: Option<Vec<u8>>,
}

/// A response as it is to be sent.
#[derive(Clone, Debug, PartialEq)]
pub struct WrittenResponse<'t> {
    /// The status.
    pub status: StatusCode,
    /// The header fields of the template and those on every response.
    pub fields: Vec<(&'t str, String)>,
    /// The content, where the operation has one.
    pub content: Option<Vec<u8>>,
}

/// What an upstream's answer is, when it is no success.
#[derive(Clone, Debug, PartialEq)]
pub enum UpstreamError<'a> {
    /// A fault its table knows.
    Fault(Fault, FaultDetails<'a>),
    /// It breaks its contract.
    Broken(DecodeError),
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
    ) -> Result<Request<'a>, DecodeError> {
        first_readable(&self.request.message, |form| {
            let mut request = Request::new(operation);
            let record = request.record_mut();
            let head = head_of_request(&self.request, arrived, reading, record);
            let content = form.map_or(Ok(()), |form| decode::decode(form, arrived.content, reading, record));
            match (head, content) {
                (Ok(()), Ok(())) => Ok(request),
                // The content decides which message it is, whatever its head lacks.
                (_, Err(DecodeError::NotThisMessage)) => Err(DecodeError::NotThisMessage),
                (Err(unread), _) | (Ok(()), Err(unread)) => Err(unread),
            }
        })
    }

    /// Reads a request of which there is the content alone: what its head carries is absent.
    pub fn read_request_content<'a>(
        &self,
        operation: Operation,
        content: &'a [u8],
        reading: Reading<'a>,
    ) -> Result<Request<'a>, DecodeError> {
        first_readable(&self.request.message, |form| {
            let mut request = Request::new(operation);
            let Some(form) = form else { return Err(DecodeError::NotThisMessage) };
            decode::decode(form, content, reading, request.record_mut())?;
            Ok(request)
        })
    }

    /// Writes a request.
    pub fn write_request(&self, record: &dyn Record<'_>, writing: Writing<'_>) -> Result<WrittenRequest<'_>, Absent> {
        let Message { fields, query, content, .. } = &self.request.message;
        let mut target = self.request.path.write(record, writing)?;
        if !query.is_empty() {
            target.to_mut().push_str(&head::query(query, record, writing)?);
        }
        Ok(WrittenRequest {
            method: self.request.method.clone(),
            target,
            uri: self.request.path.uri().filter(|_| query.is_empty()),
            fields: head::fields(fields, record, writing)?,
            content: written(content.as_ref(), record, writing)?,
        })
    }

    /// Writes a response.
    pub fn write_response<'t>(
        &'t self,
        provider: &'t Provider,
        record: &dyn Record<'_>,
        writing: Writing<'_>,
    ) -> Result<WrittenResponse<'t>, Absent> {
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
    ) -> Result<Response<'a>, UpstreamError<'a>> {
        if status.is_success() {
            match self.read_success(operation, fields, content, Reading { lenient: true, ..reading }) {
                Ok(response) => return Ok(response),
                Err(DecodeError::NotThisMessage) => {}
                Err(broken @ DecodeError::Broken(_)) => return Err(UpstreamError::Broken(broken)),
            }
        }
        let field = |name: &str| fields.get(name).and_then(|value| value.to_str().ok());
        let strict = Reading { lenient: false, ..reading };
        match provider.faults.read(operation, status, field, content, strict) {
            Some((fault, details)) => Err(UpstreamError::Fault(fault, details)),
            None => Err(UpstreamError::Unknown(status)),
        }
    }

    fn read_success<'a>(
        &self,
        operation: Operation,
        fields: &'a HeaderMap,
        content: &'a [u8],
        reading: Reading<'a>,
    ) -> Result<Response<'a>, DecodeError> {
        let message = &self.response.message;
        first_readable(message, |form| {
            let mut response = Response::new(operation);
            let record = response.record_mut();
            head::read(&message.fields, "field", |name| field(fields, name), reading, record)?;
            form.map_or(Ok(()), |form| decode::decode(form, content, reading, record))?;
            Ok(response)
        })
    }
}

/// Reads a message in its own form, or else in one of the others that are read too. What is wrong
/// is told of the first form that recognised it.
fn first_readable<T>(
    message: &Message,
    read: impl Fn(Option<&Object>) -> Result<T, DecodeError>,
) -> Result<T, DecodeError> {
    let mut unread = match read(message.content.as_ref()) {
        Ok(done) => return Ok(done),
        Err(unread) => unread,
    };
    for form in &message.also {
        match (read(Some(form)), &unread) {
            (Ok(done), _) => return Ok(done),
            (Err(broken @ DecodeError::Broken(_)), DecodeError::NotThisMessage) => unread = broken,
            (Err(_), _) => {}
        }
    }
    Err(unread)
}

fn head_of_request<'a>(
    request: &RequestTemplate,
    arrived: Arrived<'a>,
    reading: Reading<'a>,
    record: &mut dyn Record<'a>,
) -> Result<(), DecodeError> {
    if !request.path.read(arrived.path, reading, record)? {
        return Err(DecodeError::NotThisMessage);
    }
    head::read(&request.message.fields, "field", |name| field(arrived.fields, name), reading, record)?;
    head::read(&request.message.query, "query parameter", |name| parameter(arrived.query, name), reading, record)
}

/// A field's value; what is no visible ASCII is none.
fn field<'a>(fields: &'a HeaderMap, name: &str) -> Result<Option<Cow<'a, str>>, DuplicateName> {
    let mut values = fields.get_all(name).iter();
    let value = values.next();
    if values.next().is_some() {
        return Err(DuplicateName);
    }
    Ok(value.and_then(|value| value.to_str().ok()).map(Cow::Borrowed))
}

fn parameter<'a>(query: &'a str, name: &str) -> Result<Option<Cow<'a, str>>, DuplicateName> {
    let mut values = form_urlencoded::parse(query.as_bytes()).filter(|(key, _)| key == name);
    let value = values.next();
    if values.next().is_some() {
        return Err(DuplicateName);
    }
    Ok(value.map(|(_, value)| value))
}

fn written(
    template: Option<&Object>,
    record: &dyn Record<'_>,
    writing: Writing<'_>,
) -> Result<Option<Vec<u8>>, Absent> {
    let Some(template) = template else { return Ok(None) };
    let mut out = Vec::with_capacity(512);
    encode::encode(template, record, writing, &mut out)?;
    out.shrink_to_fit(); // in place mostly; room left over would have to be noted beside it
    Ok(Some(out))
}
