//! Users and accounts pinned to an upstream, one a line of a file: for batches, and for rolling one back.
//!
//! A value is a `user.id`, a `user.email` or an `account`; the user's own line stands before the
//! account's. `#` begins a comment where a line or a word begins. A value cannot be in two lists.

use std::collections::HashMap;
use std::fs;
use std::path::Path;

use aws_lc_rs::digest::{SHA256, digest};

use crate::model::member::Member;
use crate::policy::Asking;

/// A list is not larger than this, in bytes.
const MAX_FILE: u64 = 64 << 20;
/// The members whose values a list may have, in the order in which they count.
const LISTED: [Member; 3] = [Member::UserId, Member::UserEmail, Member::Account];

/// The lists of one route.
#[derive(Debug, Default)]
pub(crate) struct Lists {
    /// By what is listed; case counts.
    exact: HashMap<Box<str>, Entry>,
    /// E-mail addresses once more in lower case, as users are compared everywhere.
    addresses: HashMap<Box<str>, Entry>,
    /// What was read, so that one state of the lists can be told from another.
    fingerprint: Vec<u8>,
    files: Vec<String>,
}

#[derive(Clone, Copy, Debug)]
struct Entry {
    way: usize,
    file: usize,
    line: usize,
}

// ===== impl Lists =====

impl Lists {
    /// Adds the list of a way, from a file.
    ///
    /// # Errors
    /// A sentence that names places and no value: the file cannot be read, or has what another list has.
    pub(crate) fn add(&mut self, way: usize, path: &Path) -> Result<(), String> {
        let text = read(path)?;
        self.fingerprint.extend(digest(&SHA256, text.as_bytes()).as_ref());
        self.files.push(path.display().to_string());
        let file = self.files.len() - 1;
        for (index, line) in text.lines().enumerate() {
            let Some(value) = value(line) else { continue };
            let entry = Entry { way, file, line: index + 1 };
            self.put(value, entry)?;
        }
        Ok(())
    }

    fn put(&mut self, value: &str, entry: Entry) -> Result<(), String> {
        let address = value.contains('@').then(|| value.to_ascii_lowercase());
        let known = self.exact.get(value).or_else(|| self.addresses.get(address.as_deref()?));
        if let Some(known) = known.filter(|known| known.way != entry.way) {
            let place = |entry: &Entry| format!("{}:{}", self.files[entry.file], entry.line);
            return Err(format!("{} and {} list the same value", place(known), place(&entry)));
        }
        self.exact.insert(value.into(), entry);
        if let Some(address) = address {
            self.addresses.insert(address.into(), entry);
        }
        Ok(())
    }

    /// The way of whoever asks, if it is listed.
    pub(crate) fn find(&self, asking: &Asking<'_, '_>) -> Option<usize> {
        LISTED.into_iter().find_map(|member| {
            let value = asking.text(member)?;
            let found = match member {
                Member::UserEmail => self.addresses.get(value.to_ascii_lowercase().as_str()),
                _ => self.exact.get(&*value),
            };
            found.map(|entry| entry.way)
        })
    }

    /// How many values each way has.
    pub(crate) fn count(&self, way: usize) -> usize {
        self.exact.values().filter(|entry| entry.way == way).count()
    }

    pub(crate) fn fingerprint(&self) -> &[u8] {
        &self.fingerprint
    }
}

fn read(path: &Path) -> Result<String, String> {
    let shown = path.display();
    let unreadable = |error: std::io::Error| format!("the list {shown} cannot be read: {error}");
    if fs::metadata(path).map_err(unreadable)?.len() > MAX_FILE {
        return Err(format!("the list {shown} is larger than {MAX_FILE} bytes"));
    }
    fs::read_to_string(path).map_err(unreadable)
}

/// What a line lists, without white space around it and without its comment.
fn value(line: &str) -> Option<&str> {
    let begins = |at: &usize| line[..*at].chars().next_back().is_none_or(char::is_whitespace);
    let comment = line.match_indices('#').map(|(at, _)| at).find(begins);
    Some(line[..comment.unwrap_or(line.len())].trim()).filter(|value| !value.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_and_white_space_are_no_values() {
        assert_eq!(value("  user#1  # rolled back"), Some("user#1"));
        assert_eq!(value("# a batch"), None);
        assert_eq!(value("\t"), None);
        assert_eq!(value("a b"), Some("a b"));
    }

    #[test]
    fn one_value_in_two_lists_is_told_with_both_places_and_not_shown() {
        let folder = tempfile::tempdir().unwrap();
        let list = |name: &str, text: &str| {
            fs::write(folder.path().join(name), text).unwrap();
            folder.path().join(name)
        };
        let mut lists = Lists::default();
        lists.add(1, &list("new", "a\nAda@example.com\na\n")).unwrap();
        let told = lists.add(0, &list("old", "# back\nada@EXAMPLE.com\n")).unwrap_err();
        assert!(told.contains("new:2 and ") && told.ends_with("old:2 list the same value"), "{told}");
        assert!(!told.to_lowercase().contains("ada@"), "{told}");
        assert_eq!(lists.count(1), 2);
        assert!(lists.add(2, &folder.path().join("none")).unwrap_err().contains("none cannot be read"));
    }
}
