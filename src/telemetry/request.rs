//! The ID of the request that the current thread is working on. Every line logged meanwhile carries it.

use std::cell::Cell;

use http::HeaderValue;

thread_local! {
    static CURRENT: Cell<Option<HeaderValue>> = const { Cell::new(None) };
}

/// Lines of this thread carry the request's ID until this is dropped.
#[must_use = "the scope ends when this is dropped"]
#[derive(Debug)]
pub struct RequestScope<'i> {
    /// While this lives, the ID that was current before.
    id: &'i mut Option<HeaderValue>,
}

/// Makes `id` current on this thread. The scope is entered at every poll, so the ID is swapped in and out:
/// a clone would update a reference count that all threads share.
pub fn enter(id: &mut Option<HeaderValue>) -> RequestScope<'_> {
    swap_current(id);
    RequestScope { id }
}

fn swap_current(id: &mut Option<HeaderValue>) {
    *id = CURRENT.replace(id.take());
}

impl Drop for RequestScope<'_> {
    fn drop(&mut self) {
        swap_current(self.id);
    }
}

/// Calls `write` with the current ID, if there is one.
pub(super) fn with_current(write: impl FnOnce(&str)) {
    let current = CURRENT.take();
    if let Some(id) = current.as_ref().and_then(|id| id.to_str().ok()) {
        write(id);
    }
    CURRENT.set(current);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn current() -> Option<String> {
        let mut current = None;
        with_current(|id| current = Some(id.to_owned()));
        current
    }

    #[test]
    fn innermost_scope_is_current() {
        let mut ids = ["one", "two"].map(|id| Some(HeaderValue::from_static(id)));
        let [one, two] = &mut ids;
        assert_eq!(current(), None);
        let outer = enter(one);
        let inner = enter(two);
        assert_eq!(current().as_deref(), Some("two"));
        drop(inner);
        assert_eq!(current().as_deref(), Some("one"));
        drop(outer);
        assert_eq!(current(), None);
        assert_eq!(ids, ["one", "two"].map(|id| Some(HeaderValue::from_static(id))));
    }
}
