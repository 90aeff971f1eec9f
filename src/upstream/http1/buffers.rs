//! The buffers of calls, kept for reuse. They are apart from the connections, so that an idle connection holds
//! no memory.

use std::sync::{Mutex, PoisonError};

/// The most buffers kept; those of a burst are freed.
const MAX_BUFFERS: usize = 64;
/// The largest buffer kept, in bytes.
const MAX_BUFFER_SIZE: usize = 32 << 10;

/// The buffers of one call.
#[derive(Debug, Default)]
pub(super) struct Buffers {
    pub(super) outgoing: Vec<u8>,
    pub(super) incoming: Vec<u8>,
}

/// The buffers between calls.
#[derive(Debug, Default)]
pub(super) struct BufferPool(Mutex<Vec<Buffers>>);

// ===== impl BufferPool =====

impl BufferPool {
    /// Empty buffers.
    pub(super) fn take(&self) -> Buffers {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).pop().unwrap_or_default()
    }

    /// Keeps buffers for the next call.
    pub(super) fn put(&self, mut buffers: Buffers) {
        buffers.outgoing.clear();
        buffers.incoming.clear();
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let is_small = buffers.outgoing.capacity().max(buffers.incoming.capacity()) <= MAX_BUFFER_SIZE;
        if is_small && kept.len() < MAX_BUFFERS {
            kept.push(buffers);
        }
    }
}
