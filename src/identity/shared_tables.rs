//! Tables that are in memory already: after a reload, a file with the same content shares its table with the previous
//! configs, which are kept for a while.
//!
//! Files are compared by content. A table is dropped with the last config that uses it.

use std::collections::HashMap;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use crate::identity::file::{self, FileProblem};
use crate::identity::fingerprint::Fingerprint;
use crate::identity::names::Columns;
use crate::identity::table::Table;

/// The tables in use.
static TABLES: Mutex<Option<HashMap<Key, Weak<Table>>>> = Mutex::new(None);

/// The identity of a table: the format of the file, the columns, and the content.
#[derive(PartialEq, Eq, Hash)]
struct Key {
    format: String,
    columns: String,
    content: Fingerprint,
}

/// The users of a file, parsed only if no config has them; `shown` is the name of the file in problems.
///
/// # Errors
/// Everything that is wrong with the file.
pub(super) fn read(
    path: &Path,
    shown: &str,
    caller: &Columns,
    upstream: &Columns,
) -> Result<Arc<Table>, Vec<FileProblem>> {
    let key = |content| Key {
        format: path.extension().map(|format| format.to_string_lossy().into_owned()).unwrap_or_default(),
        columns: format!("{caller:?} {upstream:?}"),
        content,
    };
    // If the file cannot be read, the call below reports why.
    let unchanged =
        Fingerprint::of(path).ok().and_then(|content| with_tables(|tables| tables.get(&key(content))?.upgrade()));
    if let Some(table) = unchanged {
        return Ok(table);
    }
    let (table, content) = file::read(path, shown, caller, upstream)?;
    let table = Arc::new(table);
    with_tables(|tables| {
        tables.retain(|_, table| table.strong_count() > 0);
        tables.insert(key(content), Arc::downgrade(&table));
    });
    Ok(table)
}

fn with_tables<T>(act: impl FnOnce(&mut HashMap<Key, Weak<Table>>) -> T) -> T {
    // Every change under this lock is atomic, so the map is consistent even after a panic.
    act(TABLES.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert_default())
}

#[cfg(test)]
mod tests {
    use crate::model::member::Member;

    use super::*;

    #[test]
    fn unchanged_content_is_shared_while_it_is_in_use() {
        let folder = tempfile::tempdir().unwrap();
        let columns = |name: &str| Columns(vec![(Member::UserId, name.to_owned())]);
        let read_written = |name: &str, text: &str| {
            std::fs::write(folder.path().join(name), text).unwrap();
            read(&folder.path().join(name), name, &columns("old"), &columns("new")).unwrap()
        };
        let first = read_written("users.csv", "old,new\n1,unchanged-1\n");
        assert!(Arc::ptr_eq(&first, &read_written("users.csv", "old,new\n1,unchanged-1\n")));
        assert!(Arc::ptr_eq(&first, &read_written("copy.csv", "old,new\n1,unchanged-1\n")));
        assert!(!Arc::ptr_eq(&first, &read_written("users.csv", "old,new\n1,unchanged-2\n")));
        let path = folder.path().join("copy.csv");
        let other_columns = read(&path, "copy.csv", &columns("new"), &columns("old")).unwrap();
        assert!(!Arc::ptr_eq(&first, &other_columns));
        drop((first, other_columns));
        let count = || with_tables(|tables| tables.values().filter(|table| table.strong_count() > 0).count());
        assert_eq!(count(), 0, "no table is in use");
    }
}
