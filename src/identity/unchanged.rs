//! Files that are in memory already: a config that is loaded anew shares the users of a file that has not
//! changed with the earlier configs, which are kept for a while.
//!
//! What counts is what a file holds, not its time; a table is let go with the last config that has it.

use std::collections::HashMap;
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use aws_lc_rs::digest::{Context, SHA256};

use crate::identity::file::{self, Problem};
use crate::identity::names::Columns;
use crate::identity::table::Table;

/// The tables that somebody has, by what they were read from.
static HELD: Mutex<Option<HashMap<Key, Weak<Table>>>> = Mutex::new(None);

/// What makes a table: how the file is written, which columns are read, and what it holds.
#[derive(PartialEq, Eq, Hash)]
struct Key {
    form: String,
    columns: String,
    content: Fingerprint,
}

/// A hash of what was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Fingerprint([u8; 32]);

/// Something that is read, and hashed on the way.
pub(super) struct Hashed<R> {
    inner: R,
    context: Context,
}

/// The users of a file, read only where nobody has them yet; `shown` is its name in problems.
///
/// # Errors
/// Everything that is wrong with it.
pub(super) fn read(path: &Path, shown: &str, caller: &Columns, upstream: &Columns) -> Result<Arc<Table>, Vec<Problem>> {
    let key = |content| Key {
        form: path.extension().map(|form| form.to_string_lossy().into_owned()).unwrap_or_default(),
        columns: format!("{caller:?} {upstream:?}"),
        content,
    };
    // A file that cannot be read now is told of below.
    let unchanged = fingerprint(path).ok().and_then(|content| held(&key(content)));
    if let Some(table) = unchanged {
        return Ok(table);
    }
    let (table, content) = file::read(path, shown, caller, upstream)?;
    let table = Arc::new(table);
    with_held(|held| {
        held.retain(|_, table| table.strong_count() > 0);
        held.insert(key(content), Arc::downgrade(&table));
    });
    Ok(table)
}

fn fingerprint(path: &Path) -> io::Result<Fingerprint> {
    let mut file = Hashed::new(File::open(path)?);
    io::copy(&mut file, &mut io::sink())?;
    Ok(file.fingerprint())
}

fn held(key: &Key) -> Option<Arc<Table>> {
    with_held(|held| held.get(key)?.upgrade())
}

fn with_held<T>(act: impl FnOnce(&mut HashMap<Key, Weak<Table>>) -> T) -> T {
    // Every change under this lock is whole, so a panic elsewhere has broken nothing.
    act(HELD.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert_default())
}

// ===== impl Hashed =====

impl<R> Hashed<R> {
    pub(super) fn new(inner: R) -> Self {
        Self { inner, context: Context::new(&SHA256) }
    }

    /// The hash of all that was read.
    pub(super) fn fingerprint(self) -> Fingerprint {
        let mut hash = [0; 32];
        hash.copy_from_slice(self.context.finish().as_ref());
        Fingerprint(hash)
    }
}

impl<R: Read> Read for Hashed<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let length = self.inner.read(into)?;
        self.context.update(&into[..length]);
        Ok(length)
    }
}

#[cfg(test)]
mod tests {
    use crate::model::member::Member;

    use super::*;

    #[test]
    fn what_has_not_changed_is_shared_for_as_long_as_somebody_has_it() {
        let folder = tempfile::tempdir().unwrap();
        let columns = |name: &str| Columns(vec![(Member::UserId, name.to_owned())]);
        let written = |name: &str, text: &str| {
            std::fs::write(folder.path().join(name), text).unwrap();
            read(&folder.path().join(name), name, &columns("old"), &columns("new")).unwrap()
        };
        let first = written("users.csv", "old,new\n1,unchanged-1\n");
        assert!(Arc::ptr_eq(&first, &written("users.csv", "old,new\n1,unchanged-1\n")));
        assert!(Arc::ptr_eq(&first, &written("copy.csv", "old,new\n1,unchanged-1\n")));
        assert!(!Arc::ptr_eq(&first, &written("users.csv", "old,new\n1,unchanged-2\n")));
        let path = folder.path().join("copy.csv");
        let other_columns = read(&path, "copy.csv", &columns("new"), &columns("old")).unwrap();
        assert!(!Arc::ptr_eq(&first, &other_columns));
        drop((first, other_columns));
        let count = || with_held(|held| held.values().filter(|table| table.strong_count() > 0).count());
        assert_eq!(count(), 0, "nobody has any of them");
    }
}
