//! From one provider's message to another's: which operation it is, how it reads, how it is told.
//!
//! Every way out that is no message is a diagnostic that names the file and never a value of it.

use bytes::Bytes;
use http::{HeaderMap, StatusCode, request};
use jiff::Timestamp;

use crate::base::diagnostic::Diagnostic;
use crate::inspect::translate::{Lost, NotTranslatable, Target, candidates, status_of, with_content};
use crate::model::member::Member;
use crate::model::message::Request;
use crate::model::operation::{Direction, Operation};
use crate::provider::descriptor::{OperationTemplate, Provider};
use crate::provider::template::reader::{DecodeError, Reading, Scratch};
use crate::provider::wire_format::{Arrived, UpstreamError};

/// Objects and arrays of a message may be nested so deep.
const MAX_DEPTH: usize = 32;

/// A message that was translated: how it looks, and what is to be said of it.
pub(super) struct Done {
    pub(super) text: Vec<u8>,
    pub(super) lost: Vec<Lost>,
    /// What it was read as.
    pub(super) read: String,
}

/// Where a message comes from and where it goes.
pub(super) struct Source<'s> {
    pub(super) name: &'s str,
    pub(super) from: &'s Provider,
    pub(super) to: &'s Provider,
}

impl Source<'_> {
    pub(super) fn request(
        &self,
        named: Option<Operation>,
        head: &request::Parts,
        content: &Bytes,
    ) -> Result<Done, Diagnostic> {
        let path = head.uri.path();
        let mut found = candidates(self.from, &head.method, path);
        found.retain(|(operation, _)| named.is_none_or(|named| named == *operation));
        if found.is_empty() {
            let asked = named.map_or_else(|| "no operation".to_owned(), |named| format!("not `{}`", named.name()));
            let message = format!("{} has {asked} behind this method and path", self.from.id);
            return Err(self.error(message, operations(self.from)));
        }
        let (scratch, now) = (Scratch::default(), Timestamp::now());
        let mut first = None;
        for (operation, path) in found {
            let query = head.uri.query().unwrap_or_default();
            let arrived = Arrived { path, query, fields: &head.headers, content };
            let template = &self.from.operations[&operation];
            match template.read_request(operation, arrived, reading(&scratch, now)) {
                Ok(request) => return self.told_request(&request, now),
                Err(unread) => first = first.or(Some((operation, unread))),
            }
        }
        let (operation, unread) = first.expect("there was a candidate");
        Err(self.unread(operation, &unread))
    }

    fn told_request(&self, request: &Request<'_>, now: Timestamp) -> Result<Done, Diagnostic> {
        let operation = request.operation();
        let target = Target { provider: self.to, operation, now };
        let translated = target.request(request).map_err(|untold| self.untold(operation, untold))?;
        let written = translated.message;
        let mut text = format!("{} {} HTTP/1.1\n", written.method, written.target);
        head(&mut text, &written.fields, written.content.is_some().then_some("application/json"));
        let text = with_content_of(text, written.content);
        Ok(Done { text, lost: translated.lost, read: format!("{}, request", operation.name()) })
    }

    /// JSON without a head: what can it be?
    pub(super) fn content(&self, named: Option<Operation>, content: &Bytes) -> Result<Done, Diagnostic> {
        let (scratch, now) = (Scratch::default(), Timestamp::now());
        let mut readable = Vec::new();
        let mut first = None;
        for operation in with_content(self.from, Direction::Request) {
            if named.is_some_and(|named| named != operation) {
                continue;
            }
            let template = &self.from.operations[&operation];
            match template.read_request_content(operation, content, reading(&scratch, now)) {
                Ok(request) => readable.push(request),
                Err(unread) => first = first.or(Some((operation, unread))),
            }
        }
        match (readable.as_slice(), named, first) {
            ([request], ..) => {
                let operation = request.operation();
                let target = Target { provider: self.to, operation, now };
                let translated = target.request_content(request).map_err(|untold| self.untold(operation, untold))?;
                let text = with_content_of(String::new(), Some(translated.message));
                let read = format!("{}, content of the request", operation.name());
                Ok(Done { text, lost: translated.lost, read })
            }
            ([], Some(operation), Some((_, unread))) => Err(self.unread(operation, &unread)),
            ([], Some(operation), None) => {
                let message = format!("{} has no request of `{}` with content", self.from.id, operation.name());
                Err(self.error(message, operations(self.from)))
            }
            ([], None, _) => {
                let message = format!("it is the content of no request of {}", self.from.id);
                Err(self.error(message, "name what it is: `--operation`, and `--direction response` for an answer"))
            }
            (several, ..) => {
                let names: Vec<_> = several.iter().map(|request| request.operation().name()).collect();
                let message = format!("it may be the content of: {}", names.join(", "));
                Err(self.error(message, "name what it is: `--operation`"))
            }
        }
    }

    pub(super) fn response(
        &self,
        operation: Operation,
        head: Option<(StatusCode, &HeaderMap)>,
        content: &Bytes,
    ) -> Result<Done, Diagnostic> {
        let template: &OperationTemplate = self.from.operations.get(&operation).ok_or_else(|| {
            let message = format!("{} has no `{}`", self.from.id, operation.name());
            self.error(message, operations(self.from))
        })?;
        let (scratch, now, no_fields) = (Scratch::default(), Timestamp::now(), HeaderMap::new());
        let target = Target { provider: self.to, operation, now };
        let (status, fields) = head.unwrap_or((status_of(template), &no_fields));
        let read = template.read_response(self.from, operation, status, fields, content, reading(&scratch, now));
        let (status, fields, content, lost, read) = match read {
            Ok(response) => {
                let translated = target.response(&response).map_err(|untold| self.untold(operation, untold))?;
                let written = translated.message;
                (written.status, written.fields, written.content, translated.lost, "response".to_owned())
            }
            Err(UpstreamError::Fault(fault, details)) => {
                let written =
                    target.fault(fault, details.retry_after).map_err(|untold| self.untold(operation, untold))?;
                let content = (!written.content.is_empty()).then_some(written.content);
                (written.status, written.fields, content, Vec::new(), format!("the fault `{}`", fault.name()))
            }
            Err(UpstreamError::Broken(unread)) => return Err(self.unread(operation, &unread)),
            Err(UpstreamError::Unknown(status)) => {
                let message = format!("{} answers `{}` with no such {status}", self.from.id, operation.name());
                return Err(self.error(message, "check the operation, and that the status line is the answer's"));
            }
        };
        let mut text = String::new();
        if head.is_some() {
            text = format!("HTTP/1.1 {status}\n");
            let content_type = self.to.content_type.to_str().ok();
            self::head(&mut text, &fields, content_type.filter(|_| content.is_some()));
        }
        Ok(Done { text: with_content_of(text, content), lost, read: format!("{}, {read}", operation.name()) })
    }

    fn error(&self, message: impl Into<String>, remedy: impl Into<String>) -> Diagnostic {
        Diagnostic::error(message).of(self.name).remedy(remedy)
    }

    pub(super) fn unnamed(&self, provider: &Provider, direction: Direction) -> Diagnostic {
        let message = format!("nothing in a {} says of which operation it is", direction.name());
        self.error(message, format!("name it: `--operation`; {}", operations(provider)))
    }

    fn unread(&self, operation: Operation, unread: &DecodeError) -> Diagnostic {
        let (id, name) = (&self.from.id, operation.name());
        match unread {
            DecodeError::NotThisMessage => {
                let message =
                    format!("it is not what {id} documents as `{name}`: a constant of that message is missing");
                self.error(message, "name another operation: `--operation`")
            }
            DecodeError::Broken(defect) => {
                let message = format!("it is not what {id} documents as `{name}`: {defect}");
                self.error(message.trim_end_matches('.'), "correct the message, or name another operation")
            }
        }
    }

    fn untold(&self, operation: Operation, untold: NotTranslatable) -> Diagnostic {
        let (id, name) = (&self.to.id, operation.name());
        match untold {
            NotTranslatable::NoOperation => self.error(format!("{id} has no `{name}`"), operations(self.to)),
            NotTranslatable::NoContent => {
                let message = format!("the request of `{name}` has no content at {id}");
                self.error(message, "translate a whole HTTP message: what is to be told stands in its head")
            }
            NotTranslatable::Missing(members) => {
                let of = |(member, places): &(Member, Vec<String>)| match places.as_slice() {
                    [] => format!("`{}`", member.name()),
                    [place, ..] => format!("`{}` ({place})", member.name()),
                };
                let members: Vec<_> = members.iter().map(of).collect();
                let message = format!("{id} requires what the message does not have: {}", members.join(", "));
                self.error(message, "on a route, the config gives it: `set` for requests, `fill` for answers")
            }
        }
    }
}

fn operations(provider: &Provider) -> String {
    let names: Vec<_> = provider.operations.keys().map(|operation| operation.name()).collect();
    format!("{} has: {}", provider.id, names.join(", "))
}

fn reading(scratch: &Scratch, now: Timestamp) -> Reading<'_> {
    Reading { scratch, now, max_depth: MAX_DEPTH, lenient: false }
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
