//! Users and accounts that are pinned to a backend by a file: to move a batch of users, or to move one back.
//!
//! Each line of the file is a `user.id`, a `user.email` or an `account`. The user's own line takes precedence over the
//! account's. `#` at the start of a line or a word begins a comment. A value cannot be in two files.

use std::collections::HashMap;
use std::fs;
use std::path::Path;

use aws_lc_rs::digest::{SHA256, digest};

use crate::model::member::Member;
use crate::policy::request_facts::RequestFacts;

/// The largest file, in bytes.
const MAX_FILE_BYTES: u64 = 64 << 20;
/// The members whose values can be pinned, in the order of precedence.
const PINNABLE: [Member; 3] = [Member::UserId, Member::UserEmail, Member::Account];

/// The pinned users of a route.
#[derive(Debug, Default)]
pub(crate) struct PinnedUsers {
    /// By exact value.
    exact: HashMap<Box<str>, Entry>,
    /// E-mail addresses in lower case: they compare case-insensitively everywhere.
    addresses: HashMap<Box<str>, Entry>,
    /// Hashes of the files, for the fingerprint of the config.
    fingerprint: Vec<u8>,
    files: Vec<String>,
}

#[derive(Clone, Copy, Debug)]
struct Entry {
    backend: usize,
    file: usize,
    line: usize,
}

// ===== impl Lists =====

impl PinnedUsers {
    /// Adds the file of a backend.
    ///
    /// # Errors
    /// When the file cannot be read, or has a value that another file has. The text names places, never a value.
    pub(crate) fn add(&mut self, backend: usize, path: &Path) -> Result<(), String> {
        let text = read(path)?;
        self.fingerprint.extend(digest(&SHA256, text.as_bytes()).as_ref());
        self.files.push(path.display().to_string());
        let file = self.files.len() - 1;
        for (index, line) in text.lines().enumerate() {
            let Some(value) = value(line) else { continue };
            let entry = Entry { backend, file, line: index + 1 };
            self.put(value, entry)?;
        }
        Ok(())
    }

    fn put(&mut self, value: &str, entry: Entry) -> Result<(), String> {
        let address = value.contains('@').then(|| value.to_ascii_lowercase());
        let known = self.exact.get(value).or_else(|| self.addresses.get(address.as_deref()?));
        if let Some(known) = known.filter(|known| known.backend != entry.backend) {
            let place = |entry: &Entry| format!("{}:{}", self.files[entry.file], entry.line);
            return Err(format!("{} and {} pin the same user or account", place(known), place(&entry)));
        }
        self.exact.insert(value.into(), entry);
        if let Some(address) = address {
            self.addresses.insert(address.into(), entry);
        }
        Ok(())
    }

    /// The backend that the user or account of a request is pinned to.
    pub(crate) fn find(&self, facts: &RequestFacts<'_, '_>) -> Option<usize> {
        PINNABLE.into_iter().find_map(|member| {
            let value = facts.text(member)?;
            let found = match member {
                Member::UserEmail => self.addresses.get(value.to_ascii_lowercase().as_str()),
                _ => self.exact.get(&*value),
            };
            found.map(|entry| entry.backend)
        })
    }

    /// How many values are pinned to a backend.
    pub(crate) fn count(&self, backend: usize) -> usize {
        self.exact.values().filter(|entry| entry.backend == backend).count()
    }

    pub(crate) fn fingerprint(&self) -> &[u8] {
        &self.fingerprint
    }
}

fn read(path: &Path) -> Result<String, String> {
    let shown = path.display();
    let unreadable = |error: std::io::Error| format!("{shown} cannot be read: {error}");
    if fs::metadata(path).map_err(unreadable)?.len() > MAX_FILE_BYTES {
        return Err(format!("{shown} is larger than {MAX_FILE_BYTES} bytes"));
    }
    fs::read_to_string(path).map_err(unreadable)
}

/// The value of a line, without surrounding white space and comment.
fn value(line: &str) -> Option<&str> {
    let begins = |at: &usize| line[..*at].chars().next_back().is_none_or(char::is_whitespace);
    let comment = line.match_indices('#').map(|(at, _)| at).find(begins);
    Some(line[..comment.unwrap_or(line.len())].trim()).filter(|value| !value.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_and_white_space_are_ignored() {
        assert_eq!(value("  user#1  # rolled back"), Some("user#1"));
        assert_eq!(value("# a batch"), None);
        assert_eq!(value("\t"), None);
        assert_eq!(value("a b"), Some("a b"));
    }

    #[test]
    fn a_value_in_two_files_is_reported_with_both_places_but_not_shown() {
        let folder = tempfile::tempdir().unwrap();
        let list = |name: &str, text: &str| {
            fs::write(folder.path().join(name), text).unwrap();
            folder.path().join(name)
        };
        let mut pinned = PinnedUsers::default();
        pinned.add(1, &list("new", "a\nAda@example.com\na\n")).unwrap();
        let problem = pinned.add(0, &list("old", "# back\nada@EXAMPLE.com\n")).unwrap_err();
        assert!(problem.contains("new:2 and ") && problem.ends_with("old:2 pin the same user or account"), "{problem}");
        assert!(!problem.to_lowercase().contains("ada@"), "{problem}");
        assert_eq!(pinned.count(1), 2);
        assert!(pinned.add(2, &folder.path().join("none")).unwrap_err().contains("none cannot be read"));
    }
}
