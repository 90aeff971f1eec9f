//! Translates one message of a provider for another provider, without a config and without a ceremony.
//!
//! Members that the other provider does not support are listed with the reason. If it requires a member that the message
//! lacks, the translation fails; no value is made up.

use std::borrow::Cow;

use jiff::Timestamp;

use crate::gateway::steps::build_upstream_request::{credential_handle, restore_credential_id};
use crate::inspect::LostMember;
use crate::model::fault::{Fault, FaultDetails};
use crate::model::member::Member;
use crate::model::message::{Request, Response};
use crate::model::operation::Operation;
use crate::model::record::{Record, put, put_absent};
use crate::model::value::Value;
use crate::provider::descriptor::{OperationTemplate, Provider};
use crate::provider::faults::EncodedFault;
use crate::provider::template::encode::{self, EncodeContext, MissingMember};
use crate::provider::template::message::Message;
use crate::provider::template::placeholder::Need;
use crate::provider::wire_format::{EncodedRequest, EncodedResponse};

/// The provider to translate a message for, and the message's operation.
#[derive(Clone, Copy, Debug)]
pub struct Target<'p> {
    /// The provider.
    pub provider: &'p Provider,
    /// The operation.
    pub operation: Operation,
    /// The current time, for values that are encoded as an instant.
    pub now: Timestamp,
}

/// A translated message and the members it lost.
#[derive(Clone, Debug, PartialEq)]
pub struct Translated<T> {
    /// The message.
    pub message: T,
    /// The members that the other provider does not support.
    pub lost: Vec<LostMember>,
}

/// Why a message cannot be translated.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NotTranslatable {
    /// The other provider does not have the operation.
    NoOperation,
    /// The operation's request has no content at the other provider.
    NoContent,
    /// The members that the other provider requires and the message lacks, each with its places in the message.
    Missing(Vec<(Member, Vec<String>)>),
}

impl<'p> Target<'p> {
    /// Translates a request.
    pub fn request(&self, request: &Request<'_>) -> Result<Translated<EncodedRequest<'p>>, NotTranslatable> {
        let (template, request) = (self.template()?, with_both_credential_names(request));
        let missing = |member| (member, template.request.places(member));
        let carried = template.request.carried();
        self.check(&carried, request.record(), missing)?;
        let message = template.write_request(request.record(), self.writing());
        let message = message.map_err(|MissingMember(member)| NotTranslatable::Missing(vec![missing(member)]))?;
        Ok(Translated { message, lost: lost(&carried, &template.request.message, request.record()) })
    }

    /// Translates the content of a request without its head.
    pub fn request_content(&self, request: &Request<'_>) -> Result<Translated<Vec<u8>>, NotTranslatable> {
        let (template, request) = (self.template()?, with_both_credential_names(request));
        let Some(content) = &template.request.message.content else { return Err(NotTranslatable::NoContent) };
        let mut carried = Vec::new();
        content.carried(&mut |member, need| carried.push((member, need)));
        let missing = |member| (member, content.pointers(member));
        self.check(&carried, request.record(), missing)?;
        let mut message = Vec::new();
        encode::encode(content, request.record(), self.writing(), &mut message)
            .map_err(|MissingMember(member)| NotTranslatable::Missing(vec![missing(member)]))?;
        let mut lost = lost(&carried, &template.request.message, request.record());
        for one in &mut lost {
            let places = Member::named(&one.member).map(|member| template.request.places(member)).unwrap_or_default();
            if let Some(place) = places.first() {
                one.reason = format!("it is in the head ({place}); translate the whole HTTP message");
            }
        }
        Ok(Translated { message, lost })
    }

    /// Translates a successful response.
    pub fn response(&self, response: &Response<'_>) -> Result<Translated<EncodedResponse<'p>>, NotTranslatable> {
        let template = self.template()?;
        let mut response = response.clone();
        name_credentials(&mut response);
        let message = &template.response.message;
        let missing = |member| (member, message.places(member));
        let carried = message.carried();
        self.check(&carried, response.record(), missing)?;
        let written = template.write_response(self.provider, response.record(), self.writing());
        let written = written.map_err(|MissingMember(member)| NotTranslatable::Missing(vec![missing(member)]))?;
        Ok(Translated { message: written, lost: lost(&carried, message, response.record()) })
    }

    /// Translates a fault.
    pub fn fault(&self, fault: Fault, retry_after: Option<i64>) -> Result<EncodedFault<'p>, NotTranslatable> {
        self.template()?;
        let details = FaultDetails {
            fault: Some(fault.name().into()),
            message: Some(fault.message().into()),
            correlation_id: None,
            retry_after,
        };
        let written = self.provider.faults.write(self.operation, fault, &details, self.writing());
        written.map_err(|MissingMember(member)| NotTranslatable::Missing(vec![(member, Vec::new())]))
    }

    fn template(&self) -> Result<&'p OperationTemplate, NotTranslatable> {
        self.provider.operations.get(&self.operation).ok_or(NotTranslatable::NoOperation)
    }

    fn writing(&self) -> EncodeContext<'static> {
        EncodeContext { now: self.now, relaxed: &[] }
    }

    fn check(
        &self,
        carried: &[(Member, Need)],
        record: &dyn Record<'_>,
        missing: impl Fn(Member) -> (Member, Vec<String>),
    ) -> Result<(), NotTranslatable> {
        let is_missing = |(member, need): &&(Member, Need)| {
            *need == Need::Required && !record.has(*member) && member.meaning_when_absent().is_none()
        };
        let absent: Vec<_> = carried.iter().filter(is_missing).map(|(member, _)| missing(*member)).collect();
        if absent.is_empty() { Ok(()) } else { Err(NotTranslatable::Missing(absent)) }
    }
}

/// Adds the credential's id or its handle if one follows from the other.
fn with_both_credential_names<'a>(request: &Request<'a>) -> Request<'a> {
    let mut request = request.clone();
    if request.operation() == Operation::CredentialsDelete {
        let record = request.record_mut();
        restore_credential_id(record);
        let handle = match record.value(Member::CredentialId) {
            Some(Value::Bytes(id)) => Some(credential_handle(&id)),
            _ => None,
        };
        put_absent(record, Member::CredentialHandle, handle.map(|handle| Value::Text(Cow::Owned(handle))));
    }
    request
}

/// Adds the handle of credentials that have only an id, as the gateway does.
fn name_credentials(response: &mut Response<'_>) {
    if let Response::CredentialsList(list) = response {
        for credential in list.credentials.iter_mut().filter(|credential| credential.handle.is_none()) {
            credential.handle = credential.id.as_deref().map(|id| credential_handle(id).into());
        }
    }
    let record = response.record_mut();
    let handle = match record.value(Member::CredentialId) {
        Some(Value::Bytes(id)) if !record.has(Member::CredentialHandle) => credential_handle(&id),
        _ => return,
    };
    put(record, Member::CredentialHandle, Some(Value::Text(Cow::Owned(handle))));
}

/// The members of a record, and of its lists, that a message does not have.
fn lost(carried: &[(Member, Need)], message: &Message, record: &dyn Record<'_>) -> Vec<LostMember> {
    let reason = |reason: Option<&str>| reason.unwrap_or("not part of this message").to_owned();
    let is_carried = |member| carried.iter().any(|(known, _)| *known == member);
    // A credential's id and its handle identify it equally well.
    let is_replaced = |member| match member {
        Member::CredentialId => is_carried(Member::CredentialHandle),
        Member::CredentialHandle => is_carried(Member::CredentialId),
        _ => false,
    };
    let mut lost = Vec::new();
    for member in record.members().iter().copied().filter(|member| record.has(*member)) {
        if !is_carried(member) {
            if !is_replaced(member) {
                lost.push(LostMember { member: member.name().to_owned(), reason: reason(message.omission(member)) });
            }
            continue;
        }
        let Some(list) = message.list(member) else { continue };
        let mut carried = Vec::new();
        list.item.carried(&mut |member, _| carried.push(member));
        let has = |one: &Member| {
            (0..record.count(member)).filter_map(|index| record.element(member, index)).any(|element| element.has(*one))
        };
        for one in member.element_members().iter().filter(|one| !carried.contains(one) && has(one)) {
            let reason = reason(message.element_omission(member, *one));
            lost.push(LostMember { member: format!("{}.{}", member.name(), one.name()), reason });
        }
    }
    lost
}

/// The operations that match the method and the end of the path of a request, each with that end.
pub fn candidates<'t>(provider: &Provider, method: &http::Method, path: &'t str) -> Vec<(Operation, &'t str)> {
    let mut found = Vec::new();
    let below: Vec<_> = path.match_indices('/').map(|(at, _)| &path[at..]).collect();
    for (operation, template) in provider.operations.iter().filter(|(_, template)| template.request.method == *method) {
        if let Some(path) = below.iter().find(|path| template.request.path.matches(path)) {
            found.push((*operation, *path));
        }
    }
    // The longest match is the most specific one: `/a/x` also ends in `/x`.
    let longest = found.iter().map(|(_, path)| path.len()).max();
    found.retain(|(_, path)| Some(path.len()) == longest);
    found
}
