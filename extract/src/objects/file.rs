//! A file read object by object, when one is asked for.

use std::cell::{Cell, OnceCell, RefCell};
use std::collections::HashMap;
use std::rc::Rc;

use super::encryption::Encryption;
use super::object::{Data, Dictionary, Object, ObjectId, Stream};
use super::object_stream::ObjectStream;
use super::xref::{self, Entry, Place};
use super::{Objects, indirect};
use crate::budget::Budget;
use crate::filter;

/// Reading one object can ask for others: its stream's length, its object stream, the length of that.
const MAX_READS_AT_ONCE: u32 = 8;

/// Decoded object streams kept at a time.
const MAX_CACHED_BYTES: usize = 32 << 20;

/// The objects of a sound file.
pub(super) struct File<'a> {
    bytes: &'a [u8],
    slots: Vec<Slot>,
    trailer: Dictionary,
    object_streams: RefCell<HashMap<u32, Rc<ObjectStream>>>,
    cached_bytes: Cell<usize>,
    reads: Cell<u32>,
    damaged: Cell<bool>,
    /// Set before anything but the encryption dictionary is read.
    encryption: OnceCell<Encryption>,
}

struct Slot {
    entry: Entry,
    object: OnceCell<Option<Object>>,
}

impl<'a> File<'a> {
    /// `None` where the cross-reference cannot be followed.
    pub(super) fn open(bytes: &'a [u8], budget: &Budget<'_>) -> Option<Self> {
        let xref = xref::read(bytes, budget)?;
        if !xref.trailer.has(b"Root") {
            return None;
        }
        let slots = xref.entries.into_iter().map(|entry| Slot {
            entry,
            object: OnceCell::new(),
        });
        Some(Self {
            bytes,
            slots: slots.collect(),
            trailer: xref.trailer,
            ..Self::empty()
        })
    }

    /// A file without objects.
    pub(super) fn empty() -> Self {
        Self {
            bytes: &[],
            slots: Vec::new(),
            trailer: Dictionary::default(),
            object_streams: RefCell::default(),
            cached_bytes: Cell::new(0),
            reads: Cell::new(0),
            damaged: Cell::new(false),
            encryption: OnceCell::new(),
        }
    }

    /// From now on, objects are decrypted.
    pub(super) fn unlock(&self, encryption: Encryption) {
        // A file is unlocked once, where it is opened.
        let _ = self.encryption.set(encryption);
    }

    pub(super) fn is_encrypted(&self) -> bool {
        self.encryption.get().is_some()
    }

    /// The whole file.
    pub(super) fn bytes(&self) -> &'a [u8] {
        self.bytes
    }

    pub(super) fn trailer(&self) -> &Dictionary {
        &self.trailer
    }

    /// An object was not where the cross-reference says.
    pub(super) fn is_damaged(&self) -> bool {
        self.damaged.get()
    }

    pub(super) fn ids(&self) -> impl Iterator<Item = ObjectId> + '_ {
        self.slots
            .iter()
            .filter(|slot| slot.entry.place != Place::Free)
            .map(|slot| (slot.entry.number, slot.entry.generation))
    }

    /// The object with this number, whatever its generation.
    pub(super) fn get(&self, number: u32, objects: &Objects<'_>) -> Option<&Object> {
        let slot = self.slot(number)?;
        if let Some(object) = slot.object.get() {
            return object.as_ref();
        }
        if self.reads.get() >= MAX_READS_AT_ONCE {
            return None;
        }
        self.reads.set(self.reads.get() + 1);
        let object = self.read(&slot.entry, objects);
        self.reads.set(self.reads.get() - 1);
        slot.object.get_or_init(|| object).as_ref()
    }

    /// Numbers are mostly consecutive: the first guess is mostly right.
    fn slot(&self, number: u32) -> Option<&Slot> {
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

    fn read(&self, entry: &Entry, objects: &Objects<'_>) -> Option<Object> {
        match entry.place {
            Place::Free => None,
            Place::Offset(offset) => {
                let object = self.read_at(entry.number, offset, objects);
                if object.is_none() {
                    self.damaged.set(true);
                }
                object
            }
            Place::InStream { container, index } => {
                let max_depth = objects.budget.limits.max_depth;
                self.object_stream(container, objects)?
                    .get(entry.number, index, max_depth)
            }
        }
    }

    fn read_at(&self, number: u32, offset: u64, objects: &Objects<'_>) -> Option<Object> {
        let offset = usize::try_from(offset).ok()?;
        let max_depth = objects.budget.limits.max_depth;
        let found = indirect::read(self.bytes, offset, max_depth)?;
        if found.id.0 != number {
            return None;
        }
        let encryption = self.encryption.get();
        let object = match encryption {
            Some(encryption) => encryption.strings(found.id, found.object),
            None => found.object,
        };
        let (Some(start), Object::Dictionary(dict)) = (found.data_start, &object) else {
            return Some(object);
        };
        let length = objects
            .integer(dict, b"Length")
            .and_then(|length| usize::try_from(length).ok());
        let extent = indirect::extent(self.bytes, start, length);
        let data = match encryption {
            Some(encryption) => {
                let data = self.bytes.get(extent).unwrap_or_default();
                Data::Own(encryption.data(found.id, dict, data))
            }
            None => Data::InFile(extent),
        };
        let Object::Dictionary(dict) = object else {
            return None;
        };
        Some(Object::Stream(Box::new(Stream { dict, data })))
    }

    fn object_stream(&self, container: u32, objects: &Objects<'_>) -> Option<Rc<ObjectStream>> {
        if let Some(known) = self.object_streams.borrow().get(&container) {
            return Some(Rc::clone(known));
        }
        if matches!(self.slot(container)?.entry.place, Place::InStream { .. }) {
            return None;
        }
        let Object::Stream(stream) = self.get(container, objects)? else {
            return None;
        };
        let first = usize::try_from(objects.integer(&stream.dict, b"First")?).ok()?;
        let data = objects.raw(stream);
        let decoded = filter::decode(&stream.dict, data, objects, objects.budget).ok()?;
        let decoded = ObjectStream::new(&stream.dict, first, decoded.bytes.into_owned());
        let decoded = Rc::new(decoded);
        let mut kept = self.object_streams.borrow_mut();
        let total = self.cached_bytes.get().saturating_add(decoded.len());
        if total > MAX_CACHED_BYTES {
            kept.clear();
            self.cached_bytes.set(decoded.len());
        } else {
            self.cached_bytes.set(total);
        }
        kept.insert(container, Rc::clone(&decoded));
        Some(decoded)
    }
}
