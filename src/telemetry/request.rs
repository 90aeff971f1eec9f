//! The request that a thread is busy with: its name stands in every line that is written meanwhile.

use std::cell::Cell;

use http::HeaderValue;

thread_local! {
    static CURRENT: Cell<Option<HeaderValue>> = const { Cell::new(None) };
}

/// Until it is dropped, lines of this thread bear a request's name.
#[must_use = "dropping it at once names nothing"]
#[derive(Debug)]
pub struct Inside<'n> {
    /// The name, and while this lives, the one that was the thread's before.
    name: &'n mut Option<HeaderValue>,
}

/// Names the request that this thread goes on with; `None` is none. Lends the name and takes it back,
/// for it is entered at every poll, and a clone is counted across all threads.
pub fn enter(name: &mut Option<HeaderValue>) -> Inside<'_> {
    exchange(name);
    Inside { name }
}

fn exchange(name: &mut Option<HeaderValue>) {
    *name = CURRENT.replace(name.take());
}

impl Drop for Inside<'_> {
    fn drop(&mut self) {
        exchange(self.name);
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
        let mut names = ["one", "two"].map(|name| Some(HeaderValue::from_static(name)));
        let [one, two] = &mut names;
        assert_eq!(current(), None);
        let outer = enter(one);
        let inner = enter(two);
        assert_eq!(current().as_deref(), Some("two"));
        drop(inner);
        assert_eq!(current().as_deref(), Some("one"));
        drop(outer);
        assert_eq!(current(), None);
        assert_eq!(names, ["one", "two"].map(|name| Some(HeaderValue::from_static(name))));
    }
}
