//! The page that the regions of an image are drawn on (T.88, 7.4.8 and 7.4.10).

use super::Result;
use super::reader::Reader;
use super::segment::{Kind, Segment};

/// A height that is only known once the last stripe ends.
const UNKNOWN_HEIGHT: u32 = u32::MAX;

/// The page information segment.
#[derive(Clone, Copy, Debug)]
pub(super) struct PageInformation {
    /// What the segments of the page name it by.
    pub(super) number: u32,
    /// Pixels across.
    pub(super) width: u32,
    /// Pixels down, `None` where nothing says how many.
    pub(super) height: Option<u32>,
    /// The colour of pixels that nothing is drawn on.
    pub(super) is_black: bool,
}

impl PageInformation {
    /// The first page of a stream, `None` where there is none.
    pub(super) fn find<'d>(
        segments: impl Iterator<Item = Segment<'d>> + Clone,
    ) -> Result<Option<Self>> {
        let mut pages = segments.clone();
        let Some(segment) = pages.find(|segment| segment.kind == Kind::PageInformation) else {
            return Ok(None);
        };
        let mut page = Self::read(&segment)?;
        if page.height.is_none() {
            let stripes = segments
                .filter(|stripe| stripe.kind == Kind::EndOfStripe && stripe.page == page.number);
            let ends = stripes.filter_map(|stripe| Reader::new(stripe.data).u32().ok());
            page.height = ends.max().map(|last_row| last_row.saturating_add(1));
        }
        Ok(Some(page))
    }

    fn read(segment: &Segment<'_>) -> Result<Self> {
        let mut reader = Reader::new(segment.data);
        let (width, height) = (reader.u32()?, reader.u32()?);
        let _resolution = (reader.u32()?, reader.u32()?);
        let flags = reader.u8()?;
        Ok(Self {
            number: segment.page,
            width,
            height: (height != UNKNOWN_HEIGHT).then_some(height),
            is_black: flags & 4 != 0,
        })
    }
}
