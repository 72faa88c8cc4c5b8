//! Damaged files, read as a whole: every object in them is searched for.

use lopdf::encryption::DecryptionError;
use lopdf::{Document, LoadOptions};

use super::encryption::locked;
use super::lexer::Lexer;
use super::object::{Dictionary, Name, Object, ObjectId};
use super::parse;
use crate::budget::Budget;
use crate::{ExtractError, Options, Password, WarningCode};

/// Trailers looked at for what a rebuilt cross-reference lacks.
const MAX_TRAILERS: usize = 64;

/// How far before its type the object of a cross-reference stream may start.
const MAX_DICTIONARY_BYTES: usize = 4_096;

/// All objects of a file, decrypted.
pub(super) struct Whole {
    /// Ascending.
    objects: Vec<(ObjectId, Object)>,
    pub(super) trailer: Dictionary,
    /// Of the header, as `1.7`.
    pub(super) version: String,
    pub(super) is_encrypted: bool,
}

impl Whole {
    /// Loads every object, decrypted; rebuilds the cross-reference where it cannot be read.
    pub(super) fn load(
        bytes: &[u8],
        has_header: bool,
        options: &Options,
        budget: &Budget<'_>,
    ) -> Result<Self, ExtractError> {
        let load = load_options(options.password.as_ref(), budget);
        let document =
            Document::load_mem_with_options(bytes, load).map_err(|error| match error {
                lopdf::Error::InvalidPassword
                | lopdf::Error::Decryption(DecryptionError::IncorrectPassword) => locked(options),
                lopdf::Error::Decryption(_) | lopdf::Error::UnsupportedSecurityHandler(_) => {
                    ExtractError::UnsupportedEncryption
                }
                other if has_header => ExtractError::Damaged(other.to_string()),
                _ => ExtractError::NotAPdf,
            })?;
        if document.is_encrypted() && !document.was_encrypted() {
            return Err(locked(options));
        }
        if document.xref_recovery.is_some() {
            budget.warn(
                WarningCode::RepairedXref,
                "the cross-reference table was rebuilt",
            );
        }
        Ok(Self::from(document).with_info_of(bytes, budget))
    }

    /// A rebuilt cross-reference knows the catalog but not the information dictionary: that is what
    /// the newest trailer in the file that names one says.
    fn with_info_of(mut self, bytes: &[u8], budget: &Budget<'_>) -> Self {
        let mut end = bytes.len();
        for _ in 0..MAX_TRAILERS {
            if self.trailer.has(b"Info") {
                break;
            }
            let Some((found, start)) = last_trailer(&bytes[..end]) else {
                break;
            };
            end = found;
            let mut lexer = Lexer::new(bytes, start);
            if let Some(Object::Dictionary(dict)) =
                parse::object(&mut lexer, budget.limits.max_depth)
                && let Some(info) = dict.get(b"Info")
            {
                let entry = (Name::new(b"Info"), info.clone());
                self.trailer = self.trailer.or([entry].into_iter().collect());
            }
        }
        self
    }

    /// Searches a file for its objects, whatever its cross-reference says.
    pub(super) fn repair(
        bytes: &[u8],
        password: Option<&Password>,
        budget: &Budget<'_>,
    ) -> Option<Self> {
        budget.warn(
            WarningCode::RepairedXref,
            "an object was not in its place; the file was searched for its objects",
        );
        let load = LoadOptions {
            force_reconstruct: true,
            ..load_options(password, budget)
        };
        let document = Document::load_mem_with_options(bytes, load).ok()?;
        Some(Self::from(document))
    }

    /// The object with this number: of this generation, or else of the newest.
    pub(super) fn get(&self, id: ObjectId) -> Option<&Object> {
        let end = self.objects.partition_point(|(other, _)| other.0 <= id.0);
        let generations = self.objects[..end]
            .iter()
            .rev()
            .take_while(|(other, _)| other.0 == id.0);
        let exact = generations.clone().find(|(other, _)| *other == id);
        exact
            .or_else(|| generations.clone().next())
            .map(|(_, object)| object)
    }

    pub(super) fn ids(&self) -> impl Iterator<Item = ObjectId> + '_ {
        self.objects.iter().map(|(id, _)| *id)
    }
}

impl From<Document> for Whole {
    fn from(document: Document) -> Self {
        Self {
            is_encrypted: document.was_encrypted(),
            version: document.version,
            trailer: document.trailer.into(),
            objects: document
                .objects
                .into_iter()
                .map(|(id, object)| (id, object.into()))
                .collect(),
        }
    }
}

/// Where the last `trailer` or cross-reference stream is named, and where its dictionary starts.
fn last_trailer(bytes: &[u8]) -> Option<(usize, usize)> {
    let last = |bytes: &[u8], keyword: &[u8]| {
        bytes
            .windows(keyword.len())
            .rposition(|window| window == keyword)
    };
    let table = last(bytes, b"trailer");
    let stream = last(bytes, b"/XRef");
    let found = table.max(stream)?;
    let start = if Some(found) == table {
        found + b"trailer".len()
    } else {
        let from = found.saturating_sub(MAX_DICTIONARY_BYTES);
        from + last(&bytes[from..found], b"obj").map_or(0, |object| object + b"obj".len())
    };
    Some((found, start))
}

fn load_options(password: Option<&Password>, budget: &Budget<'_>) -> LoadOptions {
    LoadOptions {
        password: password.map(|password| password.expose().to_owned()),
        max_decompressed_size: usize::try_from(budget.limits.max_stream_bytes).ok(),
        ..LoadOptions::default()
    }
}
