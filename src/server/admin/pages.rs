//! The files of the console, embedded in the binary, and its security headers.
//!
//! The page loads nothing from other origins, runs only these scripts and cannot be framed.

use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderValue, Response, StatusCode};
use http_body_util::Full;

const HTML: &str = "text/html; charset=utf-8";
const SCRIPT: &str = "text/javascript; charset=utf-8";
const STYLE: &str = "text/css; charset=utf-8";
const PICTURE: &str = "image/svg+xml";

/// Path, media type, content.
const PAGES: &[(&str, &str, &str)] = &[
    ("/", HTML, include_str!("../../console/index.html")),
    ("/console/style.css", STYLE, include_str!("../../console/style.css")),
    ("/console/icon.svg", PICTURE, include_str!("../../console/icon.svg")),
    ("/console/page.js", SCRIPT, include_str!("../../console/page.js")),
    ("/console/gateway.js", SCRIPT, include_str!("../../console/gateway.js")),
    ("/console/ceremony.js", SCRIPT, include_str!("../../console/ceremony.js")),
    ("/console/element.js", SCRIPT, include_str!("../../console/element.js")),
    ("/console/readiness.js", SCRIPT, include_str!("../../console/readiness.js")),
    ("/console/steps.js", SCRIPT, include_str!("../../console/steps.js")),
];

/// Content Security Policy Level 3.
const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; \
    base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

const SECURITY_HEADERS: &[(&str, &str)] = &[
    ("content-security-policy", CONTENT_SECURITY_POLICY),
    ("x-content-type-options", "nosniff"),
    ("referrer-policy", "no-referrer"),
    ("cache-control", "no-store"),
    ("cross-origin-opener-policy", "same-origin"),
    ("cross-origin-resource-policy", "same-origin"),
];

/// The file at `path`.
pub(super) fn page(path: &str) -> Option<Response<Full<Bytes>>> {
    let (_, media_type, text) = PAGES.iter().find(|(known, ..)| *known == path)?;
    Some(with_security_headers(StatusCode::OK, media_type, Bytes::from_static(text.as_bytes())))
}

/// A response with the headers that every response of the console has.
pub(super) fn with_security_headers(
    status: StatusCode,
    media_type: &'static str,
    content: Bytes,
) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(content));
    *response.status_mut() = status;
    for (name, value) in SECURITY_HEADERS {
        response.headers_mut().insert(*name, HeaderValue::from_static(value));
    }
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(media_type));
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_references_only_existing_files() {
        for (path, _, text) in PAGES {
            for begin in ["src=\"", "href=\"", "from \"", "import \""] {
                for (at, _) in text.match_indices(begin) {
                    let name = text[at + begin.len()..].split('"').next().unwrap();
                    let exists = match name.strip_prefix("./") {
                        Some(file) => page(&format!("/console/{file}")).is_some(),
                        None => name.starts_with('#') || page(name).is_some(),
                    };
                    assert!(exists, "{path} references {name}");
                }
            }
        }
    }

    #[test]
    fn the_page_has_no_inline_scripts_or_styles() {
        let (_, _, html) = PAGES[0];
        for inline in ["<style", "style=\"", "onclick", "javascript:", "<script>"] {
            assert!(!html.contains(inline), "{inline}");
        }
    }
}
