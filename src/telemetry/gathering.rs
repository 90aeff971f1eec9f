//! Where lines go: out at once, or, on a worker's thread, together with the others of a moment.
//!
//! A worker gathers its lines and lets them out before it goes to sleep, so that under load a request
//! does not cost a system call for its line, and at rest no line is late.

use std::cell::RefCell;
use std::mem;

use crate::telemetry::clock::Clock;

/// So many bytes are gathered at most.
const MOST: usize = 16 << 10;

thread_local! {
    static DESK: RefCell<LineBuffer> = const { RefCell::new(LineBuffer { clock: None, lines: Vec::new(), out: None, gathers: false }) };
}

/// What one thread keeps for its lines.
struct LineBuffer {
    clock: Option<Clock>,
    lines: Vec<u8>,
    out: Option<fn(&[u8])>,
    gathers: bool,
}

impl LineBuffer {
    fn flush(&mut self) {
        if let (Some(out), false) = (self.out, self.lines.is_empty()) {
            out(&self.lines);
            self.lines.clear();
        }
    }
}

impl Drop for LineBuffer {
    fn drop(&mut self) {
        self.flush();
    }
}

/// From now on this thread gathers its lines: it promises to [`flush`] before it sleeps.
pub fn gather() {
    DESK.with_borrow_mut(|desk| desk.gathers = true);
}

/// Lets out what this thread gathered.
pub fn flush() {
    DESK.with_borrow_mut(LineBuffer::flush);
}

/// Takes in one line, which `write` appends to what it is given.
pub(super) fn line(out: fn(&[u8]), write: impl FnOnce(&mut Clock, &mut Vec<u8>)) {
    // A thread that is ending has no desk any more, and a value that logs while it is written into a
    // line finds it taken: neither line is worth a panic.
    let _ = DESK.try_with(|desk| {
        let Ok(mut desk) = desk.try_borrow_mut() else { return };
        desk.out = Some(out);
        let mut lines = mem::take(&mut desk.lines);
        write(desk.clock.get_or_insert_default(), &mut lines);
        desk.lines = lines;
        if !desk.gathers || desk.lines.len() >= MOST {
            desk.flush();
        }
    });
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    thread_local! {
        static SEEN: Cell<(usize, usize)> = const { Cell::new((0, 0)) };
    }

    fn count(lines: &[u8]) {
        let (times, bytes) = SEEN.get();
        SEEN.set((times + 1, bytes + lines.len()));
    }

    fn write(length: usize) {
        line(count, |_, out| out.resize(out.len() + length, b'x'));
    }

    #[test]
    fn a_line_goes_out_at_once_unless_the_thread_gathers() {
        write(10);
        assert_eq!(SEEN.get(), (1, 10));
        gather();
        write(10);
        write(10);
        assert_eq!(SEEN.get(), (1, 10));
        flush();
        flush();
        assert_eq!(SEEN.get(), (2, 30));
        write(MOST);
        assert_eq!(SEEN.get(), (3, 30 + MOST));
    }
}
