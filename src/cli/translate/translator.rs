//! Finds out which operation a message belongs to, decodes it and encodes it for the other provider.
//!
//! An error names the input and never a value in it.

use bytes::Bytes;
use http::{HeaderMap, StatusCode};
use jiff::Timestamp;

use crate::base::diagnostic::Diagnostic;
use crate::inspect::LostMember;
use crate::inspect::translate::{NotTranslatable, Target, candidates};
use crate::model::member::Member;
use crate::model::message::Request;
use crate::model::operation::Operation;
use crate::provider::descriptor::Provider;
use crate::provider::template::decode_context::{DecodeContext, DecodeError, Scratch};
use crate::provider::wire_format::{RawRequest, UpstreamError};

/// The deepest nesting of objects and arrays in a message.
const MAX_DEPTH: usize = 32;

/// A translated message.
pub(super) struct Translation {
    pub(super) text: Vec<u8>,
    pub(super) lost: Vec<LostMember>,
    /// The decoded message.
    pub(super) source: String,
}

/// Translates a message of one provider for another.
pub(super) struct Translator<'s> {
    /// The name of the input in errors.
    pub(super) name: &'s str,
    pub(super) from: &'s Provider,
    pub(super) to: &'s Provider,
}

impl Translator<'_> {
    pub(super) fn request(
        &self,
        named: Option<Operation>,
        sent: &http::Request<Bytes>,
    ) -> Result<Translation, Diagnostic> {
        let mut found = candidates(self.from, sent.method(), sent.uri().path());
        found.retain(|(operation, _)| named.is_none_or(|named| named == *operation));
        if found.is_empty() {
            let message = match named {
                Some(named) => format!("method and path are not those of `{}` of {}", named.name(), self.from.id),
                None => format!("method and path match no operation of {}", self.from.id),
            };
            return Err(self.error(message, operations(self.from)));
        }
        let (scratch, now) = (Scratch::default(), Timestamp::now());
        let mut first = None;
        for (operation, path) in found {
            let query = sent.uri().query().unwrap_or_default();
            let arrived = RawRequest { path, query, fields: sent.headers(), content: sent.body() };
            let template = &self.from.operations[&operation];
            match template.read_request(operation, arrived, reading(&scratch, now)) {
                Ok(request) => return self.translate_request(&request, now),
                Err(error) => first = first.or(Some((operation, error))),
            }
        }
        let (operation, error) = first.expect("there was a candidate");
        Err(self.not_decoded(operation, &error))
    }

    fn translate_request(&self, request: &Request<'_>, now: Timestamp) -> Result<Translation, Diagnostic> {
        let operation = request.operation();
        let target = Target { provider: self.to, operation, now };
        let translated = target.request(request).map_err(|error| self.not_translatable(operation, error))?;
        let written = translated.message;
        let mut text = format!("{} {} HTTP/1.1\n", written.method, written.target);
        head(&mut text, &written.fields, written.content.is_some().then_some("application/json"));
        let text = with_content_of(text, written.content);
        Ok(Translation { text, lost: translated.lost, source: format!("{}, request", operation.name()) })
    }

    /// JSON without a head, the content of a request.
    pub(super) fn content(&self, named: Option<Operation>, content: &Bytes) -> Result<Translation, Diagnostic> {
        let (scratch, now) = (Scratch::default(), Timestamp::now());
        let mut readable = Vec::new();
        let mut first = None;
        let with_content =
            self.from.operations.iter().filter(|(_, template)| template.request.message.content.is_some());
        for (&operation, template) in
            with_content.filter(|(operation, _)| named.is_none_or(|named| named == **operation))
        {
            match template.read_request_content(operation, content, reading(&scratch, now)) {
                Ok(request) => readable.push(request),
                Err(error) => first = first.or(Some((operation, error))),
            }
        }
        match (readable.as_slice(), named, first) {
            ([request], ..) => {
                let operation = request.operation();
                let target = Target { provider: self.to, operation, now };
                let translated =
                    target.request_content(request).map_err(|error| self.not_translatable(operation, error))?;
                let text = with_content_of(String::new(), Some(translated.message));
                let source = format!("{}, content of the request", operation.name());
                Ok(Translation { text, lost: translated.lost, source })
            }
            ([], Some(operation), Some((_, error))) => Err(self.not_decoded(operation, &error)),
            ([], Some(operation), None) => {
                let message = format!("the request of `{}` has no content at {}", operation.name(), self.from.id);
                Err(self.error(message, operations(self.from)))
            }
            ([], None, _) => {
                let message = format!("this content does not match any request of {}", self.from.id);
                Err(self.error(message, "give `--operation`, and `--direction response` for a response"))
            }
            (several, ..) => {
                let names: Vec<_> = several.iter().map(|request| request.operation().name()).collect();
                let message = format!("this content matches several requests: {}", names.join(", "));
                Err(self.error(message, "select one with `--operation`"))
            }
        }
    }

    pub(super) fn response(
        &self,
        operation: Option<Operation>,
        head: Option<(StatusCode, &HeaderMap)>,
        content: &Bytes,
    ) -> Result<Translation, Diagnostic> {
        let operation = operation.ok_or_else(|| {
            self.error(
                "a response does not name its operation",
                format!("give `--operation`; {}", operations(self.from)),
            )
        })?;
        let template = self.from.operations.get(&operation).ok_or_else(|| {
            let message = format!("{} has no `{}`", self.from.id, operation.name());
            self.error(message, operations(self.from))
        })?;
        let (scratch, now, no_fields) = (Scratch::default(), Timestamp::now(), HeaderMap::new());
        let target = Target { provider: self.to, operation, now };
        let (status, fields) = head.unwrap_or((template.response.status, &no_fields));
        let decoded = template.read_response(self.from, operation, status, fields, content, reading(&scratch, now));
        let (status, fields, content, lost, source) = match decoded {
            Ok(response) => {
                let translated = target.response(&response).map_err(|error| self.not_translatable(operation, error))?;
                let written = translated.message;
                (written.status, written.fields, written.content, translated.lost, "response".to_owned())
            }
            Err(UpstreamError::Fault(fault, details)) => {
                let written = target
                    .fault(fault, details.retry_after)
                    .map_err(|error| self.not_translatable(operation, error))?;
                let content = (!written.content.is_empty()).then_some(written.content);
                (written.status, written.fields, content, Vec::new(), format!("the fault `{}`", fault.name()))
            }
            Err(UpstreamError::Broken(error)) => return Err(self.not_decoded(operation, &error)),
            Err(UpstreamError::Unknown(status)) => {
                let message =
                    format!("{} does not document the status {status} for `{}`", self.from.id, operation.name());
                return Err(self.error(message, "correct `--operation` or the status line"));
            }
        };
        let mut text = String::new();
        if head.is_some() {
            text = format!("HTTP/1.1 {status}\n");
            let content_type = self.to.content_type.to_str().ok();
            self::head(&mut text, &fields, content_type.filter(|_| content.is_some()));
        }
        let source = format!("{}, {source}", operation.name());
        Ok(Translation { text: with_content_of(text, content), lost, source })
    }

    fn error(&self, message: impl Into<String>, remedy: impl Into<String>) -> Diagnostic {
        Diagnostic::error(message).of(self.name).remedy(remedy)
    }

    fn not_decoded(&self, operation: Operation, error: &DecodeError) -> Diagnostic {
        let (defect, remedy) = match error {
            DecodeError::NotThisMessage => {
                ("a constant of that message is missing".to_owned(), "select another operation with `--operation`")
            }
            DecodeError::Broken(defect) => (defect.to_string(), "correct the message, or select another operation"),
        };
        let message = format!("this is not `{}` as {} documents it: {defect}", operation.name(), self.from.id);
        self.error(message.trim_end_matches('.'), remedy)
    }

    fn not_translatable(&self, operation: Operation, error: NotTranslatable) -> Diagnostic {
        let (id, name) = (&self.to.id, operation.name());
        match error {
            NotTranslatable::NoOperation => self.error(format!("{id} has no `{name}`"), operations(self.to)),
            NotTranslatable::NoContent => {
                let message = format!("the request of `{name}` has no content at {id}");
                self.error(message, "translate the whole HTTP message; the members are in its head")
            }
            NotTranslatable::Missing(members) => {
                let describe = |(member, places): &(Member, Vec<String>)| match places.first() {
                    None => format!("`{}`", member.name()),
                    Some(place) => format!("`{}` ({place})", member.name()),
                };
                let members: Vec<_> = members.iter().map(describe).collect();
                let message = format!("{id} requires members that the message lacks: {}", members.join(", "));
                self.error(message, "on a route, `set` adds members to requests and `fill` to responses")
            }
        }
    }
}

fn operations(provider: &Provider) -> String {
    let names: Vec<_> = provider.operations.keys().map(|operation| operation.name()).collect();
    format!("{} has: {}", provider.display_name, names.join(", "))
}

fn reading(scratch: &Scratch, now: Timestamp) -> DecodeContext<'_> {
    DecodeContext { scratch, now, max_depth: MAX_DEPTH, lenient: false }
}

fn head(text: &mut String, fields: &[(&str, String)], media_type: Option<&str>) {
    for (name, value) in fields {
        text.push_str(&format!("{name}: {value}\n"));
    }
    if let Some(media_type) = media_type {
        text.push_str(&format!("content-type: {media_type}\n"));
    }
    text.push('\n');
}

fn with_content_of(text: String, content: Option<Vec<u8>>) -> Vec<u8> {
    let mut text = text.into_bytes();
    if let Some(content) = content {
        text.extend(content);
        text.push(b'\n');
    }
    text
}
