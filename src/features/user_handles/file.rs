//! Recognises a file of user handles by its first bytes, without opening it as a database.
//!
//! A config can be checked while a gateway has the file open, and nothing is created or changed.

use std::fs::File;
use std::io::{self, Read as _};
use std::path::Path;

/// "PBRH"
pub(crate) const APPLICATION_ID: i64 = 0x5042_5248;
/// The start of every SQLite file (SQLite file format, 1.3).
const MAGIC: &[u8; 16] = b"SQLite format 3\0";
/// The offset of the application id: four bytes, big-endian (1.3).
const APPLICATION: usize = 68;

/// Why a file cannot hold user handles.
#[derive(Debug, thiserror::Error)]
pub enum Unfit {
    /// Its folder does not exist.
    #[error("its folder does not exist")]
    NoFolder,
    /// It is a folder.
    #[error("it is a folder")]
    Folder,
    /// It cannot be read.
    #[error("it cannot be read: {0}")]
    Unreadable(io::Error),
    /// It is another kind of file.
    #[error("it is not a file of user handles")]
    Foreign,
}

/// Checks that a file holds user handles, or is empty or missing.
///
/// # Errors
/// See [`Unfit`].
pub fn inspect(path: &Path) -> Result<(), Unfit> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    if folder.is_some_and(|folder| !folder.is_dir()) {
        return Err(Unfit::NoFolder);
    }
    if path.is_dir() {
        return Err(Unfit::Folder);
    }
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(Unfit::Unreadable(error)),
    };
    let mut head = Vec::new();
    file.take(100).read_to_end(&mut head).map_err(Unfit::Unreadable)?;
    let application = head.get(APPLICATION..).and_then(|rest| rest.first_chunk()).copied().map(i32::from_be_bytes);
    let is_known = head.starts_with(MAGIC) && application.map(i64::from) == Some(APPLICATION_ID);
    if head.is_empty() || is_known { Ok(()) } else { Err(Unfit::Foreign) }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::features::user_handles::store::HandleStore;
    use crate::relying_party::directory::Store;

    #[test]
    fn file_is_recognised_by_its_first_bytes() {
        let place = tempfile::tempdir().unwrap();
        let at = |name: &str| place.path().join(name);
        HandleStore::open(&at("handles.db")).unwrap();
        Store::open(&at("directory.db")).unwrap();
        fs::write(at("empty.db"), "").unwrap();
        fs::write(at("text.db"), "x".repeat(200)).unwrap();
        fs::write(at("short.db"), MAGIC).unwrap();
        for good in ["handles.db", "empty.db", "none.db"] {
            assert!(inspect(&at(good)).is_ok(), "{good}");
        }
        for foreign in ["directory.db", "text.db", "short.db"] {
            assert!(matches!(inspect(&at(foreign)), Err(Unfit::Foreign)), "{foreign}");
        }
        assert!(matches!(inspect(&at("none/handles.db")), Err(Unfit::NoFolder)));
        assert!(matches!(inspect(place.path()), Err(Unfit::Folder)));
        assert!(HandleStore::open(&at("directory.db")).is_err() && Store::open(&at("handles.db")).is_err());
    }
}
