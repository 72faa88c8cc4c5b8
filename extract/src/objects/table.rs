//! What a cross-reference lists, each object read when one is asked for.

use std::cell::{Cell, OnceCell, RefCell};
use std::collections::HashMap;
use std::rc::Rc;

use super::object::{Object, ObjectId};
use super::object_stream::ObjectStream;
use super::xref::{self, Entry, Place};

/// Decoded object streams kept at a time.
const MAX_CACHED_BYTES: usize = 32 << 20;

/// Entries by number, with what was read of them.
#[derive(Default)]
pub(super) struct Table {
    slots: Vec<Slot>,
    object_streams: RefCell<HashMap<u32, Rc<ObjectStream>>>,
    cached_bytes: Cell<usize>,
}

pub(super) struct Slot {
    pub(super) entry: Entry,
    pub(super) object: OnceCell<Option<Object>>,
}

impl Table {
    /// `entries` are sorted by number, each number once.
    pub(super) fn new(entries: Vec<Entry>) -> Self {
        let slots = entries.into_iter().map(|entry| Slot {
            entry,
            object: OnceCell::new(),
        });
        Self {
            slots: slots.collect(),
            ..Self::default()
        }
    }

    /// With more entries, those first that count where a number is there already.
    pub(super) fn with(self, mut entries: Vec<Entry>) -> Self {
        entries.extend(self.slots.into_iter().map(|slot| slot.entry));
        Self::new(xref::newest_of_each(entries))
    }

    /// Numbers are mostly consecutive: the first guess is mostly right.
    pub(super) fn slot(&self, number: u32) -> Option<&Slot> {
        let first = self.slots.first()?.entry.number;
        let guess = self.slots.get(number.checked_sub(first)? as usize);
        guess
            .filter(|slot| slot.entry.number == number)
            .or_else(|| {
                let at = self
                    .slots
                    .binary_search_by_key(&number, |slot| slot.entry.number)
                    .ok()?;
                self.slots.get(at)
            })
    }

    pub(super) fn ids(&self) -> impl Iterator<Item = ObjectId> + '_ {
        self.slots
            .iter()
            .filter(|slot| slot.entry.place != Place::Free)
            .map(|slot| (slot.entry.number, slot.entry.generation))
    }

    /// The object stream with this number, if it was decoded before.
    pub(super) fn cached(&self, container: u32) -> Option<Rc<ObjectStream>> {
        self.object_streams.borrow().get(&container).cloned()
    }

    pub(super) fn cache(&self, container: u32, decoded: &Rc<ObjectStream>) {
        let mut kept = self.object_streams.borrow_mut();
        let total = self.cached_bytes.get().saturating_add(decoded.len());
        if total > MAX_CACHED_BYTES {
            kept.clear();
            self.cached_bytes.set(decoded.len());
        } else {
            self.cached_bytes.set(total);
        }
        kept.insert(container, Rc::clone(decoded));
    }
}
