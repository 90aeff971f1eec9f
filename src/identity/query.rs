//! A query with placeholders for the names of a user: SQL, or the URL of an HTTP service.
//!
//! In SQL a placeholder is a bound parameter, so values of callers are never part of the text; a placeholder in quotes
//! is rejected. In a URL a name is percent-encoded.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use crate::ceremony::Subject;
use crate::identity::names::{NAMES, name};
use crate::model::member::Member;

/// Every character except the unreserved ones (RFC 3986 section 2.3).
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// A query.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Query(Vec<Part>);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Part {
    Text(String),
    Placeholder(Member),
}

/// Why a query is not valid.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct InvalidTemplate {
    pub(super) message: String,
    pub(super) remedy: String,
}

impl Query {
    /// Parses SQL. Literals and comments are kept as they are.
    ///
    /// # Errors
    /// If it has no placeholder, one that does not identify a user, or one in quotes.
    pub(super) fn sql(text: &str) -> Result<Self, InvalidTemplate> {
        let mut parts = vec![Part::Text(String::new())];
        let mut rest = text;
        while let Some(first) = rest.chars().next() {
            let length = if first == '{' { 0 } else { quoted(rest) };
            let (text, after) = match length {
                0 => placeholder(rest, &mut parts)?,
                length => rest.split_at(length),
            };
            if length > 1 && NAMES.iter().any(|member| text.contains(&format!("{{{}}}", member.name()))) {
                let message = "a placeholder in quotes is a string literal, not a parameter".to_owned();
                return Err(InvalidTemplate { message, remedy: "remove the quotes".to_owned() });
            }
            if let Some(Part::Text(last)) = parts.last_mut() {
                last.push_str(text);
            }
            rest = after;
        }
        Self::with_placeholders(parts)
    }

    /// Parses a URL.
    ///
    /// # Errors
    /// If it has no placeholder, or one that does not identify a user.
    pub(super) fn address(text: &str) -> Result<Self, InvalidTemplate> {
        let mut parts = vec![Part::Text(String::new())];
        let mut rest = text;
        while let Some(at) = rest.find('{') {
            if let Some(Part::Text(text)) = parts.last_mut() {
                text.push_str(&rest[..at]);
            }
            rest = placeholder(&rest[at..], &mut parts)?.1;
        }
        if let Some(Part::Text(text)) = parts.last_mut() {
            text.push_str(rest);
        }
        Self::with_placeholders(parts)
    }

    fn with_placeholders(parts: Vec<Part>) -> Result<Self, InvalidTemplate> {
        if parts.iter().any(|part| matches!(part, Part::Placeholder(_))) {
            return Ok(Self(parts));
        }
        let message = "it has no placeholder for the user".to_owned();
        Err(InvalidTemplate { message, remedy: "include `{user.id}` or `{user.email}`".to_owned() })
    }

    /// The names in it, each once.
    pub(super) fn members(&self) -> Vec<Member> {
        let holds = |member: &Member| self.0.contains(&Part::Placeholder(*member));
        NAMES.into_iter().filter(holds).collect()
    }

    /// The SQL, with the n-th of its [`members`](Self::members) as the parameter `mark` and n.
    pub(super) fn numbered(&self, mark: char) -> String {
        let members = self.members();
        let number = |member| members.iter().position(|known| known == member).map_or(0, |index| index + 1);
        let parts = self.0.iter().map(|part| match part {
            Part::Text(text) => text.clone(),
            Part::Placeholder(member) => format!("{mark}{}", number(member)),
        });
        parts.collect()
    }

    /// The URL for a user; `None` if a name is missing or would change the path.
    pub(super) fn filled(&self, subject: &Subject) -> Option<String> {
        let mut address = String::new();
        for part in &self.0 {
            match part {
                Part::Text(text) => address.push_str(text),
                Part::Placeholder(member) => {
                    // A segment of dots refers to a parent folder.
                    let name = name(subject, *member).filter(|name| name.bytes().any(|byte| byte != b'.'))?;
                    address.extend(utf8_percent_encode(name, ENCODED));
                }
            }
        }
        Some(address)
    }
}

/// Parses the placeholder at the start of a text; returns an empty text and the rest.
fn placeholder<'t>(text: &'t str, parts: &mut Vec<Part>) -> Result<(&'t str, &'t str), InvalidTemplate> {
    let end = text.find('}').ok_or_else(|| InvalidTemplate {
        message: "a `{` is never closed".to_owned(),
        remedy: "write `{user.id}` or `{user.email}`".to_owned(),
    })?;
    let written = text[1..end].trim();
    let Some(member) = NAMES.into_iter().find(|member| member.name() == written) else {
        return Err(InvalidTemplate {
            message: format!("`{{{written}}}` does not identify a user"),
            remedy: "write `{user.id}` or `{user.email}`".to_owned(),
        });
    };
    parts.extend([Part::Placeholder(member), Part::Text(String::new())]);
    Ok(("", &text[end + 1..]))
}

/// The length of the literal, quoted name or comment at the start of the text; otherwise that of one character.
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
    fn placeholders_are_parameters() {
        let sql = "SELECT a FROM u WHERE mail = {user.email} OR id = { user.id } OR {user.email} IS NULL";
        assert_eq!(numbered(sql).unwrap(), "SELECT a FROM u WHERE mail = ?2 OR id = ?1 OR ?2 IS NULL");
        assert_eq!(numbered("SELECT {user.email}::text").unwrap(), "SELECT ?1::text");
        let literals = "SELECT '{', \"{x}\", '''{', $t${$t$, $1 -- {\n /* { */ FROM ü WHERE i = {user.id}";
        assert_eq!(numbered(literals).unwrap(), literals.replace("{user.id}", "?1"));
    }

    #[test]
    fn invalid_placeholders_are_rejected() {
        for quoted in ["'{user.id}'", "\"a{user.email}\"", "$${user.id}$$"] {
            let problem = numbered(&format!("SELECT {quoted}, {{user.id}}")).unwrap_err();
            assert_eq!(problem, "a placeholder in quotes is a string literal, not a parameter", "{quoted}");
        }
        assert_eq!(numbered("SELECT {account}").unwrap_err(), "`{account}` does not identify a user");
        assert_eq!(numbered("SELECT {user.id").unwrap_err(), "a `{` is never closed");
        assert_eq!(numbered("SELECT 1").unwrap_err(), "it has no placeholder for the user");
    }

    #[test]
    fn names_are_percent_encoded_in_a_url() {
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
