//! A file read object by object, when one is asked for.

use std::cell::{Cell, OnceCell};
use std::rc::Rc;

use super::encryption::Encryption;
use super::object::{Data, Dictionary, Object, ObjectId, Stream};
use super::object_stream::ObjectStream;
use super::rebuild::{self, Found};
use super::table::Table;
use super::xref::{self, Entry, Place};
use super::{Objects, indirect};
use crate::budget::Budget;
use crate::filter;
use crate::{ExtractError, WarningCode};

/// Reading one object can ask for others: its stream's length, its object stream, the length of that.
const MAX_READS_AT_ONCE: u32 = 8;

/// The objects of a file.
#[derive(Default)]
pub(super) struct File<'a> {
    bytes: &'a [u8],
    trailer: Dictionary,
    table: Table,
    reads: Cell<u32>,
    /// An object was not where the cross-reference says.
    damaged: Cell<bool>,
    repair: Repair,
    /// Set before anything but the encryption dictionary is read.
    encryption: OnceCell<Encryption>,
}

/// What becomes of an object that is not in its place.
#[derive(Default)]
struct Repair {
    /// From a search of the whole file.
    table: OnceCell<Table>,
    /// The search is under way, or has given the table that is in use.
    begun: Cell<bool>,
}

impl<'a> File<'a> {
    /// `None` where the cross-reference cannot be followed.
    pub(super) fn open(bytes: &'a [u8], budget: &Budget<'_>) -> Option<Self> {
        let xref = xref::read(bytes, budget)?;
        if !xref.trailer.has(b"Root") {
            return None;
        }
        Some(Self {
            bytes,
            trailer: xref.trailer,
            table: Table::new(xref.entries),
            ..Self::default()
        })
    }

    /// Searches the whole file for its objects; lists the object streams, which can be read once the
    /// file is unlocked.
    pub(super) fn search(
        bytes: &'a [u8],
        budget: &Budget<'_>,
    ) -> Result<(Self, Vec<(u32, u64)>), ExtractError> {
        let Found { xref, containers } = rebuild::search(bytes, budget)?;
        let file = Self {
            bytes,
            trailer: xref.trailer,
            table: Table::new(xref.entries),
            ..Self::default()
        };
        file.repair.begun.set(true);
        Ok((file, containers))
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

    /// What the trailer lacks, or has wrong.
    pub(super) fn amend_trailer(&mut self, entries: Dictionary) {
        self.trailer = entries.or(std::mem::take(&mut self.trailer));
    }

    /// Adds what the file is known to hold besides what its cross-reference says.
    pub(super) fn add(&mut self, entries: Vec<Entry>) {
        self.table = std::mem::take(&mut self.table).with(entries);
    }

    /// Ascending.
    pub(super) fn ids(&self) -> Vec<ObjectId> {
        let repaired = self.repair.table.get();
        let repaired = repaired.into_iter().flat_map(Table::ids);
        let mut ids: Vec<ObjectId> = self.table.ids().chain(repaired).collect();
        ids.sort_unstable();
        ids.dedup_by_key(|id| id.0);
        ids
    }

    /// The object with this number, whatever its generation.
    pub(super) fn get(&self, number: u32, objects: &Objects<'_>) -> Option<&Object> {
        let found = self.get_from(&self.table, number, objects);
        if found.is_some() || !self.damaged.get() {
            return found;
        }
        self.get_from(self.repaired(objects)?, number, objects)
    }

    fn get_from<'s>(
        &'s self,
        table: &'s Table,
        number: u32,
        objects: &Objects<'_>,
    ) -> Option<&'s Object> {
        let slot = table.slot(number)?;
        if let Some(object) = slot.object.get() {
            return object.as_ref();
        }
        if self.reads.get() >= MAX_READS_AT_ONCE {
            return None;
        }
        self.reads.set(self.reads.get() + 1);
        let object = self.read(table, &slot.entry, objects);
        self.reads.set(self.reads.get() - 1);
        slot.object.get_or_init(|| object).as_ref()
    }

    /// Whether `word` may be a name in the object with this number: `false` where that is known
    /// without reading the object, which takes longer than to search it.
    pub(super) fn may_name(&self, number: u32, word: &[u8], objects: &Objects<'_>) -> bool {
        let Some(slot) = self.table.slot(number) else {
            return true;
        };
        match slot.entry.place {
            Place::InStream { container, index } if slot.object.get().is_none() => self
                .object_stream(&self.table, container, objects)
                .is_none_or(|stream| stream.may_name(number, index, word)),
            _ => true,
        }
    }

    /// What a search of the file finds; the file is searched once.
    fn repaired(&self, objects: &Objects<'_>) -> Option<&Table> {
        if !self.repair.begun.replace(true) {
            objects.budget.warn(
                WarningCode::RepairedXref,
                "an object was not in its place; the file was searched for its objects",
            );
            let found = rebuild::search(self.bytes, objects.budget).ok()?;
            let table = Table::new(found.xref.entries);
            let reads = self.reads.replace(0);
            let members = self.members_in(&table, &found.containers, objects);
            self.reads.set(reads);
            return Some(self.repair.table.get_or_init(|| table.with(members)));
        }
        self.repair.table.get()
    }

    /// The objects in these object streams, those first that count of what is written more than once.
    pub(super) fn members(&self, containers: &[(u32, u64)], objects: &Objects<'_>) -> Vec<Entry> {
        self.members_in(&self.table, containers, objects)
    }

    fn members_in(
        &self,
        table: &Table,
        containers: &[(u32, u64)],
        objects: &Objects<'_>,
    ) -> Vec<Entry> {
        let mut members = Vec::new();
        for (container, container_offset) in containers.iter().rev() {
            if objects.budget.check().is_err() {
                break;
            }
            let Some(stream) = self.object_stream(table, *container, objects) else {
                continue;
            };
            for (number, index) in stream.numbers().zip(0..) {
                // What is written behind the object stream replaces what is in it.
                let is_newer = match table.slot(number).map(|slot| slot.entry.place) {
                    Some(Place::Offset(offset)) => *container_offset > offset,
                    _ => true,
                };
                if is_newer && xref::may_add(&members, self.bytes, u64::from(number)) {
                    members.push(Entry {
                        number,
                        generation: 0,
                        place: Place::InStream {
                            container: *container,
                            index,
                        },
                    });
                }
            }
        }
        members
    }

    fn read(&self, table: &Table, entry: &Entry, objects: &Objects<'_>) -> Option<Object> {
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
                self.object_stream(table, container, objects)?
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

    fn object_stream(
        &self,
        table: &Table,
        container: u32,
        objects: &Objects<'_>,
    ) -> Option<Rc<ObjectStream>> {
        if let Some(known) = table.cached(container) {
            return Some(known);
        }
        if matches!(table.slot(container)?.entry.place, Place::InStream { .. }) {
            return None;
        }
        let Object::Stream(stream) = self.get_from(table, container, objects)? else {
            return None;
        };
        let first = usize::try_from(objects.integer(&stream.dict, b"First")?).ok()?;
        let data = objects.raw(stream);
        let decoded = filter::decode(&stream.dict, data, objects, objects.budget).ok()?;
        let decoded = ObjectStream::new(&stream.dict, first, decoded.bytes.into_owned());
        let decoded = Rc::new(decoded);
        table.cache(container, &decoded);
        Some(decoded)
    }
}
