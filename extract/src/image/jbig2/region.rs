//! What every region segment begins with (T.88, 7.4.1).

use super::Result;
use super::damaged;
use super::reader::Reader;
use crate::image::ImageError;

/// How pixels are combined with those that are there already (7.4.1.5).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Operator {
    Or,
    And,
    Xor,
    Xnor,
    Replace,
}

impl Operator {
    pub(super) fn new(code: u16) -> Result<Self> {
        match code {
            0 => Ok(Self::Or),
            1 => Ok(Self::And),
            2 => Ok(Self::Xor),
            3 => Ok(Self::Xnor),
            4 => Ok(Self::Replace),
            _ => Err(damaged("a jbig2 combination operator is unknown")),
        }
    }
}

/// The place of a region on its page, in pixels.
#[derive(Clone, Copy, Debug)]
pub(super) struct RegionInformation {
    pub(super) width: u32,
    pub(super) height: u32,
    pub(super) x: u32,
    pub(super) y: u32,
    pub(super) operator: Operator,
}

impl RegionInformation {
    pub(super) fn read(reader: &mut Reader<'_>) -> Result<Self> {
        let (width, height) = (reader.u32()?, reader.u32()?);
        let (x, y) = (reader.u32()?, reader.u32()?);
        let flags = reader.u8()?;
        if flags & 8 != 0 {
            return Err(ImageError::Unsupported("a coloured jbig2 region"));
        }
        Ok(Self {
            width,
            height,
            x,
            y,
            operator: Operator::new(u16::from(flags & 7))?,
        })
    }

    pub(super) fn size(&self) -> (u32, u32) {
        (self.width, self.height)
    }
}
