//! Whether a path and query arrive exactly as they stand, whoever reads them on the way.
//!
//! The URL standard rewrites some (`/a/../b` becomes `/b`, `'` in a query becomes `%27`), so what a
//! route was chosen by could differ from what the upstream understands. This is
//! [`BaseUrl::with_target`](super::base_url::BaseUrl::with_target) without the URL: one pass over the
//! bytes, a fiftieth of the instructions of parsing and comparing it.

/// Written otherwise in a path.
const IN_PATH: u8 = 1;
/// Written otherwise in a query.
const IN_QUERY: u8 = 2;

const CHANGED: [u8; 256] = changed();

const fn changed() -> [u8; 256] {
    let mut changed = [0; 256];
    let mut byte = 0;
    while byte < 256 {
        changed[byte] = match byte as u8 {
            0..=b' ' | b'"' | b'#' | b'<' | b'>' | 0x7f.. => IN_PATH | IN_QUERY,
            b'\\' | b'`' | b'{' | b'}' => IN_PATH,
            b'\'' => IN_QUERY,
            _ => 0,
        };
        byte += 1;
    }
    changed
}

/// Whether `target` is an absolute path, perhaps with a query, that nobody rewrites.
pub(super) fn is_stable(target: &str) -> bool {
    let (path, query) = match target.bytes().position(|byte| byte == b'?') {
        Some(mark) => (&target.as_bytes()[..mark], &target.as_bytes()[mark + 1..]),
        None => (target.as_bytes(), &[][..]),
    };
    let Some((b'/', rest)) = path.split_first() else { return false };
    let are_kept = |bytes: &[u8], part| bytes.iter().all(|byte| CHANGED[usize::from(*byte)] & part == 0);
    are_kept(path, IN_PATH) && are_kept(query, IN_QUERY) && !rest.split(|byte| *byte == b'/').any(is_dots)
}

/// One dot or two, each perhaps as `%2e`.
fn is_dots(segment: &[u8]) -> bool {
    let dot = |rest: &'_ [u8]| match rest {
        [b'.', ..] => Some(1),
        [b'%', b'2', b'e' | b'E', ..] => Some(3),
        _ => None,
    };
    let Some(first) = dot(segment) else { return false };
    let rest = &segment[first..];
    rest.is_empty() || dot(rest).is_some_and(|second| rest.len() == second)
}

#[cfg(test)]
mod tests {
    use http::uri::PathAndQuery;
    use proptest::prelude::*;

    use super::*;
    use crate::upstream::base_url::BaseUrl;

    fn agrees(target: &str) {
        let base: BaseUrl = "https://h.example/api".parse().unwrap();
        if let Ok(parsed) = target.parse::<PathAndQuery>() {
            assert_eq!(is_stable(parsed.as_str()), base.with_target(&parsed).is_some(), "{target}");
        }
    }

    #[test]
    fn every_character_is_judged_as_the_url_standard_writes_it() {
        for letter in (1..=0x2ff).filter_map(char::from_u32) {
            for target in
                [format!("/a{letter}b"), format!("/{letter}"), format!("/a?b{letter}c"), format!("/?{letter}")]
            {
                agrees(&target);
            }
        }
        agrees("*");
    }

    #[test]
    fn what_would_change_is_seen() {
        for target in ["/a/../b", "/a/%2e%2E/b", "/.%2e", "/./a", "/a/.", "/a?q='", "/a\\b", "/../admin", "*", ""] {
            assert!(!is_stable(target), "{target}");
        }
        for target in ["/", "/?", "//x//y/", "/a%2Fb%2e", "/...", "/.a", "/a.", "/a?x=%27&&y=/../?", "/a;b=c/@me|~"] {
            assert!(is_stable(target), "{target}");
        }
    }

    proptest! {
        #[test]
        fn dots_are_judged_as_the_url_standard_reads_them(target in "/[/.%2eE?'a\\\\]{0,12}") {
            agrees(&target);
        }
    }
}
