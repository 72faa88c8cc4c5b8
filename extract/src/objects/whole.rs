//! Files that have to be read as a whole: encrypted ones, and those whose objects must be searched.

use lopdf::encryption::DecryptionError;
use lopdf::{Document, LoadOptions, Object, ObjectId};

use crate::budget::Budget;
use crate::{ExtractError, Options, WarningCode};

/// Loads every object, decrypted; rebuilds the cross-reference where it cannot be read.
pub(super) fn load(
    bytes: &[u8],
    has_header: bool,
    options: &Options,
    budget: &Budget<'_>,
) -> Result<Document, ExtractError> {
    let load = LoadOptions {
        password: options
            .password
            .as_ref()
            .map(|password| password.expose().to_owned()),
        ..load_options(budget)
    };
    let document = Document::load_mem_with_options(bytes, load).map_err(|error| match error {
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
    Ok(without_positions(document))
}

/// Searches a file for its objects, whatever its cross-reference says.
pub(super) fn repair(bytes: &[u8], budget: &Budget<'_>) -> Option<Document> {
    budget.warn(
        WarningCode::RepairedXref,
        "an object was not in its place; the file was searched for its objects",
    );
    let load = LoadOptions {
        force_reconstruct: true,
        ..load_options(budget)
    };
    Document::load_mem_with_options(bytes, load)
        .ok()
        .map(without_positions)
}

/// The object with this number: of this generation, or else of the newest.
pub(super) fn get(document: &Document, id: ObjectId) -> Option<&Object> {
    document.objects.get(&id).or_else(|| {
        let generations = document.objects.range((id.0, 0)..=(id.0, u16::MAX));
        generations.last().map(|(_, object)| object)
    })
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

/// A position would be taken for one in a file that is read object by object.
fn without_positions(mut document: Document) -> Document {
    for object in document.objects.values_mut() {
        if let Object::Stream(stream) = object {
            stream.start_position = None;
        }
    }
    document
}
