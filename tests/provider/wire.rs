//! Reading and writing fixtures by the provider files.

use std::sync::LazyLock;

use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use jiff::Timestamp;
use passbridge::model::message::{Request, Response};
use passbridge::model::operation::Operation;
use passbridge::model::record::Record;
use passbridge::provider::descriptor::{OperationTemplate, Provider};
use passbridge::provider::registry::Registry;
use passbridge::provider::template::decode_context::{DecodeContext, DecodeError, Scratch};
use passbridge::provider::template::encode::EncodeContext;
use passbridge::provider::wire_format::{RawRequest, UpstreamError};

use crate::expectations;
use crate::fixture::Fixture;

pub(crate) static REGISTRY: LazyLock<Registry> = LazyLock::new(expectations::registry);

/// The time of every test: 2025-01-01T00:00:00Z.
pub(crate) fn now() -> Timestamp {
    Timestamp::from_second(1_735_689_600).unwrap()
}

pub(crate) fn reading(scratch: &Scratch) -> DecodeContext<'_> {
    DecodeContext { scratch, now: now(), max_depth: 32, lenient: false }
}

pub(crate) fn writing() -> EncodeContext<'static> {
    EncodeContext { now: now(), relaxed: &[] }
}

pub(crate) fn provider(id: &str) -> &'static Provider {
    REGISTRY.provider(id).unwrap()
}

pub(crate) fn template(provider: &Provider, operation: Operation) -> &OperationTemplate {
    let name = operation.name();
    provider.operations.get(&operation).unwrap_or_else(|| panic!("{} has no {name}", provider.id))
}

impl Fixture {
    pub(crate) fn provider(&self) -> &'static Provider {
        provider(&self.provider)
    }

    pub(crate) fn read_request<'a>(
        &'a self,
        operation: Operation,
        scratch: &'a Scratch,
    ) -> Result<Request<'a>, DecodeError> {
        let (_, path, query) = self.request.as_ref().unwrap();
        let arrived = RawRequest { path, query, fields: &self.fields, content: self.content.as_bytes() };
        template(self.provider(), operation).read_request(operation, arrived, reading(scratch))
    }

    pub(crate) fn read_response<'a>(
        &'a self,
        operation: Operation,
        scratch: &'a Scratch,
    ) -> Result<Response<'a>, UpstreamError<'a>> {
        let status = StatusCode::from_u16(self.status.unwrap()).unwrap();
        let provider = self.provider();
        let content = self.content.as_bytes();
        template(provider, operation).read_response(
            provider,
            operation,
            status,
            &self.fields,
            content,
            reading(scratch),
        )
    }
}

/// A record as a request of a provider.
pub(crate) fn request(provider: &Provider, operation: Operation, record: &dyn Record<'_>) -> Fixture {
    let written = template(provider, operation).write_request(record, writing()).unwrap();
    let (path, query) = written.target.split_once('?').unwrap_or((&written.target, ""));
    Fixture {
        request: Some((written.method.to_string(), path.to_owned(), query.to_owned())),
        ..sent(provider, "application/json", &written.fields, written.content)
    }
}

/// A record as a response of a provider.
pub(crate) fn response(provider: &Provider, operation: Operation, record: &dyn Record<'_>) -> Fixture {
    let written = template(provider, operation).write_response(provider, record, writing()).unwrap();
    Fixture {
        status: Some(written.status.as_u16()),
        ..sent(provider, provider.content_type.to_str().unwrap(), &written.fields, written.content)
    }
}

/// Header fields and content as a sender combines them.
pub(crate) fn sent(
    provider: &Provider,
    media_type: &str,
    fields: &[(&str, String)],
    content: Option<Vec<u8>>,
) -> Fixture {
    let mut map = HeaderMap::new();
    if content.is_some() {
        map.insert("content-type", HeaderValue::from_str(media_type).unwrap());
    }
    for (name, value) in fields {
        map.append(name.parse::<HeaderName>().unwrap(), HeaderValue::from_str(value).unwrap());
    }
    Fixture {
        provider: provider.id.clone(),
        fields: map,
        content: String::from_utf8(content.unwrap_or_default()).unwrap(),
        ..Fixture::default()
    }
}
