//! What each member of a request becomes: where it stood in the caller's message, where it stands in the
//! upstream's, or why it does not get there.

use serde::Serialize;
use serde_json::Value as Json;

use crate::ceremony::SentToUpstream;
use crate::inspect::explain::considered::find;
use crate::model::member::Member;
use crate::model::message::Request;
use crate::model::operation::{Direction, Operation};
use crate::provider::template::hole::Need;
use crate::routes::assignment::Given;
use crate::routes::provider_side::ProviderSide;
use crate::routes::route::{Backend, Route};

/// A member on its way.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Becomes {
    /// Its name.
    pub member: &'static str,
    /// Where it comes from.
    pub from: String,
    /// Where it stands in what the upstream is sent.
    pub to: Vec<String>,
    /// Why it stays at the gateway.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kept: Option<&'static str>,
    /// Why it gets lost.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lost: Option<String>,
}

/// A member of the answer that the caller cannot be told.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct LostBack {
    /// Its name.
    pub member: &'static str,
    /// Why.
    pub reason: String,
}

/// What is known of a request on its way.
pub(super) struct MemberFlow<'j> {
    pub(super) route: &'j Route,
    pub(super) backend: &'j Backend,
    pub(super) upstream: ProviderSide<'j>,
    pub(super) asked: &'j Request<'j>,
    pub(super) told: &'j Request<'j>,
    /// What the begin of a finish left behind.
    pub(super) begun: Option<&'j SentToUpstream>,
    /// The members that the caller's verified token gives.
    pub(super) claims: &'j [Member],
    pub(super) content: Option<Json>,
}

impl MemberFlow<'_> {
    /// Every member that is anywhere on the way.
    pub(super) fn becomes(&self) -> Vec<Becomes> {
        let (asked, told) = (self.asked.record(), self.told.record());
        let operation = self.asked.operation();
        let carried = self.upstream.carried(operation, Direction::Request, true).unwrap_or_default();
        let rows = asked.members().iter().filter_map(|member| {
            let need = carried.iter().find(|(known, _)| known == member).map(|(_, need)| *need);
            let goes = told.has(*member) && need.is_some();
            let is_default = need == Some(Need::Required) && !told.has(*member);
            if goes {
                return Some(row(*member, self.from(*member), self.to(*member)));
            }
            if asked.has(*member) {
                let used = self.used_for(*member);
                let kept = kept(*member).filter(|_| used.is_empty());
                let is_lost = used.is_empty() && kept.is_none();
                let lost = is_lost.then(|| self.why_lost(operation, *member));
                return Some(Becomes { kept, lost, ..row(*member, self.place(*member), used) });
            }
            let default = is_default && member.meaning_when_absent().is_some();
            default.then(|| row(*member, "WebAuthn's default".to_owned(), self.to(*member)))
        });
        rows.collect()
    }

    /// What the upstream says and the caller cannot hear.
    pub(super) fn lost_back(&self) -> Vec<LostBack> {
        let Some(carriage) = self.backend.operations.get(&self.asked.operation()) else { return Vec::new() };
        let back = carriage.losses.iter().filter(|loss| loss.direction == Direction::Response);
        back.map(|loss| LostBack { member: loss.member.name(), reason: loss.reason.clone() }).collect()
    }

    /// Where a member that is told comes from; what is set wins, as `resolve` has it.
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
        if begun && !self.is_as_asked(member) {
            return "the begin".to_owned();
        }
        if member == Member::Challenge && self.begun.is_some() {
            return "the client data".to_owned();
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
            _ if self.asked.record().has(member) => self.place(member),
            Member::ClientUserAgent => "field user-agent".to_owned(),
            Member::ClientAddress => "the connection".to_owned(),
            _ => "the gateway".to_owned(),
        }
    }

    fn is_as_asked(&self, member: Member) -> bool {
        let (asked, told) = (self.asked.record().value(member), self.told.record().value(member));
        asked.is_some() && asked == told
    }

    /// Where the caller's message has a member.
    fn place(&self, member: Member) -> String {
        let template = &self.route.dialect.operations[&self.asked.operation()].request;
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
                let template = provider.operations.get(&self.asked.operation());
                template.map(|template| template.request.places(member)).unwrap_or_default()
            }
        }
    }

    /// What the config makes of a member that does not travel itself.
    fn used_for(&self, member: Member) -> Vec<String> {
        let uses = self.backend.set.iter().filter(|assignment| assignment.reference() == Some(member));
        uses.map(|assignment| format!("as {}", assignment.member.name())).collect()
    }

    fn why_lost(&self, operation: Operation, member: Member) -> String {
        let omission = self.upstream.omission(operation, Direction::Request, member);
        omission.unwrap_or("the relying party does not use it").to_owned()
    }
}

fn row(member: Member, from: String, to: Vec<String>) -> Becomes {
    Becomes { member: member.name(), from, to, kept: None, lost: None }
}

/// Why a member goes no further than the gateway.
fn kept(member: Member) -> Option<&'static str> {
    match member {
        _ if member.is_caller_credential() => Some("it proves who calls"),
        _ if member.is_sign_in_token() => Some("it is a secret of whoever made it"),
        Member::Session => Some("it is the gateway's own handle of the ceremony"),
        Member::Challenge => Some("it ties the finish to its begin"),
        _ => None,
    }
}
