//! Selects the header fields of a response that are kept.
//!
//! A field outside the filter is inspected for framing and then dropped: storing the ten or so that
//! providers typically send costs 8,000 instructions, a tenth of a call.

use http::HeaderName;

/// The header fields to keep.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HeaderFilter<'n> {
    /// All fields.
    All,
    /// These fields, and those that the client itself needs.
    Only(&'n [HeaderName]),
}

impl HeaderFilter<'_> {
    /// Whether the field called `name`, in any case, is kept.
    pub(super) fn keeps(self, name: &str) -> bool {
        match self {
            Self::All => true,
            Self::Only(names) => {
                name.eq_ignore_ascii_case("content-encoding")
                    || names.iter().any(|kept| name.eq_ignore_ascii_case(kept.as_str()))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use http::header::RETRY_AFTER;

    use super::*;

    #[test]
    fn only_listed_fields_and_the_content_encoding_are_kept() {
        let filter = HeaderFilter::Only(&[RETRY_AFTER]);
        for name in ["retry-after", "Retry-After", "Content-Encoding"] {
            assert!(filter.keeps(name) && HeaderFilter::All.keeps(name), "{name}");
        }
        assert!(!filter.keeps("x-served-by") && HeaderFilter::All.keeps("x-served-by"));
    }
}
