//! Verified claims that become members of the request.
//!
//! A claim must be in the token, and the request must not say otherwise: a user with a token of
//! their own must not act for another one whom the content names.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde::de::IgnoredAny;

use crate::base::diagnostic::{Diagnostic, nearest};
use crate::caller_auth::finding::Findings;
use crate::caller_auth::unauthenticated;
use crate::model::fault::{Fault, Refusal};
use crate::model::member::Member;
use crate::model::operation::{Direction, Operation};
use crate::model::record::Record;
use crate::model::value::{Kind, Value};

const KEY: &str = "callers.user.jwt.claims";

/// A member and the claim it is given.
#[derive(Debug)]
pub(super) struct Mapping {
    member: Member,
    claim: String,
}

/// What a request says already of the mapped members, in the order of the mappings.
pub(super) struct Said(Vec<Option<Value<'static>>>);

/// A claim as far as a member can hold it.
#[derive(Deserialize)]
#[serde(untagged)]
pub(super) enum Claim {
    Text(String),
    /// Some issuers number their users.
    Number(i64),
    Other(IgnoredAny),
}

impl Mapping {
    /// Which member.
    pub(super) fn member(&self) -> Member {
        self.member
    }

    pub(super) fn compile(claims: &BTreeMap<String, String>, findings: &mut Findings) -> Vec<Self> {
        if claims.is_empty() {
            let message = "no claim becomes a member, so nothing would know which user calls";
            let remedy = "write `claims = { \"user.id\" = \"sub\" }`, or whichever claim names the user";
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
                None => "name a member of requests that holds text, such as `user.id`".to_owned(),
            };
            let message = format!("a claim cannot become `{name}`: {}", why_not(name));
            return Err(Diagnostic::error(message).label("this member").remedy(remedy));
        };
        if claim.is_empty() {
            let finding = Diagnostic::error(format!("the claim for `{name}` has no name"));
            return Err(finding.label("this name").remedy("write the claim's name, such as `sub`"));
        }
        Ok(Self { member, claim: claim.to_owned() })
    }
}

impl Said {
    pub(super) fn by(request: &dyn Record<'_>, mappings: &[Mapping]) -> Self {
        Self(mappings.iter().map(|mapping| request.value(mapping.member).map(Value::into_owned)).collect())
    }

    /// The members that the verified claims give.
    pub(super) fn settle(
        self,
        mappings: &[Mapping],
        claims: &BTreeMap<String, Claim>,
    ) -> Result<Vec<(Member, Value<'static>)>, Refusal> {
        let mut settled = Vec::with_capacity(mappings.len());
        for (Mapping { member, claim }, said) in mappings.iter().zip(self.0) {
            let given = match claims.get(claim) {
                Some(Claim::Text(text)) if !text.is_empty() => Value::Text(text.clone().into()),
                Some(Claim::Number(number)) => Value::Text(number.to_string().into()),
                Some(Claim::Text(_) | Claim::Other(_)) | None => {
                    return Err(unauthenticated(format!("the token's claim `{claim}` is absent or no text")));
                }
            };
            if said.is_some_and(|said| said != given) {
                let reason = format!("`{}` of the request is not the token's claim `{claim}`", member.name());
                return Err(Refusal::new(Fault::Forbidden, reason));
            }
            settled.push((*member, given));
        }
        Ok(settled)
    }
}

fn is_asked(member: Member) -> bool {
    Operation::ALL.iter().any(|operation| operation.members(Direction::Request).contains(&member))
}

fn can_be_given(member: Member) -> bool {
    is_asked(member) && member.kind() == Kind::Text && !member.is_caller_credential()
}

fn why_not(name: &str) -> String {
    match Member::named(name) {
        Some(member) if member.is_caller_credential() => "it proves who calls".to_owned(),
        Some(member) if is_asked(member) => format!("it is {}, not text", member.kind().noun()),
        Some(_) | None => "no request has a member of that name".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(member: &str, claim: &str) -> (String, Diagnostic) {
        let mut findings = Findings::default();
        Mapping::compile(&[(member.to_owned(), claim.to_owned())].into(), &mut findings);
        findings.into_vec().remove(0)
    }

    #[test]
    fn a_claim_becomes_a_text_of_requests_and_no_credential() {
        let cases = [
            (
                "usr.id",
                "a claim cannot become `usr.id`: no request has a member of that name",
                "did you mean `user.id`?",
            ),
            ("fault", "a claim cannot become `fault`: no request has a member of that name", ANY),
            ("challenge", "a claim cannot become `challenge`: it is bytes, not text", ANY),
            ("client.id", "a claim cannot become `client.id`: it proves who calls", ANY),
            ("user.token", "a claim cannot become `user.token`: it proves who calls", ANY),
        ];
        for (member, message, remedy) in cases {
            let (key, diagnostic) = found(member, "sub");
            assert_eq!(key, format!("callers.user.jwt.claims.{member}"));
            assert_eq!((&*diagnostic.message, &*diagnostic.remedy), (message, remedy));
        }
    }

    const ANY: &str = "name a member of requests that holds text, such as `user.id`";

    #[test]
    fn a_mapping_without_a_claim_or_without_an_entry_is_an_error() {
        assert_eq!(found("user.id", "").1.message, "the claim for `user.id` has no name");
        let mut findings = Findings::default();
        Mapping::compile(&BTreeMap::new(), &mut findings);
        let (key, diagnostic) = findings.into_vec().remove(0);
        assert_eq!(key, "callers.user.jwt.claims");
        assert_eq!(diagnostic.message, "no claim becomes a member, so nothing would know which user calls");
    }
}
