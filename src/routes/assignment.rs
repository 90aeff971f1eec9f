//! The entries of `set` and `fill`: a member, and its value: a constant, a secret, or another member of the request.
//!
//! A reference to an absent member gives no value; the message decides whether the value is required.

use std::borrow::Cow;
use std::fmt;
use std::path::Path;

use secrecy::ExposeSecret as _;

use crate::base::diagnostic::Diagnostic;
use crate::base::secret::SecretReference;
use crate::base::similar_name::nearest;
use crate::model::member::Member;
use crate::model::operation::{Direction, Operation};
use crate::model::record::Record;
use crate::model::value::{Value, ValueKind};
use crate::provider::template::codec::Codec;
use crate::provider::template::placeholder::Pattern;
use crate::routes::route_settings::Assigned;

/// The remedy for a secret in the config itself.
const USE_REFERENCE: &str = "write `env:NAME` and set that environment variable, or write `file:PATH`";

/// A member and its value.
#[derive(Clone, Debug)]
pub struct Assignment {
    /// The member.
    pub member: Member,
    /// Its value.
    pub given: Given,
    /// Whether the value is a secret reference, `env:NAME` or `file:PATH`.
    pub is_secret: bool,
}

/// The value of an assignment.
#[derive(Clone)]
pub enum Given {
    /// A constant.
    Constant(Value<'static>),
    /// A member of the caller's request, with constant text around it.
    Reference {
        /// The text before it.
        prefix: String,
        /// The member.
        member: Member,
        /// The text after it.
        suffix: String,
    },
}

// Written by hand because a constant may be a secret.
impl fmt::Debug for Given {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Constant(_) => formatter.write_str("Constant(..)"),
            Self::Reference { member, .. } => write!(formatter, "Reference({})", member.name()),
        }
    }
}

impl Assignment {
    /// The member of an entry of a `set` or `fill` table.
    ///
    /// # Errors
    /// If there is no such member. The diagnostic has no location.
    pub fn member(name: &str, direction: Direction) -> Result<Member, Diagnostic> {
        if let Some(member) = Member::named(name).filter(|member| belongs(*member, direction)) {
            return Ok(member);
        }
        let known = Member::ALL.iter().filter(|member| belongs(**member, direction)).map(|member| member.name());
        let remedy = match nearest(name, known) {
            Some(near) => format!("did you mean `{near}`?"),
            None => "`passbridge members` lists the members".to_owned(),
        };
        let message = format!("no {} has the member `{name}`", direction.name());
        Err(Diagnostic::error(message).label("this member").remedy(remedy))
    }

    /// Compiles an entry.
    ///
    /// # Errors
    /// If the value does not fit the member. The diagnostic has no location.
    pub fn compile(member: Member, assigned: &Assigned, direction: Direction, base: &Path) -> Result<Self, Diagnostic> {
        let is_secret = matches!(assigned, Assigned::Text(text) if SecretReference::parse(text).is_some());
        Ok(Self { member, given: given(member, assigned, direction, base)?, is_secret })
    }

    /// The member to which the value refers, if it is a reference.
    pub fn reference(&self) -> Option<Member> {
        match self.given {
            Given::Constant(_) => None,
            Given::Reference { member, .. } => Some(member),
        }
    }

    /// The value for a caller's request; `None` if the member to which it refers is absent.
    pub fn value<'a>(&'a self, caller: &dyn Record<'_>) -> Option<Value<'a>> {
        match &self.given {
            Given::Constant(value) => Some(value.borrowed()),
            Given::Reference { prefix, member, suffix } => match caller.value(*member)? {
                Value::Text(text) => Some(Value::Text(Cow::Owned([prefix, &*text, suffix].concat()))),
                value => Some(value.into_owned()),
            },
        }
    }
}

fn belongs(member: Member, direction: Direction) -> bool {
    Operation::ALL.iter().any(|operation| operation.members(direction).contains(&member))
}

fn given(member: Member, assigned: &Assigned, direction: Direction, base: &Path) -> Result<Given, Diagnostic> {
    let wrong = |noun: &str| {
        Diagnostic::error(format!("`{}` is {}, not {noun}", member.name(), member.kind().noun())).label("this value")
    };
    match (assigned, member.kind()) {
        (Assigned::Text(text), _) => from_text(member, text, direction, base),
        (Assigned::Number(number), ValueKind::Number) => Ok(Given::Constant(Value::Number(*number))),
        (Assigned::Flag(flag), ValueKind::Flag) => Ok(Given::Constant(Value::Flag(*flag))),
        (Assigned::Number(_), _) => Err(wrong("a number").remedy("write it in quotes")),
        (Assigned::Flag(_), _) => Err(wrong("true or false").remedy("write a value of that type")),
        (Assigned::Group(_), _) => Err(wrong("a table").remedy("write a value")),
    }
}

fn from_text(member: Member, text: &str, direction: Direction, base: &Path) -> Result<Given, Diagnostic> {
    if let Some(reference) = SecretReference::parse(text) {
        let secret = reference.resolve(base).map_err(|problem| {
            Diagnostic::error(format!("the secret for `{}` cannot be read: {problem}", member.name()))
                .label("this reference")
                .remedy(reference.remedy())
        })?;
        return Ok(Given::Constant(Value::Text(Cow::Owned(secret.expose_secret().to_owned()))));
    }
    if member.is_secret(direction) {
        let message = format!("`{}` is a secret and must not be written in the config", member.name());
        return Err(Diagnostic::error(message).label("a literal value").remedy(USE_REFERENCE));
    }
    match Pattern::parse(text, Member::ALL, Codec::Base64Url) {
        Err(bad) => Err(Diagnostic::error(bad.message).label("this value").remedy(bad.remedy)),
        Ok(Pattern::Constant(text)) if member.kind() == ValueKind::Text => {
            Ok(Given::Constant(Value::Text(Cow::Owned(text))))
        }
        Ok(Pattern::Constant(_)) => {
            let message = format!("`{}` is {}, not a string", member.name(), member.kind().noun());
            let remedy = match member.kind() {
                ValueKind::Number => "write the number without quotes",
                ValueKind::Flag => "write true or false without quotes",
                ValueKind::Text | ValueKind::Bytes | ValueKind::Texts | ValueKind::Json | ValueKind::List => {
                    "remove it: this member cannot be a constant"
                }
            };
            Err(Diagnostic::error(message).label("this value").remedy(remedy))
        }
        Ok(Pattern::Placeholder { prefix, placeholder, suffix }) => {
            reference(member, placeholder.member, prefix, suffix, direction)
        }
    }
}

fn reference(
    member: Member,
    of: Member,
    prefix: String,
    suffix: String,
    direction: Direction,
) -> Result<Given, Diagnostic> {
    let known = belongs(of, Direction::Request) || (direction == Direction::Response && belongs(of, direction));
    let is_secret = of.is_caller_credential() || (direction == Direction::Request && of.is_sign_in_token());
    if !known || is_secret {
        let message = match is_secret {
            true => format!("`{}` is a credential of the caller and must not be forwarded", of.name()),
            false => format!("no {} has the member `{}`", direction.name(), of.name()),
        };
        let remedy = "refer to another member: `passbridge members` lists them";
        return Err(Diagnostic::error(message).label("this reference").remedy(remedy));
    }
    let bare = prefix.is_empty() && suffix.is_empty();
    if member.kind() != of.kind() || !(bare || of.kind() == ValueKind::Text) {
        let message =
            format!("`{}` is {}, and `{}` is {}", member.name(), member.kind().noun(), of.name(), of.kind().noun());
        return Err(Diagnostic::error(message).label("this reference").remedy("refer to a member of the same type"));
    }
    Ok(Given::Reference { prefix, member: of, suffix })
}

#[cfg(test)]
mod tests {
    use crate::model::assertion::AssertionRequest;

    use super::*;

    fn compiled(name: &str, text: &str) -> Result<Assignment, Diagnostic> {
        let member = Assignment::member(name, Direction::Request)?;
        Assignment::compile(member, &Assigned::Text(text.into()), Direction::Request, Path::new("."))
    }

    #[test]
    fn a_reference_takes_the_callers_value() {
        let assignment = compiled("organization", "org_{account}").unwrap();
        let caller = AssertionRequest { account: Some("acme".into()), ..Default::default() };
        assert_eq!(assignment.value(&caller), Some(Value::Text("org_acme".into())));
        assert_eq!(assignment.value(&AssertionRequest::default()), None);
    }

    #[test]
    fn a_literal_secret_is_refused() {
        let text = compiled("client.secret", "hunter2").unwrap_err().to_string();
        assert!(text.contains("must not be written in the config") && !text.contains("hunter2"), "{text}");
        assert!(compiled("tokens.refresh", "hunter2").is_err());
        let placeholder = Assigned::Text("none".into());
        assert!(Assignment::compile(Member::TokensRefresh, &placeholder, Direction::Response, Path::new(".")).is_ok());
    }

    #[test]
    fn types_and_names_are_checked() {
        assert!(compiled("user.id", "{timeout}").is_err());
        assert!(compiled("usr.id", "x").unwrap_err().to_string().contains("did you mean `user.id`?"));
        for secret in ["{client.key}", "{tokens.refresh}"] {
            assert!(compiled("user.id", secret).unwrap_err().to_string().contains("must not be forwarded"), "{secret}");
        }
    }
}
