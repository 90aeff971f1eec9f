//! Decodes and encodes a provider's whole messages: head and content together.
//!
//! Together with the fault table, this is the only place that reads or writes the wire format of a provider.

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
use crate::provider::template::decode_context::{DecodeContext, DecodeError};
use crate::provider::template::encode::{self, EncodeContext, MissingMember};
use crate::provider::template::head::{self, DuplicateName};
use crate::provider::template::message::{Message, RequestTemplate};

/// A request as received, relative to the prefix of its route.
#[derive(Clone, Copy, Debug)]
pub struct RawRequest<'a> {
    /// The path.
    pub path: &'a str,
    /// The query, without its `?`.
    pub query: &'a str,
    /// The header fields.
    pub fields: &'a HeaderMap,
    /// The content.
    pub content: &'a [u8],
}

/// An encoded request.
#[derive(Clone, Debug, PartialEq)]
pub struct EncodedRequest<'t> {
    /// The method.
    pub method: Method,
    /// Path and query, relative to the upstream's base URL.
    pub target: Cow<'t, str>,
    /// The same as a URI, if it is constant.
    pub uri: Option<&'t Uri>,
    /// The header fields.
    pub fields: Vec<(&'t str, String)>,
    /// The content, if the operation has one.
    pub content: Option<Vec<u8>>,
}

/// An encoded response.
#[derive(Clone, Debug, PartialEq)]
pub struct EncodedResponse<'t> {
    /// The status.
    pub status: StatusCode,
    /// The header fields, including those on every response.
    pub fields: Vec<(&'t str, String)>,
    /// The content, if the operation has one.
    pub content: Option<Vec<u8>>,
}

/// Why a response is not a success.
#[derive(Clone, Debug, PartialEq)]
pub enum UpstreamError<'a> {
    /// A fault of the table.
    Fault(Fault, FaultDetails<'a>),
    /// A success that breaks its contract.
    Broken(DecodeError),
    /// A status that the table does not have.
    Unknown(StatusCode),
}

impl OperationTemplate {
    /// Decodes a request.
    pub fn read_request<'a>(
        &self,
        operation: Operation,
        raw: RawRequest<'a>,
        reading: DecodeContext<'a>,
    ) -> Result<Request<'a>, DecodeError> {
        first_decodable(&self.request.message, |form| {
            let mut request = Request::new(operation);
            let record = request.record_mut();
            let head = head_of_request(&self.request, raw, reading, record);
            let content = form.map_or(Ok(()), |form| decode::decode(form, raw.content, reading, record));
            match (head, content) {
                (Ok(()), Ok(())) => Ok(request),
                // The content decides which message it is, even if the head is incomplete.
                (_, Err(DecodeError::NotThisMessage)) => Err(DecodeError::NotThisMessage),
                (Err(error), _) | (Ok(()), Err(error)) => Err(error),
            }
        })
    }

    /// Decodes only the content of a request; members of its head are absent.
    pub fn read_request_content<'a>(
        &self,
        operation: Operation,
        content: &'a [u8],
        reading: DecodeContext<'a>,
    ) -> Result<Request<'a>, DecodeError> {
        first_decodable(&self.request.message, |form| {
            let mut request = Request::new(operation);
            let Some(form) = form else { return Err(DecodeError::NotThisMessage) };
            decode::decode(form, content, reading, request.record_mut())?;
            Ok(request)
        })
    }

    /// Encodes a request.
    pub fn write_request(
        &self,
        record: &dyn Record<'_>,
        writing: EncodeContext<'_>,
    ) -> Result<EncodedRequest<'_>, MissingMember> {
        let Message { fields, query, content, .. } = &self.request.message;
        let mut target = self.request.path.write(record, writing)?;
        if !query.is_empty() {
            target.to_mut().push_str(&head::query(query, record, writing)?);
        }
        Ok(EncodedRequest {
            method: self.request.method.clone(),
            target,
            uri: self.request.path.uri().filter(|_| query.is_empty()),
            fields: head::fields(fields, record, writing)?,
            content: encoded(content.as_ref(), record, writing)?,
        })
    }

    /// Encodes a response.
    pub fn write_response<'t>(
        &'t self,
        provider: &'t Provider,
        record: &dyn Record<'_>,
        writing: EncodeContext<'_>,
    ) -> Result<EncodedResponse<'t>, MissingMember> {
        let Message { fields, content, .. } = &self.response.message;
        let mut written_fields = head::fields(&provider.fields, record, writing)?;
        written_fields.extend(head::fields(fields, record, writing)?);
        Ok(EncodedResponse {
            status: self.response.status,
            fields: written_fields,
            content: encoded(content.as_ref(), record, writing)?,
        })
    }

    /// Decodes a response: a success if status and constants match, otherwise a fault of the table.
    pub fn read_response<'a>(
        &self,
        provider: &Provider,
        operation: Operation,
        status: StatusCode,
        fields: &'a HeaderMap,
        content: &'a [u8],
        reading: DecodeContext<'a>,
    ) -> Result<Response<'a>, UpstreamError<'a>> {
        if status.is_success() {
            match self.read_success(operation, fields, content, DecodeContext { lenient: true, ..reading }) {
                Ok(response) => return Ok(response),
                Err(DecodeError::NotThisMessage) => {}
                Err(broken @ DecodeError::Broken(_)) => return Err(UpstreamError::Broken(broken)),
            }
        }
        let field = |name: &str| fields.get(name).and_then(|value| value.to_str().ok());
        let strict = DecodeContext { lenient: false, ..reading };
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
        reading: DecodeContext<'a>,
    ) -> Result<Response<'a>, DecodeError> {
        let message = &self.response.message;
        first_decodable(message, |form| {
            let mut response = Response::new(operation);
            let record = response.record_mut();
            head::read(&message.fields, "field", |name| field(fields, name), reading, record)?;
            form.map_or(Ok(()), |form| decode::decode(form, content, reading, record))?;
            Ok(response)
        })
    }
}

/// Decodes a message in its primary form, or else in one of the alternative forms. Reports the defect of the first
/// form that recognised the message.
fn first_decodable<T>(
    message: &Message,
    read: impl Fn(Option<&Object>) -> Result<T, DecodeError>,
) -> Result<T, DecodeError> {
    let mut error = match read(message.content.as_ref()) {
        Ok(done) => return Ok(done),
        Err(error) => error,
    };
    for form in &message.also {
        match (read(Some(form)), &error) {
            (Ok(done), _) => return Ok(done),
            (Err(broken @ DecodeError::Broken(_)), DecodeError::NotThisMessage) => error = broken,
            (Err(_), _) => {}
        }
    }
    Err(error)
}

fn head_of_request<'a>(
    request: &RequestTemplate,
    raw: RawRequest<'a>,
    reading: DecodeContext<'a>,
    record: &mut dyn Record<'a>,
) -> Result<(), DecodeError> {
    if !request.path.read(raw.path, reading, record)? {
        return Err(DecodeError::NotThisMessage);
    }
    head::read(&request.message.fields, "field", |name| field(raw.fields, name), reading, record)?;
    head::read(&request.message.query, "query parameter", |name| parameter(raw.query, name), reading, record)
}

/// The value of a header field; `None` if it is not visible ASCII.
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

fn encoded(
    template: Option<&Object>,
    record: &dyn Record<'_>,
    writing: EncodeContext<'_>,
) -> Result<Option<Vec<u8>>, MissingMember> {
    let Some(template) = template else { return Ok(None) };
    let mut out = Vec::with_capacity(512);
    encode::encode(template, record, writing, &mut out)?;
    out.shrink_to_fit(); // mostly in place; spare capacity would make `Bytes` allocate a separate header
    Ok(Some(out))
}
