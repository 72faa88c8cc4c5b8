//! Memory for objects that the system has handed out before anything is measured.

use std::sync::{Mutex, PoisonError};

use bytes::BytesMut;

/// Memory that was written to once. To find and clear a page on its first use can cost the system more than to receive
/// what is put there, and this server keeps all it gets: it would take the cores from what is measured.
pub(crate) struct Memory(Mutex<BytesMut>);

impl Memory {
    /// Takes `size` bytes from the system.
    pub(crate) fn touched(size: usize) -> Self {
        let mut bytes = BytesMut::with_capacity(size);
        bytes.resize(size, 1);
        bytes.clear();
        Self(Mutex::new(bytes))
    }

    /// Room for `size` bytes, of new memory once the rest is used up.
    pub(crate) fn take(&self, size: usize) -> BytesMut {
        let mut rest = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if size > rest.capacity() {
            return BytesMut::with_capacity(size);
        }
        let behind = rest.split_off(size);
        std::mem::replace(&mut rest, behind)
    }
}
