//! Type 1 fonts: the built-in encoding, and the widths in the charstrings (Adobe Type 1 Font Format).

mod words; // PostScript words

use std::collections::HashMap;

use crate::font::encoding::BaseEncoding;
use words::{Words, find};

/// Keys of the two encrypted parts (Adobe Type 1 Font Format, 7.1).
const EEXEC_KEY: u16 = 55_665;
const CHARSTRING_KEY: u16 = 4_330;
/// Random bytes at the front of every encrypted part, unless `lenIV` says otherwise.
const RANDOM_BYTES: usize = 4;
/// Glyphs read from one font.
const MAX_GLYPHS: usize = 65_536;

/// What a Type 1 font says of its own.
pub(in crate::font) struct Type1 {
    encoding: Encoding,
    /// Glyph name → width in glyph space.
    widths: HashMap<Box<[u8]>, f32>,
    /// Glyph space to text space.
    scale: f32,
}

enum Encoding {
    Standard,
    /// 256 entries.
    Own(Vec<Option<Box<[u8]>>>),
}

impl Type1 {
    /// Reads the clear text part, and the encrypted one if it is there; `None` when neither has
    /// anything of a font.
    pub(in crate::font) fn read(bytes: &[u8]) -> Option<Self> {
        let bytes = without_segment_headers(bytes);
        let (clear, private) = match find(&bytes, b"eexec") {
            Some(at) => {
                let (clear, rest) = bytes.split_at(at);
                (clear, decrypted_private_part(&rest[b"eexec".len()..]))
            }
            None => (bytes.as_slice(), Vec::new()),
        };
        let encoding = read_encoding(clear).or_else(|| read_encoding(&private));
        let widths = read_widths(&private).or_else(|| read_widths(clear));
        if encoding.is_none() && widths.is_none() {
            return None;
        }
        Some(Self {
            encoding: encoding.unwrap_or(Encoding::Standard),
            widths: widths.unwrap_or_default(),
            scale: read_scale(clear).unwrap_or(0.001),
        })
    }

    /// The glyph that the built-in encoding gives to `code`.
    pub(in crate::font) fn glyph_name(&self, code: u8) -> Option<&[u8]> {
        match &self.encoding {
            Encoding::Standard => BaseEncoding::Standard.glyph_name(code).map(str::as_bytes),
            Encoding::Own(names) => names.get(usize::from(code))?.as_deref(),
        }
    }

    /// Whether the font has an outline for this name.
    pub(in crate::font) fn has_glyph(&self, name: &[u8]) -> bool {
        self.widths.contains_key(name)
    }

    /// The advance of a glyph in text space (1 is one em).
    pub(in crate::font) fn width(&self, name: &[u8]) -> Option<f32> {
        self.widths.get(name).map(|width| width * self.scale)
    }
}

/// Joins the segments of a PFB file; any other font is taken as it is.
fn without_segment_headers(bytes: &[u8]) -> Vec<u8> {
    let mut joined = Vec::with_capacity(bytes.len());
    let mut rest = bytes;
    while let [0x80, 1 | 2, a, b, c, d, after @ ..] = rest {
        let len = usize::try_from(u32::from_le_bytes([*a, *b, *c, *d])).unwrap_or(usize::MAX);
        let (segment, next) = after.split_at(len.min(after.len()));
        joined.extend_from_slice(segment);
        rest = next;
    }
    if joined.is_empty() {
        joined.extend_from_slice(rest);
    }
    joined
}

/// The part after `eexec`, in binary or hexadecimal form.
fn decrypted_private_part(bytes: &[u8]) -> Vec<u8> {
    let start = bytes
        .iter()
        .position(|byte| !byte.is_ascii_whitespace())
        .unwrap_or(bytes.len());
    let bytes = &bytes[start..];
    let is_hex = bytes.len() >= 8
        && bytes[..8]
            .iter()
            .all(|byte| byte.is_ascii_hexdigit() || byte.is_ascii_whitespace());
    let plain = if is_hex {
        decrypted(hex_bytes(bytes), EEXEC_KEY)
    } else {
        decrypted(bytes.iter().copied(), EEXEC_KEY)
    };
    plain.get(RANDOM_BYTES..).unwrap_or_default().to_vec()
}

fn hex_bytes(bytes: &[u8]) -> impl Iterator<Item = u8> {
    let mut digits = bytes
        .iter()
        .filter_map(|byte| char::from(*byte).to_digit(16));
    std::iter::from_fn(move || Some((digits.next()? << 4 | digits.next()?) as u8))
}

fn decrypted(cipher: impl Iterator<Item = u8>, key: u16) -> Vec<u8> {
    let mut state = key;
    cipher
        .map(|byte| {
            let plain = byte ^ (state >> 8) as u8;
            state = u16::from(byte)
                .wrapping_add(state)
                .wrapping_mul(52_845)
                .wrapping_add(22_719);
            plain
        })
        .collect()
}

/// `/Encoding StandardEncoding def`, or an array filled by `dup code /name put`.
fn read_encoding(bytes: &[u8]) -> Option<Encoding> {
    let at = find(bytes, b"/Encoding")?;
    let mut words = Words::new(&bytes[at + b"/Encoding".len()..]);
    let mut names = vec![None; 256];
    let mut found = false;
    while let Some(word) = words.next() {
        match word {
            b"StandardEncoding" if !found => return Some(Encoding::Standard),
            b"dup" => {
                let code = words.next().and_then(code);
                let name = words.next().and_then(|name| name.strip_prefix(b"/"));
                if let (Some(code), Some(name)) = (code, name)
                    && let Some(slot) = names.get_mut(code)
                {
                    *slot = (name != b".notdef").then(|| Box::from(name));
                    found = true;
                }
            }
            b"def" | b"readonly" if found => break,
            b"/Private" | b"/CharStrings" | b"eexec" | b"currentfile" => break,
            _ => {}
        }
    }
    found.then_some(Encoding::Own(names))
}

/// A character code, decimal or with a radix (`8#101`).
fn code(word: &[u8]) -> Option<usize> {
    let word = std::str::from_utf8(word).ok()?;
    match word.split_once('#') {
        Some((radix, digits)) => {
            let radix = radix
                .parse()
                .ok()
                .filter(|radix| (2..=36).contains(radix))?;
            usize::from_str_radix(digits, radix).ok()
        }
        None => word.parse().ok(),
    }
}

/// The first number of `/FontMatrix`.
fn read_scale(bytes: &[u8]) -> Option<f32> {
    let at = find(bytes, b"/FontMatrix")?;
    let scale = Words::new(&bytes[at + b"/FontMatrix".len()..]).next()?;
    let scale: f32 = std::str::from_utf8(scale).ok()?.parse().ok()?;
    (scale.is_finite() && scale > 0.0).then_some(scale)
}

/// Every charstring begins with the side bearing and the width (6.4, `hsbw` and `sbw`).
fn read_widths(bytes: &[u8]) -> Option<HashMap<Box<[u8]>, f32>> {
    let random_bytes = find(bytes, b"/lenIV")
        .and_then(|at| Words::new(&bytes[at + b"/lenIV".len()..]).next())
        .and_then(code)
        .unwrap_or(RANDOM_BYTES);
    let mut words = Words::new(&bytes[find(bytes, b"/CharStrings")?..]);
    words.next();
    let mut widths = HashMap::new();
    while let Some(word) = words.next() {
        let Some(name) = word.strip_prefix(b"/") else {
            if word == b"end" && !widths.is_empty() {
                break;
            }
            continue;
        };
        let Some(len) = words.next().and_then(code) else {
            continue;
        };
        // `RD` or `-|`, one space, then the bytes.
        words.next();
        let Some(charstring) = words.take_bytes(len) else {
            break;
        };
        let plain = decrypted(charstring.iter().copied().take(64), CHARSTRING_KEY);
        let width = plain.get(random_bytes..).and_then(charstring_width);
        widths.insert(Box::from(name), width.unwrap_or(0.0));
        if widths.len() >= MAX_GLYPHS {
            break;
        }
    }
    (!widths.is_empty()).then_some(widths)
}

fn charstring_width(charstring: &[u8]) -> Option<f32> {
    let mut numbers: Vec<f32> = Vec::new();
    let mut bytes = charstring.iter().copied();
    while let Some(byte) = bytes.next() {
        let number = match byte {
            32..=246 => f32::from(byte) - 139.0,
            247..=250 => (f32::from(byte) - 247.0) * 256.0 + f32::from(bytes.next()?) + 108.0,
            251..=254 => -(f32::from(byte) - 251.0) * 256.0 - f32::from(bytes.next()?) - 108.0,
            255 => {
                let value = [bytes.next()?, bytes.next()?, bytes.next()?, bytes.next()?];
                i32::from_be_bytes(value) as f32
            }
            // `hsbw`, and `sbw` after an escape.
            13 => return numbers.get(1).copied(),
            12 => match bytes.next()? {
                7 => return numbers.get(2).copied(),
                // `div`
                12 => {
                    let (divisor, dividend) = (numbers.pop()?, numbers.pop()?);
                    dividend / divisor
                }
                _ => return None,
            },
            _ => return None,
        };
        numbers.push(number);
    }
    None
}

#[cfg(test)]
pub(in crate::font) mod tests;
