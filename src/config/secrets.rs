//! Finds the values of a config that are never shown, because they may be secrets in the wrong place.
//!
//! The names of keys decide, including names that are not settings, so that a secret under a mistyped key is hidden.
//! References to secrets are shown.

use std::ops::Range;

use crate::base::document::{Item, ItemValue, Table};
use crate::base::secret::SecretReference;

/// Parts of the names of secret keys.
const SECRET_WORDS: &[&str] =
    &["secret", "secrets", "key", "keys", "token", "password", "passphrase", "credential", "auth"];
/// Values of such keys that are not secrets.
const KEYWORDS: &[&str] = &["anyone", "public", "upstream"];

/// The kind of the keys around a value.
#[derive(Clone, Copy, PartialEq)]
enum Around {
    Nothing,
    /// It may contain `client = { "an id" = "its secret" }`.
    Callers,
    Secrets,
}

/// The parts of a config's text that must not be shown.
pub(crate) fn find(root: &Table, text: &str) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    table(root, text, Around::Nothing, &mut found);
    found
}

fn table(table: &Table, text: &str, around: Around, found: &mut Vec<Range<usize>>) {
    for entry in &table.entries {
        // The value of `learn_keys` is the name of an upstream.
        let is_secret = entry.key != "learn_keys"
            && entry.key.to_lowercase().split(['_', '-', '.']).any(|word| SECRET_WORDS.contains(&word));
        let below = match (around, entry.key.as_str()) {
            (Around::Secrets, _) | (Around::Callers, "client") => Around::Secrets,
            _ if is_secret => Around::Secrets,
            (_, "callers") => Around::Callers,
            // The header fields of an identity service.
            (_, "fields") => Around::Secrets,
            // A connection string, not the identity map of that name.
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
            if !refers && !KEYWORDS.contains(&value.as_str()) {
                found.push(item.span.start + 1..item.span.end - 1);
            }
        }
        ItemValue::Text(_) => found.extend(user_info(item, text)),
        ItemValue::Integer(_) | ItemValue::Float(_) | ItemValue::Other(_) if around == Around::Secrets => {
            found.push(item.span.clone())
        }
        ItemValue::Integer(_) | ItemValue::Float(_) | ItemValue::Flag(_) | ItemValue::Other(_) => {}
    }
}

/// The user and password of a URL.
fn user_info(item: &Item, text: &str) -> Option<Range<usize>> {
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
    fn values_of_secret_keys_are_hidden() {
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
    fn references_and_other_values_are_shown() {
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
