//! Unix sockets: the file is created with its permissions, and removed at the end.

use std::fs::{self, Permissions};
use std::io;
use std::os::unix::fs::{FileTypeExt as _, MetadataExt as _, PermissionsExt as _};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::process;

use crate::server::listen_address::FileMode;

/// The file of a Unix socket. Dropping it removes the file, unless another process has replaced it.
#[derive(Debug)]
pub(crate) struct SocketFile {
    path: PathBuf,
    device: u64,
    inode: u64,
}

/// Binds a Unix socket. A file that a process without a listener has left is replaced.
///
/// The socket is bound under a temporary name and then renamed, so that it never has wider permissions than `mode`,
/// and so that no moment has a path without a socket.
pub(super) fn bind(path: &Path, mode: Option<FileMode>) -> io::Result<(UnixListener, SocketFile)> {
    refuse_used(path)?;
    let temporary = temporary_name(path);
    let _ = fs::remove_file(&temporary); // left by a process with the same id, if at all
    let socket = UnixListener::bind(&temporary)?;
    let renamed = fs::set_permissions(&temporary, Permissions::from_mode(mode.unwrap_or(FileMode::OWNER).bits()))
        .and_then(|()| fs::rename(&temporary, path));
    if let Err(error) = renamed {
        let _ = fs::remove_file(&temporary);
        return Err(error);
    }
    Ok((socket, SocketFile::of(path)?))
}

/// Short, because the length of a socket's path is limited.
fn temporary_name(path: &Path) -> PathBuf {
    path.with_file_name(format!(".{}", process::id()))
}

fn refuse_used(path: &Path) -> io::Result<()> {
    match fs::symlink_metadata(path) {
        Ok(file) if !file.file_type().is_socket() => {
            Err(io::Error::new(io::ErrorKind::AlreadyExists, "the path is a file that is not a socket"))
        }
        Ok(_) => match UnixStream::connect(path) {
            Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => Ok(()),
            Err(error) => Err(error),
            Ok(_) => Err(io::ErrorKind::AddrInUse.into()),
        },
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(error),
    }
}

// ===== impl SocketFile =====

impl SocketFile {
    /// The socket that is at a path now.
    pub(super) fn of(path: &Path) -> io::Result<Self> {
        let file = fs::symlink_metadata(path)?;
        Ok(Self { path: path.to_owned(), device: file.dev(), inode: file.ino() })
    }
}

impl Drop for SocketFile {
    fn drop(&mut self) {
        let current = fs::symlink_metadata(&self.path);
        if current.is_ok_and(|file| (file.dev(), file.ino()) == (self.device, self.inode)) {
            let _ = fs::remove_file(&self.path); // best effort: the next start replaces it
        }
    }
}

#[cfg(test)]
mod tests {
    use std::mem;

    use super::*;

    #[test]
    fn socket_has_its_mode_and_is_removed_at_the_end() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("http.sock");
        let (socket, file) = bind(&path, None).unwrap();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(bind(&path, None).unwrap_err().kind(), io::ErrorKind::AddrInUse);
        drop((socket, file));
        assert!(!path.exists());
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    }

    #[test]
    fn stale_socket_is_replaced_and_another_file_is_not() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("http.sock");
        let (socket, file) = bind(&path, None).unwrap();
        mem::forget(file);
        drop(socket);
        assert!(path.exists());
        let bound = bind(&path, None).unwrap();
        drop(bound);
        fs::write(&path, "text").unwrap();
        assert_eq!(bind(&path, None).unwrap_err().kind(), io::ErrorKind::AlreadyExists);
        assert_eq!(fs::read_to_string(&path).unwrap(), "text");
    }

    #[test]
    fn file_of_another_process_is_not_removed() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("http.sock");
        let (_socket, file) = bind(&path, None).unwrap();
        fs::remove_file(&path).unwrap();
        let _successor = UnixListener::bind(&path).unwrap();
        drop(file);
        assert!(path.exists());
    }
}
