//! The objects of one file by number: the only place that knows how a file is opened.

mod encryption; // passwords, and what they open
mod file; // a file, read object by object
mod indirect; // one object at its offset
pub(crate) mod lexer; // tokens
mod object; // what objects are
mod object_stream; // objects within a stream
pub(crate) mod parse; // tokens to objects
mod rebuild; // a damaged file, searched for its objects
mod table; // the objects that a cross-reference lists
mod text_string; // strings for people, in their three encodings
mod xref; // where each object lies

use crate::budget::Budget;
use crate::filter::Scratch;
use crate::{ExtractError, Options, WarningCode};

pub(crate) use object::{Dictionary, Object, ObjectId, Stream};
pub(crate) use text_string::text_string;

use encryption::Encryption;
use file::File;
use object::{Data, Name};

/// References followed from one object to the next before giving up on a loop.
const MAX_REFERENCE_CHAIN: usize = 32;

/// A file whose objects can be looked up.
pub(crate) struct Objects<'a> {
    budget: &'a Budget<'a>,
    version: String,
    file: File<'a>,
    scratch: Scratch,
}

impl<'a> Objects<'a> {
    /// Opens `bytes`, with the empty password or the one in `options` when it is encrypted. A file
    /// whose cross-reference does not lead to a page is searched for its objects.
    pub(crate) fn open(
        bytes: &'a [u8],
        options: &Options,
        budget: &'a Budget<'a>,
    ) -> Result<Self, ExtractError> {
        let header = header(bytes);
        let has_header = header.is_some();
        let (start, version) = header.unwrap_or_default();
        let from_header = bytes.get(start..).unwrap_or_default();
        let candidates = if start == 0 {
            vec![bytes]
        } else {
            vec![from_header, bytes]
        };
        for candidate in candidates {
            let Some(file) = File::open(candidate, budget) else {
                continue;
            };
            let objects = Self {
                budget,
                version: version.clone(),
                file,
                scratch: Scratch::default(),
            };
            if objects.unlock(options)? && objects.leads_to_a_page() {
                return Ok(objects);
            }
        }
        budget.check()?;
        let found = Self::rebuild(bytes, version, options, budget)?;
        if let Some(objects) = found.filter(|found| has_header || found.has_page_tree()) {
            return Ok(objects);
        }
        Err(if has_header {
            ExtractError::Damaged("no objects were found".to_owned())
        } else {
            ExtractError::NotAPdf
        })
    }

    /// Whatever the cross-reference says; `None` where the file holds no object.
    fn rebuild(
        bytes: &'a [u8],
        version: String,
        options: &Options,
        budget: &'a Budget<'a>,
    ) -> Result<Option<Self>, ExtractError> {
        let (file, containers) = File::search(bytes, budget)?;
        if file.ids().is_empty() {
            return Ok(None);
        }
        budget.warn(
            WarningCode::RepairedXref,
            "the cross-reference table was rebuilt",
        );
        let mut objects = Self {
            budget,
            version,
            file,
            scratch: Scratch::default(),
        };
        if !objects.unlock(options)? {
            let detail = "the encryption dictionary is missing".to_owned();
            return Err(ExtractError::Damaged(detail));
        }
        let members = objects.file.members(&containers, &objects);
        objects.file.add(members);
        if !objects.has_page_tree()
            && let Some(catalog) = objects.last_catalog()
        {
            let root = (Name::new(b"Root"), Object::Reference(catalog));
            objects.file.amend_trailer([root].into_iter().collect());
        }
        Ok(Some(objects))
    }

    /// No objects at all: for decoding what comes before there are any.
    fn empty(budget: &'a Budget<'a>) -> Self {
        Self {
            budget,
            version: String::new(),
            file: File::default(),
            scratch: Scratch::default(),
        }
    }

    /// Finds the key of an encrypted file; `false` where it is damaged.
    fn unlock(&self, options: &Options) -> Result<bool, ExtractError> {
        if !self.trailer().has(b"Encrypt") {
            return Ok(true);
        }
        let Some(encrypt) = self.dict(self.trailer(), b"Encrypt") else {
            return Ok(false);
        };
        let resolve = |entry| Object::clone(self.resolve(entry));
        let encrypt = encrypt
            .iter()
            .map(|(key, value)| (key.clone(), resolve(value)))
            .collect();
        let file_id = self.lookup(self.trailer(), b"ID");
        let encryption = Encryption::open(&encrypt, file_id, options)?;
        self.file.unlock(encryption);
        Ok(true)
    }

    fn has_page_tree(&self) -> bool {
        self.page_tree().is_some()
    }

    fn page_tree(&self) -> Option<&Dictionary> {
        self.dict(self.catalog()?, b"Pages")
    }

    /// Whether the first kids of the page tree that are there lead to a node without kids.
    fn leads_to_a_page(&self) -> bool {
        let mut node = self.page_tree();
        for _ in 0..self.budget.limits.max_depth {
            let Some(dict) = node else {
                return false;
            };
            let kids = self.array(dict, b"Kids").unwrap_or_default();
            if kids.is_empty() {
                return true;
            }
            node = kids.iter().find_map(|kid| as_dict(self.resolve(kid)));
        }
        false
    }

    /// The newest catalog with a page tree, in a file whose trailer does not say where it is.
    fn last_catalog(&self) -> Option<ObjectId> {
        let is_catalog = |id: &ObjectId| {
            let dict = self.get(*id).and_then(as_dict);
            dict.is_some_and(|dict| {
                self.name(dict, b"Type") == Some(b"Catalog") && self.dict(dict, b"Pages").is_some()
            })
        };
        let mut ids = self.ids();
        ids.reverse();
        ids.into_iter()
            .take_while(|_| self.budget.check().is_ok())
            .find(is_catalog)
    }

    /// The object with this number, as stored: it may itself be a reference.
    pub(crate) fn get(&self, id: ObjectId) -> Option<&Object> {
        self.file.get(id.0, self)
    }

    /// `false` where `object` leads to one in which `word` is no name, and which need not be read to
    /// see that.
    pub(crate) fn may_name(&self, object: &Object, word: &[u8]) -> bool {
        object
            .as_reference()
            .is_none_or(|id| self.file.may_name(id.0, word, self))
    }

    /// Follows references to the object itself; [`Object::Null`] where one leads nowhere.
    pub(crate) fn resolve<'o>(&'o self, object: &'o Object) -> &'o Object {
        let mut current = object;
        for _ in 0..MAX_REFERENCE_CHAIN {
            match current {
                Object::Reference(id) => match self.get(*id) {
                    Some(next) => current = next,
                    None => return &Object::Null,
                },
                other => return other,
            }
        }
        &Object::Null
    }

    /// The resolved value of `key`; `None` where it is absent or null.
    pub(crate) fn lookup<'o>(&'o self, dict: &'o Dictionary, key: &[u8]) -> Option<&'o Object> {
        match self.resolve(dict.get(key)?) {
            Object::Null => None,
            object => Some(object),
        }
    }

    /// A dictionary, or the dictionary of a stream.
    pub(crate) fn dict<'o>(&'o self, dict: &'o Dictionary, key: &[u8]) -> Option<&'o Dictionary> {
        as_dict(self.lookup(dict, key)?)
    }

    pub(crate) fn array<'o>(&'o self, dict: &'o Dictionary, key: &[u8]) -> Option<&'o [Object]> {
        match self.lookup(dict, key)? {
            Object::Array(items) => Some(items),
            _ => None,
        }
    }

    pub(crate) fn name<'o>(&'o self, dict: &'o Dictionary, key: &[u8]) -> Option<&'o [u8]> {
        match self.lookup(dict, key)? {
            Object::Name(name) => Some(name),
            _ => None,
        }
    }

    pub(crate) fn string<'o>(&'o self, dict: &'o Dictionary, key: &[u8]) -> Option<&'o [u8]> {
        match self.lookup(dict, key)? {
            Object::String(bytes) => Some(bytes),
            _ => None,
        }
    }

    pub(crate) fn stream<'o>(&'o self, dict: &'o Dictionary, key: &[u8]) -> Option<&'o Stream> {
        match self.lookup(dict, key)? {
            Object::Stream(stream) => Some(stream),
            _ => None,
        }
    }

    /// An integer or a real.
    pub(crate) fn number(&self, dict: &Dictionary, key: &[u8]) -> Option<f32> {
        as_number(self.lookup(dict, key)?)
    }

    /// An integer; a real is rounded towards zero.
    pub(crate) fn integer(&self, dict: &Dictionary, key: &[u8]) -> Option<i64> {
        match self.lookup(dict, key)? {
            Object::Integer(value) => Some(*value),
            Object::Real(value) => Some(*value as i64),
            _ => None,
        }
    }

    /// The numbers of an array, references resolved; `None` unless all of them are numbers.
    pub(crate) fn numbers(&self, dict: &Dictionary, key: &[u8]) -> Option<Vec<f32>> {
        self.array(dict, key)?
            .iter()
            .map(|item| as_number(self.resolve(item)))
            .collect()
    }

    pub(crate) fn boolean(&self, dict: &Dictionary, key: &[u8]) -> Option<bool> {
        match self.lookup(dict, key)? {
            Object::Boolean(value) => Some(*value),
            _ => None,
        }
    }

    /// The bytes of a stream, decrypted but with every filter still on.
    pub(crate) fn raw<'o>(&'o self, stream: &'o Stream) -> &'o [u8] {
        match &stream.data {
            Data::Own(bytes) => bytes,
            Data::InFile(extent) => self.file.bytes().get(extent.clone()).unwrap_or_default(),
        }
    }

    /// The trailer dictionary, newest revision.
    pub(crate) fn trailer(&self) -> &Dictionary {
        self.file.trailer()
    }

    /// The document catalog (ISO 32000-1, 7.7.2).
    pub(crate) fn catalog(&self) -> Option<&Dictionary> {
        self.dict(self.trailer(), b"Root")
    }

    /// What streams are decoded into.
    pub(crate) fn scratch(&self) -> &Scratch {
        &self.scratch
    }

    /// Whether the file has an encryption dictionary.
    pub(crate) fn is_encrypted(&self) -> bool {
        self.file.is_encrypted()
    }

    /// The version in the file's header, as `1.7`.
    pub(crate) fn header_version(&self) -> &str {
        &self.version
    }

    /// Every object number that the file defines, ascending.
    pub(crate) fn ids(&self) -> Vec<ObjectId> {
        self.file.ids()
    }
}

/// A dictionary, or the dictionary of a stream.
pub(crate) fn as_dict(object: &Object) -> Option<&Dictionary> {
    object.as_dict()
}

/// An integer or a real.
pub(crate) fn as_number(object: &Object) -> Option<f32> {
    object.as_number()
}

/// Where the header starts and the version it gives, as `1.7`. ISO 32000-1, annex H, note 13: the
/// header may lie anywhere in the first 1,024 bytes.
fn header(bytes: &[u8]) -> Option<(usize, String)> {
    const MARK: &[u8] = b"%PDF-";
    let head = bytes.get(..bytes.len().min(1024 + MARK.len()))?;
    let start = head.windows(MARK.len()).position(|window| window == MARK)?;
    let version = bytes[start + MARK.len()..]
        .iter()
        .take_while(|byte| byte.is_ascii_digit() || **byte == b'.')
        .take(8)
        .map(|&byte| char::from(byte))
        .collect();
    Some((start, version))
}

#[cfg(test)]
mod tests;
