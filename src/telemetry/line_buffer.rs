//! Where log lines go: written at once, or buffered on worker threads.
//!
//! A worker thread buffers its lines and writes them before it sleeps. Under load many lines share one
//! system call, and an idle thread delays no line.

use std::cell::RefCell;
use std::mem;

use crate::telemetry::clock::Clock;

/// A buffer of this size is written without waiting for [`flush`].
const MAX_BUFFERED_BYTES: usize = 16 << 10;

thread_local! {
    static BUFFER: RefCell<LineBuffer> =
        const { RefCell::new(LineBuffer { clock: None, lines: Vec::new(), write: None, is_buffering: false }) };
}

/// The lines of one thread that are not written yet.
struct LineBuffer {
    clock: Option<Clock>,
    lines: Vec<u8>,
    write: Option<fn(&[u8])>,
    is_buffering: bool,
}

impl LineBuffer {
    fn flush(&mut self) {
        if let (Some(write), false) = (self.write, self.lines.is_empty()) {
            write(&self.lines);
            self.lines.clear();
        }
    }
}

impl Drop for LineBuffer {
    fn drop(&mut self) {
        self.flush();
    }
}

/// Buffers the lines of the current thread from now on. The thread must call [`flush`] before it sleeps.
pub fn buffer_on_this_thread() {
    BUFFER.with_borrow_mut(|buffer| buffer.is_buffering = true);
}

/// Writes the buffered lines of the current thread.
pub fn flush() {
    BUFFER.with_borrow_mut(LineBuffer::flush);
}

/// Adds the line that `format` appends to its buffer; `write` is called with whole lines.
pub(super) fn add_line(write: fn(&[u8]), format: impl FnOnce(&mut Clock, &mut Vec<u8>)) {
    // A thread that is exiting has no buffer any more, and a value that logs while it is being formatted
    // finds the buffer borrowed. Both lines are dropped rather than panicking.
    let _ = BUFFER.try_with(|buffer| {
        let Ok(mut buffer) = buffer.try_borrow_mut() else { return };
        buffer.write = Some(write);
        let mut lines = mem::take(&mut buffer.lines);
        format(buffer.clock.get_or_insert_default(), &mut lines);
        buffer.lines = lines;
        if !buffer.is_buffering || buffer.lines.len() >= MAX_BUFFERED_BYTES {
            buffer.flush();
        }
    });
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    thread_local! {
        static WRITTEN: Cell<(usize, usize)> = const { Cell::new((0, 0)) };
    }

    fn count(lines: &[u8]) {
        let (calls, bytes) = WRITTEN.get();
        WRITTEN.set((calls + 1, bytes + lines.len()));
    }

    fn add(length: usize) {
        add_line(count, |_, out| out.resize(out.len() + length, b'x'));
    }

    #[test]
    fn a_line_is_written_at_once_unless_the_thread_buffers() {
        add(10);
        assert_eq!(WRITTEN.get(), (1, 10));
        buffer_on_this_thread();
        add(10);
        add(10);
        assert_eq!(WRITTEN.get(), (1, 10));
        flush();
        flush();
        assert_eq!(WRITTEN.get(), (2, 30));
        add(MAX_BUFFERED_BYTES);
        assert_eq!(WRITTEN.get(), (3, 30 + MAX_BUFFERED_BYTES));
    }
}
