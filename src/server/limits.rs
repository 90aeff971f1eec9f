//! What the edge refuses of a request before anybody reads its content.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use http::request;

use crate::gateway::handler::EdgeRejection;
use crate::server::settings::ServerSettings;

/// The limits of one request, and of all that are under way.
#[derive(Clone, Debug)]
pub(super) struct RequestLimits {
    max_head_bytes: usize,
    max_fields: usize,
    max_requests: usize,
    /// How many are under way. No semaphore: nobody waits, and giving its permit back takes a lock.
    under_way: Arc<AtomicUsize>,
}

/// A request that is under way, until this is dropped.
#[derive(Debug)]
pub(super) struct Turn<'l>(&'l AtomicUsize);

// ===== impl RequestLimits =====

impl RequestLimits {
    pub(super) fn new(settings: &ServerSettings) -> Self {
        Self {
            max_head_bytes: settings.max_head_bytes.count(),
            max_fields: settings.max_fields.count(),
            max_requests: settings.max_requests.count(),
            under_way: Arc::default(),
        }
    }

    /// Lets the request in for as long as its turn is kept.
    pub(super) fn admit(&self, head: &request::Parts) -> Result<Turn<'_>, EdgeRejection> {
        if head.headers.len() > self.max_fields {
            return Err(EdgeRejection::TooManyFields);
        }
        if head_bytes(head) > self.max_head_bytes {
            return Err(EdgeRejection::HeadTooLarge);
        }
        let turn = Turn(&self.under_way);
        // Relaxed: it counts, and guards nothing.
        if self.under_way.fetch_add(1, Ordering::Relaxed) >= self.max_requests {
            return Err(EdgeRejection::Overloaded); // dropping `turn` takes the step back
        }
        Ok(turn)
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// The length of the head as HTTP/1.1 writes it, so that a caller meets one limit in either version.
fn head_bytes(head: &request::Parts) -> usize {
    let target = head.uri.path_and_query().map_or(0, |target| target.as_str().len());
    let line = head.method.as_str().len() + target + "  HTTP/1.1\r\n".len();
    let fields = head.headers.iter().map(|(name, value)| name.as_str().len() + value.len() + ": \r\n".len());
    line + fields.sum::<usize>() + "\r\n".len()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::bounded::Bounded;

    fn limits() -> RequestLimits {
        RequestLimits::new(&ServerSettings {
            max_head_bytes: Bounded::nearest(1024),
            max_fields: Bounded::nearest(8),
            max_requests: Bounded::nearest(1),
            ..ServerSettings::default()
        })
    }

    fn request(fields: usize, length: usize) -> request::Parts {
        let mut request = http::Request::builder().uri("/");
        for field in 0..fields {
            request = request.header(format!("x-{field}"), "v".repeat(length));
        }
        request.body(()).unwrap().into_parts().0
    }

    #[test]
    fn the_limits_themselves_are_inside() {
        // "GET / HTTP/1.1", one field of name and value, and the empty line after it
        let full = 1024 - 16 - "x-0: \r\n".len() - 2;
        assert!(limits().admit(&request(1, full)).is_ok());
        assert_eq!(limits().admit(&request(1, full + 1)).unwrap_err(), EdgeRejection::HeadTooLarge);
        assert!(limits().admit(&request(8, 1)).is_ok());
        assert_eq!(limits().admit(&request(9, 1)).unwrap_err(), EdgeRejection::TooManyFields);
    }

    #[test]
    fn a_turn_is_over_when_its_permit_is_dropped() {
        let limits = limits();
        let other_worker = limits.clone();
        let turn = limits.admit(&request(1, 1)).unwrap();
        assert_eq!(other_worker.admit(&request(1, 1)).unwrap_err(), EdgeRejection::Overloaded);
        drop(turn);
        assert!(other_worker.admit(&request(1, 1)).is_ok());
    }
}
