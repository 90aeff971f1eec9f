//! Which values of a config are never shown, because a secret may stand there by mistake.
//!
//! The rule looks at names, also at those that no setting has: a secret under a mistyped key is a
//! secret. What only refers to a secret is shown.

use std::ops::Range;

use crate::base::document::{Item, ItemValue, Table};
use crate::base::secret::SecretReference;

/// Words of a key below which secrets stand.
const TELLING: &[&str] = &["secret", "secrets", "key", "keys", "token", "password", "passphrase", "credential", "auth"];
/// What stands in their place and is none.
const HARMLESS: &[&str] = &["anyone", "public", "upstream"];

/// What is known of a place from the names around it.
#[derive(Clone, Copy, PartialEq)]
enum Around {
    Nothing,
    /// `client = { "an id" = "its secret" }` stands below.
    Callers,
    Secrets,
}

/// The places of a config's text that must not be shown.
pub(crate) fn find(root: &Table, text: &str) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    table(root, text, Around::Nothing, &mut found);
    found
}

fn table(table: &Table, text: &str, around: Around, found: &mut Vec<Range<usize>>) {
    for entry in &table.entries {
        // The value of `learn_keys` is the name of an upstream.
        let tells = entry.key != "learn_keys"
            && entry.key.to_lowercase().split(['_', '-', '.']).any(|word| TELLING.contains(&word));
        let below = match (around, entry.key.as_str()) {
            (Around::Secrets, _) | (Around::Callers, "client") => Around::Secrets,
            _ if tells => Around::Secrets,
            (_, "callers") => Around::Callers,
            // The header fields that a service is asked with.
            (_, "fields") => Around::Secrets,
            // A connection string, and not the map of that name.
            (_, "postgres") if matches!(entry.item.value, ItemValue::Text(_)) => Around::Secrets,
            _ => Around::Nothing,
        };
        item(&entry.item, text, below, found);
    }
}

fn item(item: &Item, text: &str, around: Around, found: &mut Vec<Range<usize>>) {
    match &item.value {
        ItemValue::Table(inner) => table(inner, text, around, found),
        ItemValue::Array(items) => items.iter().for_each(|inner| self::item(inner, text, around, found)),
        ItemValue::Text(value) if around == Around::Secrets => {
            let refers = SecretReference::parse(value).is_some() || value.starts_with('{');
            if !refers && !HARMLESS.contains(&value.as_str()) {
                found.push(item.span.start + 1..item.span.end - 1);
            }
        }
        ItemValue::Text(_) => found.extend(user_of_a_url(item, text)),
        ItemValue::Integer(_) | ItemValue::Float(_) | ItemValue::Other(_) if around == Around::Secrets => {
            found.push(item.span.clone())
        }
        ItemValue::Integer(_) | ItemValue::Float(_) | ItemValue::Flag(_) | ItemValue::Other(_) => {}
    }
}

/// User and password of a URL, which must have neither.
fn user_of_a_url(item: &Item, text: &str) -> Option<Range<usize>> {
    let written = &text[item.span.clone()];
    let begin = written.find("://")? + "://".len();
    let authority = written[begin..].split(['/', '?', '#']).next()?;
    let end = begin + authority.rfind('@')?;
    Some(item.span.start + begin..item.span.start + end)
}

#[cfg(test)]
mod tests {
    use crate::base::document::Document;

    use super::*;

    fn hidden(text: &str) -> Vec<&str> {
        let document = Document::parse("x.toml", text).unwrap();
        find(&document.root, text).into_iter().map(|range| &text[range]).collect()
    }

    #[test]
    fn secrets_are_found_by_the_names_around_them() {
        for text in [
            "set.client.secret = \"hunter2\"",
            "[identity.users.fields]\nx-who = \"hunter2\"",
            "set = { \"client.secret\" = 'hunter2' }",
            "callers = { key = [\"env:A\", \"hunter2\"] }",
            "callers.client = { app = \"hunter2\", spa = \"public\" }",
            "[routes.r.callers]\nuser.jwt.key = \"hunter2\"",
            "[routes.r.callers]\nopen = \"anyone\"\nclient.app = \"hunter2\"",
            "API-KEY = \"hunter2\"",
            "base_url = \"https://hunter2@host/@path\"",
            "jwks = \"https://hunter2@[::1]?a=b@c\"",
        ] {
            assert!(hidden(text).contains(&"hunter2"), "{text}: {:?}", hidden(text));
        }
        assert_eq!(hidden("password = 123456"), ["123456"]);
        let written = "[identity.postgres]\nfile = \"users.csv\"\npostgres = \"host=db password=hunter2\"";
        assert_eq!(hidden(written), ["host=db password=hunter2"]);
    }

    #[test]
    fn what_is_no_secret_is_shown() {
        for text in [
            "secret = \"env:A\"",
            "secret = \"{client.secret}\"",
            "callers = { key = \"anyone\", user = \"upstream\" }",
            "base_url = \"https://host/@path\"",
            "set.client.id = \"abc\"",
            "upstream = \"monkey\"",
            "learn_keys = \"own\"",
        ] {
            assert_eq!(hidden(text), Vec::<&str>::new(), "{text}");
        }
    }
}
