//! Image files, named by their content.

use std::fs;
use std::io;
use std::path::PathBuf;

use ::extract::{Image, ImageFormat, Sha256};

/// Where images are written; nowhere without a folder.
pub(super) struct ImageFolder(Option<PathBuf>);

impl ImageFolder {
    /// Makes the folder if there is none yet.
    pub(super) fn create(folder: Option<PathBuf>) -> io::Result<Self> {
        if let Some(folder) = &folder {
            fs::create_dir_all(folder)?;
        }
        Ok(Self(folder))
    }

    /// Writes one image.
    pub(super) fn write(&self, image: &Image<'_>) -> io::Result<()> {
        match &self.0 {
            Some(folder) => fs::write(
                folder.join(file_name(image.sha256, image.format)),
                &image.bytes,
            ),
            None => Ok(()),
        }
    }
}

/// The name of an image's file within its folder.
pub(super) fn file_name(sha256: Sha256, format: ImageFormat) -> String {
    format!("{sha256}.{}", format.extension())
}
