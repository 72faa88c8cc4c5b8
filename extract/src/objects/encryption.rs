//! Files that are encrypted with a password (ISO 32000-2, 7.6): the key, and one object at a time.

use lopdf::encryption::crypt_filters::{CryptFilter, Rc4CryptFilter};
use lopdf::encryption::{DecryptionError, PasswordAlgorithm, decrypt_object};
use lopdf::{Document, EncryptionState, StringFormat};

use super::object::{Dictionary, Name, Object, ObjectId};
use crate::{ExtractError, Options, Password};

/// The key of a file that a password opened.
pub(super) struct Encryption {
    state: Box<EncryptionState>,
    /// The key of all strings and streams where it is not the one in `state`.
    padded_key: Option<[u8; RC4_KEY_BYTES]>,
}

/// The longest key of RC4 here, and what crypt filters fill a shorter one up to.
const RC4_KEY_BYTES: usize = 16;

impl Encryption {
    /// Tries the empty password and the one in `options`, each as user and as owner password.
    /// `encrypt` and `file_id` are the trailer's `Encrypt` and `ID`, references resolved.
    pub(super) fn open(
        encrypt: &Dictionary,
        file_id: Option<&Object>,
        options: &Options,
    ) -> Result<Self, ExtractError> {
        let mut document = Document::new();
        let short_key = with_short_key(encrypt);
        let has_short_key = short_key.is_some();
        let encrypt = short_key.as_ref().unwrap_or(encrypt);
        let encrypt = document.add_object(lopdf::Dictionary::from(encrypt));
        document.trailer.set("Encrypt", encrypt);
        // A file without identifier counts as one with an empty identifier, as other readers have it.
        let nothing = || lopdf::Object::Array(vec![lopdf::Object::string_literal("")]);
        let file_id = file_id.filter(|id| id.as_array().is_some_and(|id| !id.is_empty()));
        document
            .trailer
            .set("ID", file_id.map_or_else(nothing, lopdf::Object::from));
        let algorithm = PasswordAlgorithm::try_from(&document).map_err(|_| UNSUPPORTED)?;
        let given = options.password.as_ref().map(Password::expose);
        for password in [""].into_iter().chain(given) {
            let Ok(password) = algorithm.sanitize_password(password) else {
                continue;
            };
            match EncryptionState::decode(&document, password) {
                Ok(state) => {
                    return Ok(Self {
                        padded_key: has_short_key.then(|| padded(state.file_encryption_key())),
                        state: Box::new(state),
                    });
                }
                Err(lopdf::Error::Decryption(DecryptionError::IncorrectPassword)) => {}
                Err(_) => return Err(UNSUPPORTED),
            }
        }
        Err(locked(options))
    }

    /// Decrypts the strings of an object; what cannot be decrypted stays as it is.
    pub(super) fn strings(&self, id: ObjectId, object: Object) -> Object {
        match object {
            Object::String(bytes) => Object::String(self.string(id, bytes)),
            Object::Array(items) => {
                let items = items.into_iter().map(|item| self.strings(id, item));
                Object::Array(items.collect())
            }
            Object::Dictionary(dict) => Object::Dictionary(self.dictionary(id, dict)),
            other => other,
        }
    }

    fn dictionary(&self, id: ObjectId, dict: Dictionary) -> Dictionary {
        // A signature is computed over the encrypted file, and is not encrypted itself.
        let is_signature = dict.has(b"ByteRange") && dict.has(b"Contents");
        dict.into_iter()
            .map(|(key, value)| {
                if is_signature && key == *b"Contents" {
                    return (key, value);
                }
                let value = self.strings(id, value);
                (key, value)
            })
            .collect()
    }

    fn string(&self, id: ObjectId, bytes: Box<[u8]>) -> Box<[u8]> {
        if let Some(key) = &self.padded_key {
            return decrypt_rc4(key, id, &bytes);
        }
        let mut object = lopdf::Object::String(bytes.into_vec(), StringFormat::Literal);
        // On an error the bytes are as they were.
        let _ = decrypt_object(&self.state, id, &mut object);
        match object {
            lopdf::Object::String(bytes, _) => bytes.into_boxed_slice(),
            _ => Box::default(),
        }
    }

    /// The data of a stream, with every filter still on.
    pub(super) fn data(&self, id: ObjectId, dict: &Dictionary, data: &[u8]) -> Box<[u8]> {
        if let Some(key) = &self.padded_key {
            return match self.leaves_alone(dict) {
                true => data.into(),
                false => decrypt_rc4(key, id, data),
            };
        }
        let mut entries = lopdf::Dictionary::new();
        for key in [b"Type".as_slice(), b"Filter", b"DecodeParms"] {
            if let Some(value) = dict.get(key) {
                entries.set(key, lopdf::Object::from(value));
            }
        }
        // Some writers count a line end to the data, which is a multiple of the block size.
        let whole_blocks = &data[..data.len() / BLOCK_BYTES * BLOCK_BYTES];
        for data in [data, whole_blocks] {
            let stream = lopdf::Stream::new(entries.clone(), data.to_vec());
            let mut object = lopdf::Object::Stream(stream);
            if decrypt_object(&self.state, id, &mut object).is_ok()
                && let lopdf::Object::Stream(stream) = object
            {
                return stream.content.into_boxed_slice();
            }
        }
        data.into()
    }

    /// Whether the data of a stream is not encrypted, or by a filter of its own (ISO 32000-1, 7.6.5).
    fn leaves_alone(&self, dict: &Dictionary) -> bool {
        let is_crypt = |filter: &Object| filter.as_name() == Some(b"Crypt");
        let has_own_filter = dict.get(b"Filter").is_some_and(|filter| {
            is_crypt(filter)
                || filter
                    .as_array()
                    .is_some_and(|all| all.iter().any(is_crypt))
        });
        let kind = dict.get(b"Type").and_then(Object::as_name);
        has_own_filter
            || kind == Some(b"XRef")
            || (kind == Some(b"Metadata") && !self.state.encrypt_metadata())
    }
}

/// Crypt filters that use RC4 with fewer than 128 bits (ISO 32000-1, table 25) find their key as
/// version 2 of the algorithm does with that length, which is how it is told to lopdf: it wants 128
/// bits of them. `None` for any other file.
fn with_short_key(encrypt: &Dictionary) -> Option<Dictionary> {
    if encrypt.get(b"V")?.as_integer()? != 4 {
        return None;
    }
    let name = encrypt.get(b"StmF")?.as_name()?;
    if encrypt.get(b"StrF")?.as_name()? != name {
        return None;
    }
    let filter = encrypt.get(b"CF")?.as_dict()?.get(name)?.as_dict()?;
    if filter.get(b"CFM")?.as_name()? != b"V2" {
        return None;
    }
    let bits = encrypt.get(b"Length").and_then(Object::as_integer);
    // Crypt filters count bytes, and some writers bits.
    let bits = bits.or_else(|| match filter.get(b"Length")?.as_integer()? {
        bytes @ ..40 => Some(bytes * 8),
        bits => Some(bits),
    });
    let bits = bits.filter(|bits| (40..128).contains(bits))?;
    let entries = [
        (Name::new(b"V"), Object::Integer(2)),
        (Name::new(b"Length"), Object::Integer(bits)),
    ];
    let entries: Dictionary = entries.into_iter().collect();
    Some(entries.or(encrypt.clone()))
}

/// The standard does not say so, but the writers of such files, and with them all readers, fill a
/// short key of a crypt filter up with zeros before the keys of objects are made from it.
fn padded(key: &[u8]) -> [u8; RC4_KEY_BYTES] {
    let mut padded = [0; RC4_KEY_BYTES];
    for (padded, byte) in padded.iter_mut().zip(key) {
        *padded = *byte;
    }
    padded
}

fn decrypt_rc4(key: &[u8; RC4_KEY_BYTES], id: ObjectId, bytes: &[u8]) -> Box<[u8]> {
    let filter = Rc4CryptFilter;
    let decrypted = filter
        .compute_key(key, id)
        .and_then(|key| filter.decrypt(&key, bytes));
    decrypted.map_or_else(|_| bytes.into(), Vec::into_boxed_slice)
}

/// What AES encrypts at a time.
const BLOCK_BYTES: usize = 16;

const UNSUPPORTED: ExtractError = ExtractError::UnsupportedEncryption;

/// Why no password opened a file.
pub(super) fn locked(options: &Options) -> ExtractError {
    if options.password.is_some() {
        ExtractError::PasswordWrong
    } else {
        ExtractError::Encrypted
    }
}

#[cfg(test)]
mod tests;
