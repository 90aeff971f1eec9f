//! The SHA-256 of a credential, compared in constant time.
//!
//! All digests have the same length, so a comparison does not reveal the length of a configured credential.

use std::fmt;

use aws_lc_rs::constant_time::verify_slices_are_equal;
use aws_lc_rs::digest::{SHA256, SHA256_OUTPUT_LEN, digest};

/// The digest of a configured or presented credential.
#[derive(Clone)]
pub(super) struct Digest([u8; SHA256_OUTPUT_LEN]);

impl Digest {
    pub(super) fn of(credential: &str) -> Self {
        let mut bytes = [0; SHA256_OUTPUT_LEN];
        bytes.copy_from_slice(digest(&SHA256, credential.as_bytes()).as_ref());
        Self(bytes)
    }

    /// Whether both are digests of the same credential, in constant time.
    pub(super) fn is(&self, other: &Self) -> bool {
        #[cfg(test)]
        tests::COMPARED.set(tests::COMPARED.get() + 1);
        verify_slices_are_equal(&self.0, &other.0).is_ok()
    }
}

// Not derived: a weak secret can be guessed from its digest.
impl fmt::Debug for Digest {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Digest(..)")
    }
}

#[cfg(test)]
pub(super) mod tests {
    use std::cell::Cell;

    use super::*;

    thread_local! {
        /// The number of comparisons on this thread, which measures work without a clock.
        pub(in super::super) static COMPARED: Cell<usize> = const { Cell::new(0) };
    }

    #[test]
    fn digests_of_different_credentials_differ() {
        let known = Digest::of("s3cret");
        assert!(known.is(&Digest::of("s3cret")));
        for other in ["", "s3cre", "s3crets", "S3cret"] {
            assert!(!known.is(&Digest::of(other)), "{other}");
        }
        assert_eq!(format!("{known:?}"), "Digest(..)");
    }
}
