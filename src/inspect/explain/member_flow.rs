//! Where each member of a request comes from, and where it goes in the upstream's request or why it does not.

use serde::Serialize;
use serde_json::Value as Json;

use crate::ceremony::SentToUpstream;
use crate::inspect::LostMember;
use crate::model::member::Member;
use crate::model::message::Request;
use crate::model::operation::{Direction, Operation};
use crate::provider::template::placeholder::Need;
use crate::routes::assignment::Given;
use crate::routes::provider_side::ProviderSide;
use crate::routes::route::{Backend, Route};

/// A member of a request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct MemberFlow {
    /// Its name.
    pub member: &'static str,
    /// Its source.
    pub from: String,
    /// Its places in the upstream's request.
    pub to: Vec<String>,
    /// Why the gateway does not forward it.
    #[serde(skip_serializing_if = "Option::is_none", rename = "kept")]
    pub not_forwarded: Option<&'static str>,
    /// Why it is lost.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lost: Option<String>,
}

/// The input of the flows of a request's members.
pub(super) struct FlowTracer<'j> {
    pub(super) route: &'j Route,
    pub(super) backend: &'j Backend,
    pub(super) upstream: ProviderSide<'j>,
    pub(super) request: &'j Request<'j>,
    pub(super) upstream_request: &'j Request<'j>,
    /// The members that the begin of this finish stored.
    pub(super) begun: Option<&'j SentToUpstream>,
    /// The members that the caller's verified token gives.
    pub(super) claims: &'j [Member],
    pub(super) content: Option<Json>,
}

impl FlowTracer<'_> {
    /// The flow of every member in either request.
    pub(super) fn flows(&self) -> Vec<MemberFlow> {
        let (request, upstream_request) = (self.request.record(), self.upstream_request.record());
        let operation = self.request.operation();
        let carried = self.upstream.members_of(operation, Direction::Request, true).unwrap_or_default();
        let rows = request.members().iter().filter_map(|member| {
            let need = carried.iter().find(|(known, _)| known == member).map(|(_, need)| *need);
            let is_sent = upstream_request.has(*member) && need.is_some();
            let is_default = need == Some(Need::Required) && !upstream_request.has(*member);
            if is_sent {
                return Some(row(*member, self.from(*member), self.to(*member)));
            }
            if request.has(*member) {
                let used = self.used_for(*member);
                let not_forwarded = why_not_forwarded(*member).filter(|_| used.is_empty());
                let is_lost = used.is_empty() && not_forwarded.is_none();
                let lost = is_lost.then(|| self.why_lost(operation, *member));
                return Some(MemberFlow { not_forwarded, lost, ..row(*member, self.place(*member), used) });
            }
            let default = is_default && member.meaning_when_absent().is_some();
            default.then(|| row(*member, "WebAuthn default".to_owned(), self.to(*member)))
        });
        rows.collect()
    }

    /// The members of the upstream's response that the dialect does not have.
    pub(super) fn lost_in_response(&self) -> Vec<LostMember> {
        let Some(support) = self.backend.operations.get(&self.request.operation()) else { return Vec::new() };
        let lost = support.losses.iter().filter(|loss| loss.direction == Direction::Response);
        lost.map(|loss| LostMember { member: loss.member.name().to_owned(), reason: loss.reason.clone() }).collect()
    }

    /// Where a member of the upstream's request comes from. `set` wins, as in the pipeline.
    fn from(&self, member: Member) -> String {
        let begun = self.begun.is_some_and(|begun| match member {
            Member::Session => true,
            Member::UserId => begun.subject.id.is_some(),
            Member::UserEmail => begun.subject.email.is_some(),
            Member::Account => begun.account.is_some(),
            Member::Organization => begun.organization.is_some(),
            Member::Connection => begun.connection.is_some(),
            _ => false,
        });
        if begun && !self.is_unchanged(member) {
            return "the begin request".to_owned();
        }
        if member == Member::Challenge && self.begun.is_some() {
            return "client data".to_owned();
        }
        let set = self.backend.set.iter().find(|assignment| assignment.member == member);
        match set.map(|assignment| &assignment.given) {
            Some(Given::Constant(_)) => return "config (set)".to_owned(),
            Some(Given::Reference { member: of, .. }) => return format!("config (set from {})", of.name()),
            None => {}
        }
        if self.claims.contains(&member) {
            return "the caller's token".to_owned();
        }
        match member {
            _ if self.request.record().has(member) => self.place(member),
            Member::ClientUserAgent => "header user-agent".to_owned(),
            Member::ClientAddress => "the connection".to_owned(),
            _ => "the gateway".to_owned(),
        }
    }

    fn is_unchanged(&self, member: Member) -> bool {
        let (value, sent) = (self.request.record().value(member), self.upstream_request.record().value(member));
        value.is_some() && value == sent
    }

    /// Where the caller's message has a member.
    fn place(&self, member: Member) -> String {
        let template = &self.route.dialect.operations[&self.request.operation()].request;
        let forms = template.message.content.iter().chain(&template.message.also);
        let in_content = forms.map(|form| form.pointers(member)).find(|pointers| {
            pointers.iter().any(|pointer| self.content.as_ref().is_some_and(|json| find(json, pointer).is_some()))
        });
        let mut places: Vec<_> = template.places(member).into_iter().filter(|place| !place.starts_with('/')).collect();
        places.extend(in_content.unwrap_or_default());
        places.join(", ")
    }

    fn to(&self, member: Member) -> Vec<String> {
        match self.upstream {
            ProviderSide::Embedded => vec!["the relying party".to_owned()],
            ProviderSide::Provider(provider) => {
                let template = provider.operations.get(&self.request.operation());
                template.map(|template| template.request.places(member)).unwrap_or_default()
            }
        }
    }

    /// The members that `set` derives from this one.
    fn used_for(&self, member: Member) -> Vec<String> {
        let uses = self.backend.set.iter().filter(|assignment| assignment.reference() == Some(member));
        uses.map(|assignment| format!("as {}", assignment.member.name())).collect()
    }

    fn why_lost(&self, operation: Operation, member: Member) -> String {
        let omission = self.upstream.omission(operation, Direction::Request, member);
        omission.unwrap_or("the relying party does not use it").to_owned()
    }
}

fn row(member: Member, from: String, to: Vec<String>) -> MemberFlow {
    MemberFlow { member: member.name(), from, to, not_forwarded: None, lost: None }
}

fn why_not_forwarded(member: Member) -> Option<&'static str> {
    match member {
        _ if member.is_caller_credential() => Some("a credential of the caller"),
        _ if member.is_sign_in_token() => Some("a secret of the service that issued it"),
        Member::Session => Some("the gateway's own ceremony handle"),
        Member::Challenge => Some("identifies the ceremony"),
        _ => None,
    }
}

/// The value at a JSON pointer, which may continue inside a string of JSON.
pub(super) fn find(json: &Json, pointer: &str) -> Option<Json> {
    let mut at = json.clone();
    for name in pointer.split('/').skip(1) {
        if let Json::String(text) = &at {
            at = serde_json::from_str(text).ok()?;
        }
        at = at.get(name.replace("~1", "/").replace("~0", "~"))?.clone();
    }
    Some(at)
}
