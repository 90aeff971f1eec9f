//! The SHA-256 of a credential, compared in constant time.
//!
//! Digests are of one length, so a comparison tells nothing of how long a configured credential is.

use std::fmt;

use aws_lc_rs::constant_time::verify_slices_are_equal;
use aws_lc_rs::digest::{SHA256, SHA256_OUTPUT_LEN, digest};

/// What is kept of a credential, and made of one that is presented.
#[derive(Clone)]
pub(super) struct Digest([u8; SHA256_OUTPUT_LEN]);

impl Digest {
    pub(super) fn of(credential: &str) -> Self {
        let mut bytes = [0; SHA256_OUTPUT_LEN];
        bytes.copy_from_slice(digest(&SHA256, credential.as_bytes()).as_ref());
        Self(bytes)
    }

    /// Whether both are of the same credential; takes as long if they are not.
    pub(super) fn is(&self, other: &Self) -> bool {
        #[cfg(test)]
        tests::COMPARED.set(tests::COMPARED.get() + 1);
        verify_slices_are_equal(&self.0, &other.0).is_ok()
    }
}

// By hand: the digest of a weak secret is as good as the secret.
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
        /// How many comparisons this thread has made: the work, without a clock.
        pub(in crate::caller_auth) static COMPARED: Cell<usize> = const { Cell::new(0) };
    }

    #[test]
    fn only_the_same_credential_has_the_same_digest() {
        let known = Digest::of("s3cret");
        assert!(known.is(&Digest::of("s3cret")));
        for other in ["", "s3cre", "s3crets", "S3cret"] {
            assert!(!known.is(&Digest::of(other)), "{other}");
        }
        assert_eq!(format!("{known:?}"), "Digest(..)");
    }
}
