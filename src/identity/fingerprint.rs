//! A hash of the content of a file, computed while the file is read.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use aws_lc_rs::digest::{Context, SHA256};

/// The SHA-256 of a content.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Fingerprint([u8; 32]);

/// A reader that hashes what is read.
pub(super) struct HashingReader<R> {
    inner: R,
    context: Context,
}

impl Fingerprint {
    /// The fingerprint of a file.
    pub(super) fn of(path: &Path) -> io::Result<Self> {
        let mut file = HashingReader::new(File::open(path)?);
        io::copy(&mut file, &mut io::sink())?;
        Ok(file.fingerprint())
    }
}

impl<R> HashingReader<R> {
    pub(super) fn new(inner: R) -> Self {
        Self { inner, context: Context::new(&SHA256) }
    }

    /// The fingerprint of everything that was read.
    pub(super) fn fingerprint(self) -> Fingerprint {
        let mut hash = [0; 32];
        hash.copy_from_slice(self.context.finish().as_ref());
        Fingerprint(hash)
    }
}

impl<R: Read> Read for HashingReader<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let length = self.inner.read(into)?;
        self.context.update(&into[..length]);
        Ok(length)
    }
}
