//! Verified claims that give members of the request.
//!
//! The claim must be in the token, and a value in the request must be equal to it: a user must not act for another
//! user named in the request.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde::de::IgnoredAny;

use crate::base::diagnostic::Diagnostic;
use crate::base::similar_name::nearest;
use crate::caller_auth::finding::Findings;
use crate::model::fault::{Fault, Refusal};
use crate::model::member::Member;
use crate::model::operation::{Direction, Operation};
use crate::model::record::Record;
use crate::model::value::{Value, ValueKind};

const KEY: &str = "callers.user.jwt.claims";

/// A member and the claim that gives its value.
#[derive(Debug)]
pub(super) struct ClaimMapping {
    member: Member,
    claim: String,
}

/// The values that a request has for the mapped members, in the order of the mappings.
pub(super) struct RequestValues(Vec<Option<Value<'static>>>);

/// The value of a claim.
#[derive(Deserialize)]
#[serde(untagged)]
pub(super) enum Claim {
    Text(String),
    /// Some issuers use numbers as user ids.
    Number(i64),
    Other(IgnoredAny),
}

impl ClaimMapping {
    /// The member.
    pub(super) fn member(&self) -> Member {
        self.member
    }

    pub(super) fn compile(claims: &BTreeMap<String, String>, findings: &mut Findings) -> Vec<Self> {
        if claims.is_empty() {
            let message = "no claim is mapped, so the user would be unknown";
            let remedy = "write `claims = { \"user.id\" = \"sub\" }`, or another claim that identifies the user";
            findings.push(KEY, Diagnostic::error(message).label("this table").remedy(remedy));
        }
        let mut mappings = Vec::new();
        for (name, claim) in claims {
            match Self::checked(name, claim) {
                Ok(mapping) => mappings.push(mapping),
                Err(finding) => findings.push(format!("{KEY}.{name}"), finding),
            }
        }
        mappings
    }

    fn checked(name: &str, claim: &str) -> Result<Self, Diagnostic> {
        let Some(member) = Member::named(name).filter(|member| can_be_given(*member)) else {
            let known = Member::ALL.iter().filter(|member| can_be_given(**member)).map(|member| member.name());
            let remedy = match nearest(name, known) {
                Some(near) => format!("did you mean `{near}`?"),
                None => "use a text member of requests, such as `user.id`".to_owned(),
            };
            let message = format!("a claim cannot set `{name}`: {}", why_not(name));
            return Err(Diagnostic::error(message).label("this member").remedy(remedy));
        };
        if claim.is_empty() {
            let finding = Diagnostic::error(format!("the name of the claim for `{name}` is empty"));
            return Err(finding.label("this name").remedy("write the name of the claim, such as `sub`"));
        }
        Ok(Self { member, claim: claim.to_owned() })
    }
}

impl RequestValues {
    pub(super) fn of(request: &dyn Record<'_>, mappings: &[ClaimMapping]) -> Self {
        Self(mappings.iter().map(|mapping| request.value(mapping.member).map(Value::into_owned)).collect())
    }

    /// The members that the verified claims give, if the request does not contradict them.
    pub(super) fn check(
        self,
        mappings: &[ClaimMapping],
        claims: &BTreeMap<String, Claim>,
    ) -> Result<Vec<(Member, Value<'static>)>, Refusal> {
        let mut members = Vec::with_capacity(mappings.len());
        for (ClaimMapping { member, claim }, requested) in mappings.iter().zip(self.0) {
            let given = match claims.get(claim) {
                Some(Claim::Text(text)) if !text.is_empty() => Value::Text(text.clone().into()),
                Some(Claim::Number(number)) => Value::Text(number.to_string().into()),
                Some(Claim::Text(_) | Claim::Other(_)) | None => {
                    return Err(Refusal::unauthenticated(format!("the claim `{claim}` is missing or not text")));
                }
            };
            if requested.is_some_and(|requested| requested != given) {
                let reason = format!("`{}` of the request differs from the claim `{claim}`", member.name());
                return Err(Refusal::new(Fault::Forbidden, reason));
            }
            members.push((*member, given));
        }
        Ok(members)
    }
}

fn is_in_requests(member: Member) -> bool {
    Operation::ALL.iter().any(|operation| operation.members(Direction::Request).contains(&member))
}

fn can_be_given(member: Member) -> bool {
    is_in_requests(member) && member.kind() == ValueKind::Text && !member.is_caller_credential()
}

fn why_not(name: &str) -> String {
    match Member::named(name) {
        Some(member) if member.is_caller_credential() => "it is a credential of the caller".to_owned(),
        Some(member) if is_in_requests(member) => format!("it is {}, not a string", member.kind().noun()),
        Some(_) | None => "no request has this member".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(member: &str, claim: &str) -> (String, Diagnostic) {
        let mut findings = Findings::default();
        ClaimMapping::compile(&[(member.to_owned(), claim.to_owned())].into(), &mut findings);
        findings.into_vec().remove(0)
    }

    #[test]
    fn claim_gives_only_texts_that_are_not_credentials() {
        let cases = [
            ("usr.id", "a claim cannot set `usr.id`: no request has this member", "did you mean `user.id`?"),
            ("fault", "a claim cannot set `fault`: no request has this member", ANY),
            ("challenge", "a claim cannot set `challenge`: it is bytes, not a string", ANY),
            ("client.id", "a claim cannot set `client.id`: it is a credential of the caller", ANY),
            ("user.token", "a claim cannot set `user.token`: it is a credential of the caller", ANY),
        ];
        for (member, message, remedy) in cases {
            let (key, diagnostic) = found(member, "sub");
            assert_eq!(key, format!("callers.user.jwt.claims.{member}"));
            assert_eq!((&*diagnostic.message, &*diagnostic.remedy), (message, remedy));
        }
    }

    const ANY: &str = "use a text member of requests, such as `user.id`";

    #[test]
    fn empty_mapping_and_empty_claim_name_are_errors() {
        assert_eq!(found("user.id", "").1.message, "the name of the claim for `user.id` is empty");
        let mut findings = Findings::default();
        ClaimMapping::compile(&BTreeMap::new(), &mut findings);
        let (key, diagnostic) = findings.into_vec().remove(0);
        assert_eq!(key, "callers.user.jwt.claims");
        assert_eq!(diagnostic.message, "no claim is mapped, so the user would be unknown");
    }
}
