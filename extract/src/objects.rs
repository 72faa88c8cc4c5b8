//! The objects of one file by number: the only place that knows how a file is opened.

pub(crate) mod lexer; // tokens
pub(crate) mod parse; // tokens to objects
mod text_string; // strings for people, in their three encodings

use lopdf::{Dictionary, Document, LoadOptions, Object, ObjectId, Stream};

use crate::budget::Budget;
use crate::{ExtractError, Options, WarningCode};

pub(crate) use text_string::text_string;

/// References followed from one object to the next before giving up on a loop.
const MAX_REFERENCE_CHAIN: usize = 32;

/// A file whose objects can be looked up.
pub(crate) struct Objects<'a> {
    document: Document,
    encrypted: bool,
    bytes: &'a [u8],
}

impl<'a> Objects<'a> {
    /// Opens `bytes`, with the empty password or the one in `options` when it is encrypted.
    pub(crate) fn open(
        bytes: &'a [u8],
        options: &Options,
        budget: &Budget<'_>,
    ) -> Result<Self, ExtractError> {
        let load = LoadOptions {
            password: options
                .password
                .as_ref()
                .map(|password| password.expose().to_owned()),
            max_decompressed_size: usize::try_from(budget.limits.max_stream_bytes).ok(),
            ..LoadOptions::default()
        };
        let document = Document::load_mem_with_options(bytes, load)
            .map_err(|error| open_error(bytes, options, &error))?;
        if document.is_encrypted() && !document.was_encrypted() {
            return Err(locked(options));
        }
        if document.xref_recovery.is_some() {
            budget.warn(
                WarningCode::RepairedXref,
                "the cross-reference table was rebuilt",
            );
        }
        let encrypted = document.was_encrypted();
        Ok(Self {
            document,
            encrypted,
            bytes,
        })
    }

    /// The object with this number and generation, as stored: it may itself be a reference.
    pub(crate) fn get(&self, id: ObjectId) -> Option<&Object> {
        self.document.objects.get(&id)
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
        match self.resolve(dict.get(key).ok()?) {
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
            Object::String(bytes, _) => Some(bytes),
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
        &stream.content
    }

    /// The trailer dictionary, newest revision.
    pub(crate) fn trailer(&self) -> &Dictionary {
        &self.document.trailer
    }

    /// The document catalog (ISO 32000-1, 7.7.2).
    pub(crate) fn catalog(&self) -> Option<&Dictionary> {
        self.dict(self.trailer(), b"Root")
    }

    /// Whether the file has an encryption dictionary.
    pub(crate) fn is_encrypted(&self) -> bool {
        self.encrypted
    }

    /// The version in the file's header, as `1.7`.
    pub(crate) fn header_version(&self) -> &str {
        &self.document.version
    }

    /// Every object number that the file defines, ascending.
    pub(crate) fn ids(&self) -> Vec<ObjectId> {
        self.document.objects.keys().copied().collect()
    }

    /// The whole file.
    pub(crate) fn file(&self) -> &'a [u8] {
        self.bytes
    }
}

/// A dictionary, or the dictionary of a stream.
pub(crate) fn as_dict(object: &Object) -> Option<&Dictionary> {
    match object {
        Object::Dictionary(dict) => Some(dict),
        Object::Stream(stream) => Some(&stream.dict),
        _ => None,
    }
}

/// An integer or a real.
pub(crate) fn as_number(object: &Object) -> Option<f32> {
    match object {
        Object::Integer(value) => Some(*value as f32),
        Object::Real(value) => Some(*value),
        _ => None,
    }
}

fn locked(options: &Options) -> ExtractError {
    if options.password.is_some() {
        ExtractError::PasswordWrong
    } else {
        ExtractError::Encrypted
    }
}

fn open_error(bytes: &[u8], options: &Options, error: &lopdf::Error) -> ExtractError {
    match error {
        lopdf::Error::InvalidPassword => locked(options),
        lopdf::Error::Decryption(lopdf::encryption::DecryptionError::IncorrectPassword) => {
            locked(options)
        }
        lopdf::Error::Decryption(_) | lopdf::Error::UnsupportedSecurityHandler(_) => {
            ExtractError::UnsupportedEncryption
        }
        _ if has_header(bytes) => ExtractError::Damaged(error.to_string()),
        _ => ExtractError::NotAPdf,
    }
}

/// ISO 32000-1, annex H, note 13: the header may lie anywhere in the first 1,024 bytes.
fn has_header(bytes: &[u8]) -> bool {
    bytes
        .get(..bytes.len().min(1024))
        .is_some_and(|start| start.windows(5).any(|window| window == b"%PDF-"))
}
