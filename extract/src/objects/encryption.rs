//! Files that are encrypted with a password (ISO 32000-2, 7.6): the key, and one object at a time.

use lopdf::encryption::{DecryptionError, PasswordAlgorithm, decrypt_object};
use lopdf::{Document, EncryptionState, StringFormat};

use super::object::{Dictionary, Object, ObjectId};
use crate::{ExtractError, Options, Password};

/// The key of a file that a password opened.
pub(super) struct Encryption(Box<EncryptionState>);

impl Encryption {
    /// Tries the empty password and the one in `options`, each as user and as owner password.
    /// `encrypt` and `file_id` are the trailer's `Encrypt` and `ID`, references resolved.
    pub(super) fn open(
        encrypt: &Dictionary,
        file_id: Option<&Object>,
        options: &Options,
    ) -> Result<Self, ExtractError> {
        let mut document = Document::new();
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
                Ok(state) => return Ok(Self(Box::new(state))),
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
        let mut object = lopdf::Object::String(bytes.into_vec(), StringFormat::Literal);
        // On an error the bytes are as they were.
        let _ = decrypt_object(&self.0, id, &mut object);
        match object {
            lopdf::Object::String(bytes, _) => bytes.into_boxed_slice(),
            _ => Box::default(),
        }
    }

    /// The data of a stream, with every filter still on.
    pub(super) fn data(&self, id: ObjectId, dict: &Dictionary, data: &[u8]) -> Box<[u8]> {
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
            if decrypt_object(&self.0, id, &mut object).is_ok()
                && let lopdf::Object::Stream(stream) = object
            {
                return stream.content.into_boxed_slice();
            }
        }
        data.into()
    }
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
