//! The objects of one file by number: the only place that knows how a file is opened.

mod encryption; // passwords, and what they open
mod file; // a sound file, read object by object
mod indirect; // one object at its offset
pub(crate) mod lexer; // tokens
mod object; // what objects are
mod object_stream; // objects within a stream
pub(crate) mod parse; // tokens to objects
mod text_string; // strings for people, in their three encodings
mod whole; // damaged files, read as a whole
mod xref; // where each object lies

use std::cell::OnceCell;

use crate::budget::Budget;
use crate::{ExtractError, Options, Password};

pub(crate) use object::{Dictionary, Object, ObjectId, Stream};
pub(crate) use text_string::text_string;

use encryption::Encryption;
use file::File;
use object::Data;
use whole::Whole;

/// References followed from one object to the next before giving up on a loop.
const MAX_REFERENCE_CHAIN: usize = 32;

/// A file whose objects can be looked up.
pub(crate) struct Objects<'a> {
    budget: &'a Budget<'a>,
    password: Option<Password>,
    version: String,
    source: Source<'a>,
}

enum Source<'a> {
    /// A sound file, read object by object; repaired as a whole once an object is not in its place.
    File {
        file: Box<File<'a>>,
        repaired: OnceCell<Option<Box<Whole>>>,
    },
    /// A damaged file, read as a whole.
    Loaded(Box<Whole>),
}

impl<'a> Objects<'a> {
    /// Opens `bytes`, with the empty password or the one in `options` when it is encrypted.
    pub(crate) fn open(
        bytes: &'a [u8],
        options: &Options,
        budget: &'a Budget<'a>,
    ) -> Result<Self, ExtractError> {
        let header = header(bytes);
        let (start, version) = header.clone().unwrap_or_default();
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
                password: options.password.clone(),
                version: version.clone(),
                source: Source::File {
                    file: Box::new(file),
                    repaired: OnceCell::new(),
                },
            };
            if objects.unlock(options)? && objects.has_page_tree() {
                return Ok(objects);
            }
        }
        budget.check()?;
        let whole = Whole::load(bytes, header.is_some(), options, budget)?;
        Ok(Self {
            budget,
            password: None,
            version: if version.is_empty() {
                whole.version.clone()
            } else {
                version
            },
            source: Source::Loaded(Box::new(whole)),
        })
    }

    /// No objects at all: for decoding what comes before there are any.
    fn empty(budget: &'a Budget<'a>) -> Self {
        Self {
            budget,
            password: None,
            version: String::new(),
            source: Source::File {
                file: Box::new(File::empty()),
                repaired: OnceCell::new(),
            },
        }
    }

    /// Finds the key of an encrypted file; `false` where it is damaged.
    fn unlock(&self, options: &Options) -> Result<bool, ExtractError> {
        let (Some(_), Source::File { file, .. }) = (self.trailer().get(b"Encrypt"), &self.source)
        else {
            return Ok(true);
        };
        let Some(encrypt) = self.dict(self.trailer(), b"Encrypt") else {
            return Ok(false);
        };
        let resolve = |entry| Object::clone(self.resolve(entry));
        let encrypt = encrypt
            .iter()
            .map(|(key, value)| (key.clone(), resolve(value)))
            .collect();
        let file_id = self.lookup(self.trailer(), b"ID");
        file.unlock(Encryption::open(&encrypt, file_id, options)?);
        Ok(true)
    }

    fn has_page_tree(&self) -> bool {
        self.catalog()
            .and_then(|catalog| self.dict(catalog, b"Pages"))
            .is_some()
    }

    /// The object with this number and generation, as stored: it may itself be a reference.
    pub(crate) fn get(&self, id: ObjectId) -> Option<&Object> {
        match &self.source {
            Source::Loaded(whole) => whole.get(id),
            Source::File { file, repaired } => {
                let found = file.get(id.0, self);
                if found.is_some() || !file.is_damaged() {
                    return found;
                }
                let repair = || Whole::repair(file.bytes(), self.password.as_ref(), self.budget);
                let repaired = repaired.get_or_init(|| repair().map(Box::new));
                repaired.as_deref()?.get(id)
            }
        }
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
        match (&stream.data, &self.source) {
            (Data::Own(bytes), _) => bytes,
            (Data::InFile(extent), Source::File { file, .. }) => {
                file.bytes().get(extent.clone()).unwrap_or_default()
            }
            (Data::InFile(_), Source::Loaded(_)) => &[],
        }
    }

    /// The trailer dictionary, newest revision.
    pub(crate) fn trailer(&self) -> &Dictionary {
        match &self.source {
            Source::File { file, .. } => file.trailer(),
            Source::Loaded(whole) => &whole.trailer,
        }
    }

    /// The document catalog (ISO 32000-1, 7.7.2).
    pub(crate) fn catalog(&self) -> Option<&Dictionary> {
        self.dict(self.trailer(), b"Root")
    }

    /// Whether the file has an encryption dictionary.
    pub(crate) fn is_encrypted(&self) -> bool {
        match &self.source {
            Source::File { file, .. } => file.is_encrypted(),
            Source::Loaded(whole) => whole.is_encrypted,
        }
    }

    /// The version in the file's header, as `1.7`.
    pub(crate) fn header_version(&self) -> &str {
        &self.version
    }

    /// Every object number that the file defines, ascending.
    pub(crate) fn ids(&self) -> Vec<ObjectId> {
        match &self.source {
            Source::File { file, .. } => file.ids().collect(),
            Source::Loaded(whole) => whole.ids().collect(),
        }
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
