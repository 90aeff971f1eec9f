//! The differences between two responses of the model: member paths, never values.
//!
//! A challenge and a session handle always differ and are not compared. The order of a list is ignored; its elements
//! are matched by id.

use crate::model::fault::Fault;
use crate::model::member::Member;
use crate::model::message::Response;
use crate::model::record::Record;
use crate::model::value::{Value, ValueKind};

/// Members that are not compared.
const MASKED: [Member; 3] = [Member::Challenge, Member::Session, Member::UserHandle];

/// One difference.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Difference {
    pub(crate) member: Member,
    /// The member of the list's elements, if it is one of theirs.
    pub(crate) of_element: Option<Member>,
    pub(crate) kind: Variance,
}

/// How a member differs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Variance {
    /// The shadow's response lacks it.
    Missing,
    /// Only the shadow's response has it.
    Added,
    /// Both have it, with different values.
    Differs,
}

// ===== impl Difference =====

impl Difference {
    fn of(member: Member, kind: Variance) -> Self {
        Self { member, of_element: None, kind }
    }

    /// Its path as text.
    pub(crate) fn path(&self) -> String {
        let name = self.member.name();
        match (self.member.kind(), self.of_element) {
            (ValueKind::List, Some(member)) => format!("{name}[].{}", member.name()),
            (ValueKind::List, None) => format!("{name}[]"),
            _ => name.to_owned(),
        }
    }
}

impl Variance {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Missing => "missing",
            Self::Added => "added",
            Self::Differs => "differs",
        }
    }
}

/// Compares the primary's response with the shadow's.
pub(crate) fn compare(answered: &Result<Response<'_>, Fault>, shadow: &Result<Response<'_>, Fault>) -> Vec<Difference> {
    let fault = |kind| vec![Difference::of(Member::Fault, kind)];
    match (answered, shadow) {
        (Ok(answered), Ok(shadow)) => differences(answered.record(), shadow.record()),
        (Err(one), Err(other)) if one == other => Vec::new(),
        (Err(_), Err(_)) => fault(Variance::Differs),
        (Ok(_), Err(_)) => fault(Variance::Added),
        (Err(_), Ok(_)) => fault(Variance::Missing),
    }
}

fn differences(answered: &dyn Record<'_>, shadow: &dyn Record<'_>) -> Vec<Difference> {
    let mut found = Vec::new();
    for member in answered.members().iter().copied().filter(|member| !MASKED.contains(member)) {
        match member.kind() {
            ValueKind::List => lists(member, answered, shadow, &mut found),
            _ => found.extend(variance(member, answered, shadow).map(|kind| Difference::of(member, kind))),
        }
    }
    found.sort_unstable();
    found.dedup();
    found
}

/// How a value differs. An absent member counts as the value that its absence means.
fn variance(member: Member, answered: &dyn Record<'_>, shadow: &dyn Record<'_>) -> Option<Variance> {
    let value =
        |record: &dyn Record<'_>| record.value(member).map(Value::into_owned).or_else(|| member.meaning_when_absent());
    match (value(answered), value(shadow)) {
        (None, None) => None,
        (Some(_), None) => Some(Variance::Missing),
        (None, Some(_)) => Some(Variance::Added),
        (Some(one), Some(other)) => (!is_same(&one, &other)).then_some(Variance::Differs),
    }
}

fn is_same(one: &Value<'_>, other: &Value<'_>) -> bool {
    match (one, other) {
        (Value::Texts(one), Value::Texts(other)) => {
            one.len() == other.len() && one.iter().all(|text| other.contains(text))
        }
        (Value::Json(one), Value::Json(other)) => {
            let read = |text: &str| serde_json::from_str::<serde_json::Value>(text).ok();
            read(one) == read(other)
        }
        (one, other) => one == other,
    }
}

fn lists(list: Member, answered: &dyn Record<'_>, shadow: &dyn Record<'_>, found: &mut Vec<Difference>) {
    let elements = |record: &dyn Record<'_>| -> Vec<usize> { (0..record.count(list)).collect() };
    let mut left = elements(shadow);
    for index in elements(answered) {
        let Some(element) = answered.element(list, index) else { continue };
        let twin = left.iter().position(|other| {
            shadow.element(list, *other).is_some_and(|other| {
                let key = if list == Member::Algorithms { Member::Alg } else { Member::Id };
                variance(key, element, other).is_none()
            })
        });
        let Some(twin) = twin.map(|at| left.swap_remove(at)).and_then(|twin| shadow.element(list, twin)) else {
            found.push(Difference::of(list, Variance::Missing));
            continue;
        };
        for member in element.members() {
            let kind = variance(*member, element, twin);
            found.extend(kind.map(|kind| Difference { of_element: Some(*member), ..Difference::of(list, kind) }));
        }
    }
    if !left.is_empty() {
        found.push(Difference::of(list, Variance::Added));
    }
}

#[cfg(test)]
mod tests {
    use crate::model::assertion::{CredentialAssertion, Descriptor};

    use super::*;

    fn credential(id: &'static [u8], transports: &[&'static str]) -> Descriptor<'static> {
        let transports = transports.iter().map(|text| (*text).into()).collect();
        Descriptor { id: Some(id.into()), transports, ..Default::default() }
    }

    fn answer() -> CredentialAssertion<'static> {
        CredentialAssertion {
            challenge: Some(b"one".as_slice().into()),
            timeout: Some(60_000),
            rp_id: Some("example.com".into()),
            allow_credentials: vec![credential(b"a", &["usb", "nfc"]), credential(b"b", &[])],
            ..Default::default()
        }
    }

    fn paths(shadow: &CredentialAssertion<'_>) -> Vec<String> {
        let found = differences(&answer(), shadow);
        found.iter().map(|one| format!("{} {}", one.path(), one.kind.name())).collect()
    }

    #[test]
    fn challenges_handles_order_and_defaults_do_not_differ() {
        let mut same = answer();
        same.challenge = Some(b"another".as_slice().into());
        same.session = Some("a handle".into());
        same.user_verification = Some("preferred".into());
        same.allow_credentials = vec![credential(b"b", &[]), credential(b"a", &["nfc", "usb"])];
        assert_eq!(paths(&same), [""; 0]);
    }

    #[test]
    fn each_differing_path_is_reported_once() {
        let mut other = answer();
        other.timeout = Some(1);
        other.rp_id = None;
        other.user_verification = Some("required".into());
        other.allow_credentials = vec![credential(b"a", &["usb"]), credential(b"c", &[]), credential(b"d", &[])];
        let mut found = paths(&other);
        found.sort();
        assert_eq!(
            found,
            [
                "allow_credentials[] added",
                "allow_credentials[] missing",
                "allow_credentials[].transports differs",
                "rp_id missing",
                "timeout differs",
                "user_verification differs"
            ]
        );
    }

    #[test]
    fn refusals_with_the_same_fault_do_not_differ() {
        let kinds = |one, other| compare(&one, &other).iter().map(|one| (one.path(), one.kind)).collect::<Vec<_>>();
        let begun = || Ok(Response::LoginBegin(Box::new(answer())));
        let fault = |kind| vec![("fault".to_owned(), kind)];
        assert_eq!(kinds(Err(Fault::UnknownUser), Err(Fault::UnknownUser)), []);
        assert_eq!(kinds(begun(), begun()), []);
        assert_eq!(kinds(Err(Fault::UnknownUser), Err(Fault::UpstreamFailed)), fault(Variance::Differs));
        assert_eq!(kinds(begun(), Err(Fault::UnknownUser)), fault(Variance::Added));
        assert_eq!(kinds(Err(Fault::UnknownUser), begun()), fault(Variance::Missing));
    }
}
