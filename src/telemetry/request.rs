//! The request that a thread is busy with: its name stands in every line that is written meanwhile.

use std::cell::Cell;

use http::HeaderValue;

thread_local! {
    static CURRENT: Cell<Option<HeaderValue>> = const { Cell::new(None) };
}

/// Until it is dropped, lines of this thread bear a request's name.
#[must_use = "dropping it at once names nothing"]
#[derive(Debug)]
pub struct Inside {
    before: Option<HeaderValue>,
}

/// Names the request that this thread goes on with; `None` is none.
pub fn enter(id: Option<&HeaderValue>) -> Inside {
    Inside { before: CURRENT.replace(id.cloned()) }
}

impl Drop for Inside {
    fn drop(&mut self) {
        CURRENT.set(self.before.take());
    }
}

/// Shows the name to `write`, if there is one.
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
        let mut told = None;
        with_current(|id| told = Some(id.to_owned()));
        told
    }

    #[test]
    fn the_name_is_the_innermost_ones() {
        let (one, two) = (HeaderValue::from_static("one"), HeaderValue::from_static("two"));
        assert_eq!(current(), None);
        let outer = enter(Some(&one));
        let inner = enter(Some(&two));
        assert_eq!(current().as_deref(), Some("two"));
        drop(inner);
        assert_eq!(current().as_deref(), Some("one"));
        drop(outer);
        assert_eq!(current(), None);
    }
}
