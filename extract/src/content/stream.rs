//! Decoded content streams; forms are kept while they are small, because pages repeat them.

use std::collections::HashMap;
use std::rc::Rc;

use crate::budget::Budget;
use crate::objects::{Dictionary, Object, Objects, Stream};
use crate::{ExtractError, filter};

/// Decoded bytes of forms kept at a time.
const MAX_CACHED_BYTES: usize = 16 << 20;

/// Forms by the address of their stream, which does not move while the objects live.
#[derive(Default)]
pub(super) struct StreamCache {
    streams: HashMap<*const Stream, Rc<Vec<u8>>>,
    cached_bytes: usize,
}

impl StreamCache {
    /// The content of a form.
    pub(super) fn form<'o>(
        &mut self,
        objects: &'o Objects<'o>,
        budget: &Budget<'_>,
        stream: &'o Stream,
    ) -> Result<Rc<Vec<u8>>, ExtractError> {
        let key = std::ptr::from_ref(stream);
        if let Some(bytes) = self.streams.get(&key) {
            return Ok(Rc::clone(bytes));
        }
        let decoded = filter::decode_stream(stream, objects, budget)?;
        let bytes = Rc::new(decoded.bytes.into_owned());
        if self.cached_bytes.saturating_add(bytes.len()) > MAX_CACHED_BYTES {
            self.streams.clear();
            self.cached_bytes = 0;
        }
        self.cached_bytes += bytes.len();
        self.streams.insert(key, Rc::clone(&bytes));
        Ok(bytes)
    }

    /// The content of a page: its streams joined by white space (ISO 32000-1, table 30).
    pub(super) fn page_contents<'o>(
        &self,
        objects: &'o Objects<'o>,
        budget: &Budget<'_>,
        page: &'o Dictionary,
    ) -> Result<Rc<Vec<u8>>, ExtractError> {
        let mut joined = Vec::new();
        let parts = match objects.lookup(page, b"Contents") {
            Some(Object::Array(parts)) => parts,
            Some(single) => std::slice::from_ref(single),
            None => &[],
        };
        for part in parts {
            let Object::Stream(stream) = objects.resolve(part) else {
                continue;
            };
            let decoded = filter::decode_stream(stream, objects, budget)?.bytes;
            if joined.is_empty() {
                joined = decoded.into_owned();
            } else {
                joined.push(b'\n');
                joined.extend_from_slice(&decoded);
            }
        }
        Ok(Rc::new(joined))
    }
}
