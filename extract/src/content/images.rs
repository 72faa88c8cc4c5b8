//! Each image object decoded once, each distinct image handed out once.

use std::collections::{HashMap, HashSet};

use crate::budget::Budget;
use crate::objects::Stream;
use crate::{ExtractError, Image, ImageFormat, Sha256, Sink, WarningCode};

/// What a page needs to know of an image that was handed out.
#[derive(Clone, Copy)]
pub(crate) struct StoredImage {
    pub(crate) sha256: Sha256,
    pub(crate) width: u32,
    pub(crate) height: u32,
    pub(crate) format: ImageFormat,
}

/// What makes two drawn images the same object.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum ImageKey {
    /// The address of a stream, which does not move while the objects live.
    Object(*const Stream),
    /// An inline image, by what is written between `BI` and `EI` and the page's or form's resources.
    Inline(Sha256, usize),
}

/// The images of one document, on their way to the sink.
pub(crate) struct ImageStore<'r> {
    sink: &'r mut dyn Sink,
    /// Without it nothing is decoded.
    wanted: bool,
    by_object: HashMap<ImageKey, Option<StoredImage>>,
    handed_out: HashSet<Sha256>,
}

impl<'r> ImageStore<'r> {
    pub(crate) fn new(sink: &'r mut dyn Sink, wanted: bool) -> Self {
        Self {
            sink,
            wanted,
            by_object: HashMap::new(),
            handed_out: HashSet::new(),
        }
    }

    /// Distinct images handed out so far.
    pub(crate) fn count(&self) -> u64 {
        self.handed_out.len() as u64
    }

    /// The sink itself, for what is not an image.
    pub(crate) fn sink(&mut self) -> &mut dyn Sink {
        self.sink
    }

    /// The image behind `key`; `decode` runs the first time only. `None` where it cannot be
    /// read or images are not wanted.
    pub(super) fn get<'d>(
        &mut self,
        budget: &Budget<'_>,
        key: ImageKey,
        decode: impl FnOnce() -> Result<Option<Image<'d>>, ExtractError>,
    ) -> Result<Option<StoredImage>, ExtractError> {
        if !self.wanted {
            return Ok(None);
        }
        if let Some(known) = self.by_object.get(&key) {
            return Ok(*known);
        }
        if self.count() >= budget.limits.max_images {
            let limit = budget.limits.max_images;
            budget.warn(WarningCode::Limit, format!("more than {limit} images"));
            return Ok(None);
        }
        let stored = match decode()? {
            Some(image) => Some(self.hand_out(image)?),
            None => None,
        };
        self.by_object.insert(key, stored);
        Ok(stored)
    }

    fn hand_out(&mut self, image: Image<'_>) -> Result<StoredImage, ExtractError> {
        let stored = StoredImage {
            sha256: image.sha256,
            width: image.width,
            height: image.height,
            format: image.format,
        };
        if self.handed_out.insert(image.sha256) {
            self.sink
                .image(image)
                .map_err(|_| ExtractError::SinkClosed)?;
        }
        Ok(stored)
    }
}
