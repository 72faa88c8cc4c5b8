//! Big-endian reads that cannot leave their table.

pub(super) fn u8_at(table: &[u8], at: usize) -> Option<u8> {
    table.get(at).copied()
}

pub(super) fn u16_at(table: &[u8], at: usize) -> Option<u16> {
    let bytes = table.get(at..)?.first_chunk()?;
    Some(u16::from_be_bytes(*bytes))
}

pub(super) fn u32_at(table: &[u8], at: usize) -> Option<u32> {
    let bytes = table.get(at..)?.first_chunk()?;
    Some(u32::from_be_bytes(*bytes))
}

/// A 32-bit offset or length.
pub(super) fn size_at(table: &[u8], at: usize) -> Option<usize> {
    usize::try_from(u32_at(table, at)?).ok()
}

/// A big-endian number of 1 to 4 bytes.
pub(super) fn sized_at(table: &[u8], at: usize, size: usize) -> Option<usize> {
    let bytes = table.get(at..at.checked_add(size)?)?;
    Some(
        bytes
            .iter()
            .fold(0, |value, byte| value << 8 | usize::from(*byte)),
    )
}
