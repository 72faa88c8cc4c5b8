//! Damaged files, read as a whole: every object in them is searched for.

use lopdf::encryption::DecryptionError;
use lopdf::{Document, LoadOptions};

use super::object::{Dictionary, Object, ObjectId};
use crate::budget::Budget;
use crate::{ExtractError, Options, WarningCode};

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
        let load = LoadOptions {
            password: options
                .password
                .as_ref()
                .map(|password| password.expose().to_owned()),
            ..load_options(budget)
        };
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
        Ok(Self::from(document))
    }

    /// Searches a file for its objects, whatever its cross-reference says.
    pub(super) fn repair(bytes: &[u8], budget: &Budget<'_>) -> Option<Self> {
        budget.warn(
            WarningCode::RepairedXref,
            "an object was not in its place; the file was searched for its objects",
        );
        let load = LoadOptions {
            force_reconstruct: true,
            ..load_options(budget)
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

fn load_options(budget: &Budget<'_>) -> LoadOptions {
    LoadOptions {
        max_decompressed_size: usize::try_from(budget.limits.max_stream_bytes).ok(),
        ..LoadOptions::default()
    }
}

fn locked(options: &Options) -> ExtractError {
    if options.password.is_some() {
        ExtractError::PasswordWrong
    } else {
        ExtractError::Encrypted
    }
}
