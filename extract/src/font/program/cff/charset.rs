//! Charsets: glyph → SID or CID (Adobe Technical Note 5176, section 13 and appendix C).

use crate::font::program::table::{u8_at, u16_at};

/// Offsets 0 to 2 name the predefined charsets.
pub(super) fn read(bytes: &[u8], offset: usize, glyphs: usize, cid_keyed: bool) -> Vec<u16> {
    let glyphs = glyphs.min(usize::from(u16::MAX));
    match offset {
        0..=2 if cid_keyed => (0..glyphs).map(|glyph| glyph as u16).collect(),
        0 => (0..=228).take(glyphs).collect(),
        1 | 2 => {
            let ranges = if offset == 1 {
                EXPERT_CHARSET
            } else {
                EXPERT_SUBSET_CHARSET
            };
            ranges
                .iter()
                .flat_map(|(first, last)| *first..=*last)
                .take(glyphs)
                .collect()
        }
        _ => {
            let mut charset = vec![0];
            read_own(bytes, offset, glyphs, &mut charset);
            charset
        }
    }
}

fn read_own(bytes: &[u8], offset: usize, glyphs: usize, charset: &mut Vec<u16>) -> Option<()> {
    let format = u8_at(bytes, offset)?;
    let mut at = offset + 1;
    while charset.len() < glyphs {
        let first = u16_at(bytes, at)?;
        let left = match format {
            0 => 0,
            1 => u16::from(u8_at(bytes, at + 2)?),
            _ => u16_at(bytes, at + 2)?,
        };
        at += 2 + usize::from(format.min(2));
        let wanted = glyphs - charset.len();
        charset.extend((first..=first.saturating_add(left)).take(wanted));
    }
    Some(())
}

/// The SIDs of the Expert and ExpertSubset charsets, as ranges (appendix C).
const EXPERT_CHARSET: &[(u16, u16)] = &[
    (0, 1),
    (229, 238),
    (13, 15),
    (99, 99),
    (239, 248),
    (27, 28),
    (249, 266),
    (109, 110),
    (267, 318),
    (158, 158),
    (155, 155),
    (163, 163),
    (319, 326),
    (150, 150),
    (164, 164),
    (169, 169),
    (327, 378),
];
const EXPERT_SUBSET_CHARSET: &[(u16, u16)] = &[
    (0, 1),
    (231, 232),
    (235, 238),
    (13, 15),
    (99, 99),
    (239, 248),
    (27, 28),
    (249, 251),
    (253, 266),
    (109, 110),
    (267, 270),
    (272, 272),
    (300, 302),
    (305, 305),
    (314, 315),
    (158, 158),
    (155, 155),
    (163, 163),
    (320, 326),
    (150, 150),
    (164, 164),
    (169, 169),
    (327, 346),
];
