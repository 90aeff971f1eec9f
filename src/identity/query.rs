//! A question with the names of a user in its holes: SQL, or the address of an HTTP service.
//!
//! In SQL a hole is a parameter that is bound, so what a caller sends is never part of the text; a
//! hole within quotes would be text, and is refused. In an address a name is percent-encoded.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use crate::ceremony::Subject;
use crate::identity::names::{NAMES, name};
use crate::model::member::Member;

/// What stands for itself in an address (RFC 3986 section 2.3).
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// The question.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Query(Vec<Part>);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Part {
    Text(String),
    Hole(Member),
}

/// Why a text is no question.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct BadQuery {
    pub(super) message: String,
    pub(super) remedy: String,
}

impl Query {
    /// Reads SQL, whose literals and comments stay as they are.
    ///
    /// # Errors
    /// Where it has no hole, or one that is no name of a user, or one within quotes.
    pub(super) fn sql(text: &str) -> Result<Self, BadQuery> {
        let mut parts = vec![Part::Text(String::new())];
        let mut rest = text;
        while let Some(first) = rest.chars().next() {
            let length = if first == '{' { 0 } else { quoted(rest) };
            let (taken, after) = match length {
                0 => hole(rest, &mut parts)?,
                length => rest.split_at(length),
            };
            if length > 1 && NAMES.iter().any(|member| taken.contains(&format!("{{{}}}", member.name()))) {
                let message = "a hole within quotes would be text, and no parameter".to_owned();
                return Err(BadQuery { message, remedy: "write it without quotes: what it holds is bound".to_owned() });
            }
            if let Some(Part::Text(text)) = parts.last_mut() {
                text.push_str(taken);
            }
            rest = after;
        }
        Self::with_holes(parts)
    }

    /// Reads an address.
    ///
    /// # Errors
    /// Where it has no hole, or one that is no name of a user.
    pub(super) fn address(text: &str) -> Result<Self, BadQuery> {
        let mut parts = vec![Part::Text(String::new())];
        let mut rest = text;
        while let Some(at) = rest.find('{') {
            if let Some(Part::Text(text)) = parts.last_mut() {
                text.push_str(&rest[..at]);
            }
            rest = hole(&rest[at..], &mut parts)?.1;
        }
        if let Some(Part::Text(text)) = parts.last_mut() {
            text.push_str(rest);
        }
        Self::with_holes(parts)
    }

    fn with_holes(parts: Vec<Part>) -> Result<Self, BadQuery> {
        if parts.iter().any(|part| matches!(part, Part::Hole(_))) {
            return Ok(Self(parts));
        }
        let message = "it asks for nobody: no name of the user stands in it".to_owned();
        Err(BadQuery {
            message,
            remedy: "write `{user.id}` or `{user.email}` where the user's name belongs".to_owned(),
        })
    }

    /// The names it holds, each once.
    pub(super) fn members(&self) -> Vec<Member> {
        let holds = |member: &Member| self.0.contains(&Part::Hole(*member));
        NAMES.into_iter().filter(holds).collect()
    }

    /// The SQL, with the n-th of its [`members`](Self::members) as the parameter `mark` and n.
    pub(super) fn numbered(&self, mark: char) -> String {
        let members = self.members();
        let number = |member| members.iter().position(|known| known == member).map_or(0, |index| index + 1);
        let parts = self.0.iter().map(|part| match part {
            Part::Text(text) => text.clone(),
            Part::Hole(member) => format!("{mark}{}", number(member)),
        });
        parts.collect()
    }

    /// The address for a user whose every name in it is known; `None` where one would lead elsewhere.
    pub(super) fn filled(&self, subject: &Subject) -> Option<String> {
        let mut address = String::new();
        for part in &self.0 {
            match part {
                Part::Text(text) => address.push_str(text),
                Part::Hole(member) => {
                    // A segment of dots is a way up.
                    let name = name(subject, *member).filter(|name| name.bytes().any(|byte| byte != b'.'))?;
                    address.extend(utf8_percent_encode(name, ENCODED));
                }
            }
        }
        Some(address)
    }
}

/// Reads the hole that a text begins with; answers nothing, and what stands after it.
fn hole<'t>(text: &'t str, parts: &mut Vec<Part>) -> Result<(&'t str, &'t str), BadQuery> {
    let end = text.find('}').ok_or_else(|| BadQuery {
        message: "a brace is opened and not closed".to_owned(),
        remedy: "write `{user.id}` or `{user.email}`".to_owned(),
    })?;
    let written = text[1..end].trim();
    let Some(member) = NAMES.into_iter().find(|member| member.name() == written) else {
        return Err(BadQuery {
            message: format!("`{{{written}}}` is no name of a user"),
            remedy: "write `{user.id}` or `{user.email}`".to_owned(),
        });
    };
    parts.extend([Part::Hole(member), Part::Text(String::new())]);
    Ok(("", &text[end + 1..]))
}

/// How long the literal, quoted name or comment is that SQL begins with here; one letter where there
/// is none.
fn quoted(text: &str) -> usize {
    let to = |end: &str, from: usize| text[from..].find(end).map_or(text.len(), |at| from + at + end.len());
    match text.as_bytes() {
        [b'\'', ..] => to("'", 1),
        [b'"', ..] => to("\"", 1),
        [b'`', ..] => to("`", 1),
        [b'-', b'-', ..] => to("\n", 2),
        [b'/', b'*', ..] => to("*/", 2),
        [b'$', ..] => match text[1..].find('$') {
            // PostgreSQL's `$tag$...$tag$`.
            Some(at) if text[1..=at].bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_') => {
                to(&text[..at + 2], at + 2)
            }
            _ => 1,
        },
        _ => text.chars().next().map_or(0, char::len_utf8),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn numbered(text: &str) -> Result<String, String> {
        Query::sql(text).map(|query| query.numbered('?')).map_err(|bad| bad.message)
    }

    #[test]
    fn what_stands_in_braces_is_a_parameter() {
        let sql = "SELECT a FROM u WHERE mail = {user.email} OR id = { user.id } OR {user.email} IS NULL";
        assert_eq!(numbered(sql).unwrap(), "SELECT a FROM u WHERE mail = ?2 OR id = ?1 OR ?2 IS NULL");
        assert_eq!(numbered("SELECT {user.email}::text").unwrap(), "SELECT ?1::text");
        let literals = "SELECT '{', \"{x}\", '''{', $t${$t$, $1 -- {\n /* { */ FROM ü WHERE i = {user.id}";
        assert_eq!(numbered(literals).unwrap(), literals.replace("{user.id}", "?1"));
    }

    #[test]
    fn a_hole_that_would_be_text_is_refused() {
        for quoted in ["'{user.id}'", "\"a{user.email}\"", "$${user.id}$$"] {
            let told = numbered(&format!("SELECT {quoted}, {{user.id}}")).unwrap_err();
            assert_eq!(told, "a hole within quotes would be text, and no parameter", "{quoted}");
        }
        assert_eq!(numbered("SELECT {account}").unwrap_err(), "`{account}` is no name of a user");
        assert_eq!(numbered("SELECT {user.id").unwrap_err(), "a brace is opened and not closed");
        assert_eq!(numbered("SELECT 1").unwrap_err(), "it asks for nobody: no name of the user stands in it");
    }

    #[test]
    fn a_name_cannot_leave_its_place_in_an_address() {
        let query = Query::address("https://a.example/users/{user.id}?mail={user.email}").unwrap();
        let filled = |id: &str, email: &str| query.filled(&Subject { id: Some(id.into()), email: Some(email.into()) });
        assert_eq!(
            filled("a/../b?c#d", "ü&x=y").as_deref(),
            Some("https://a.example/users/a%2F..%2Fb%3Fc%23d?mail=%C3%BC%26x%3Dy")
        );
        assert_eq!((filled("..", "a"), filled("", "a"), filled(".", "a")), (None, None, None));
        assert_eq!(query.filled(&Subject { id: Some("a".into()), email: None }), None);
        assert!(Query::address("https://a.example/").is_err());
    }
}
