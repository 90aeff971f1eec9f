//! The limits that are checked before the content of a request is read.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use http::request;

use crate::gateway::handler::EdgeRejection;
use crate::server::server_settings::ServerSettings;

/// The limits of each request and of concurrent requests, shared by all workers.
#[derive(Clone, Debug)]
pub(super) struct RequestLimits {
    max_head_bytes: usize,
    max_fields: usize,
    max_requests: usize,
    /// Not a semaphore: no request waits, and releasing a semaphore permit takes a lock.
    concurrent_requests: Arc<AtomicUsize>,
}

/// Counts towards the concurrent requests until it is dropped.
#[derive(Debug)]
pub(super) struct RequestPermit<'l>(&'l AtomicUsize);

// ===== impl RequestLimits =====

impl RequestLimits {
    pub(super) fn new(settings: &ServerSettings) -> Self {
        Self {
            max_head_bytes: settings.max_head_bytes.count(),
            max_fields: settings.max_fields.count(),
            max_requests: settings.max_requests.count(),
            concurrent_requests: Arc::default(),
        }
    }

    /// Admits the request if it is within the limits.
    pub(super) fn admit(&self, head: &request::Parts) -> Result<RequestPermit<'_>, EdgeRejection> {
        if head.headers.len() > self.max_fields {
            return Err(EdgeRejection::TooManyFields);
        }
        if head_bytes(head) > self.max_head_bytes {
            return Err(EdgeRejection::HeadTooLarge);
        }
        let permit = RequestPermit(&self.concurrent_requests);
        // Relaxed: the counter guards no other memory.
        if self.concurrent_requests.fetch_add(1, Ordering::Relaxed) >= self.max_requests {
            return Err(EdgeRejection::Overloaded); // dropping `permit` undoes the increment
        }
        Ok(permit)
    }
}

impl Drop for RequestPermit<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// The length of the head as HTTP/1.1 text, so that the limit is the same for HTTP/2.
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
    fn a_request_at_a_limit_is_admitted_and_one_beyond_it_refused() {
        // "GET / HTTP/1.1", one field of name and value, and the empty line after it
        let full = 1024 - 16 - "x-0: \r\n".len() - 2;
        assert!(limits().admit(&request(1, full)).is_ok());
        assert_eq!(limits().admit(&request(1, full + 1)).unwrap_err(), EdgeRejection::HeadTooLarge);
        assert!(limits().admit(&request(8, 1)).is_ok());
        assert_eq!(limits().admit(&request(9, 1)).unwrap_err(), EdgeRejection::TooManyFields);
    }

    #[test]
    fn a_dropped_permit_admits_the_next_request() {
        let limits = limits();
        let other_worker = limits.clone();
        let permit = limits.admit(&request(1, 1)).unwrap();
        assert_eq!(other_worker.admit(&request(1, 1)).unwrap_err(), EdgeRejection::Overloaded);
        drop(permit);
        assert!(other_worker.admit(&request(1, 1)).is_ok());
    }
}
