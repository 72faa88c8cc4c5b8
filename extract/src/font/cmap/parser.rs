//! Reads a CMap stream: code spaces, CID and Unicode mappings, and the CMap it builds on.

use super::codespace::{Codespaces, Range};
use super::lexer::{Lexer, Token};

/// Code space ranges kept; real CMaps have up to eight.
const MAX_CODESPACES: usize = 100;
/// Mappings kept; a two-byte CMap cannot have more than 65,536 that differ.
const MAX_MAPPINGS: usize = 200_000;
/// Codes that one range of texts is written out for.
const MAX_SPELLED_OUT: u32 = 0x1_0000;

/// What a code maps to in a `ToUnicode` CMap, as the stream writes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Destination {
    /// UTF-16BE code units.
    Utf16(Vec<u8>),
    /// A glyph name.
    Name(Vec<u8>),
}

/// All mappings of one stream, in its order.
#[derive(Debug, Default)]
pub(super) struct Parsed {
    pub(super) codespaces: Codespaces,
    /// First code, last code, CID of the first.
    pub(super) cids: Vec<(u32, u32, u32)>,
    /// First code, last code, text of the first.
    pub(super) texts: Vec<(u32, u32, Destination)>,
    pub(super) use_cmap: Option<Vec<u8>>,
    pub(super) vertical: Option<bool>,
}

impl Default for Codespaces {
    fn default() -> Self {
        Self::new(Vec::new())
    }
}

/// Never fails: what makes no sense is passed over.
pub(super) fn parse(bytes: &[u8]) -> Parsed {
    let mut reader = Reader {
        tokens: Lexer::new(bytes),
        parsed: Parsed::default(),
        codespaces: Vec::new(),
    };
    let mut name: Option<&[u8]> = None;
    let mut pending = None;
    while let Some(token) = pending.take().or_else(|| reader.tokens.next()) {
        match token {
            Token::Word(b"begincodespacerange") => pending = reader.codespaces(),
            Token::Word(b"begincidrange") => pending = reader.ranges(),
            Token::Word(b"begincidchar") => pending = reader.chars(),
            Token::Word(b"beginbfrange") => pending = reader.ranges(),
            Token::Word(b"beginbfchar") => pending = reader.chars(),
            Token::Word(b"usecmap") => reader.parsed.use_cmap = name.map(<[u8]>::to_vec),
            Token::Integer(mode) if name == Some(b"WMode") => {
                reader.parsed.vertical = Some(mode == 1);
                name = None;
            }
            Token::Name(next) => name = Some(next),
            _ => {}
        }
    }
    reader.parsed.codespaces = Codespaces::new(reader.codespaces);
    reader.parsed
}

/// The CID in a code → CID mapping that the producer wrote with the operators of code → text.
pub(super) fn cid_written_as_text(target: &Destination) -> Option<u32> {
    match target {
        Destination::Utf16(bytes) if (1..=4).contains(&bytes.len()) => Some(number(bytes)),
        _ => None,
    }
}

struct Reader<'a> {
    tokens: Lexer<'a>,
    parsed: Parsed,
    codespaces: Vec<Range>,
}

/// The word that ended a section before or in place of its `end…`.
type Ended<'a> = Option<Token<'a>>;

impl<'a> Reader<'a> {
    fn codespaces(&mut self) -> Ended<'a> {
        loop {
            let low = match self.tokens.next()? {
                Token::Hex(low) => low,
                word @ Token::Word(_) => return Some(word),
                _ => continue,
            };
            let high = match self.tokens.next()? {
                Token::Hex(high) => high,
                word @ Token::Word(_) => return Some(word),
                _ => continue,
            };
            let len = high.len().max(low.len());
            if (1..=4).contains(&len) && self.codespaces.len() < MAX_CODESPACES {
                self.codespaces
                    .push(Range::new(len as u8, number(&low), number(&high)));
            }
        }
    }

    fn chars(&mut self) -> Ended<'a> {
        loop {
            let code = match self.tokens.next()? {
                Token::Hex(code) => number(&code),
                word @ Token::Word(_) => return Some(word),
                _ => continue,
            };
            match self.tokens.next()? {
                word @ Token::Word(_) => return Some(word),
                target => self.map(code, code, target),
            }
        }
    }

    fn ranges(&mut self) -> Ended<'a> {
        loop {
            let first = match self.tokens.next()? {
                Token::Hex(first) => number(&first),
                word @ Token::Word(_) => return Some(word),
                _ => continue,
            };
            let last = match self.tokens.next()? {
                Token::Hex(last) => number(&last),
                word @ Token::Word(_) => return Some(word),
                _ => continue,
            };
            match self.tokens.next()? {
                word @ Token::Word(_) => return Some(word),
                Token::ArrayStart => {
                    for code in first..=u32::MAX {
                        match self.tokens.next()? {
                            Token::ArrayEnd => break,
                            word @ Token::Word(_) => return Some(word),
                            target if code <= last => self.map(code, code, target),
                            _ => {}
                        }
                    }
                }
                target => self.map(first, last, target),
            }
        }
    }

    fn map(&mut self, first: u32, last: u32, target: Token<'a>) {
        if first > last || self.parsed.cids.len() + self.parsed.texts.len() >= MAX_MAPPINGS {
            return;
        }
        match target {
            Token::Integer(cid) => {
                if let Ok(cid) = u32::try_from(cid) {
                    self.parsed.cids.push((first, last, cid));
                }
            }
            Token::Hex(text) => self.map_text(first, last, text),
            Token::Name(name) => {
                let name = Destination::Name(name.to_vec());
                self.parsed.texts.push((first, first, name));
            }
            _ => {}
        }
    }

    /// A range whose text is more than one character counts up in its last one, so each code gets
    /// a text of its own.
    fn map_text(&mut self, first: u32, last: u32, mut text: Vec<u8>) {
        let one_character = text.len() <= 2 || (text.len() == 4 && text[0] & 0xfc == 0xd8);
        if one_character {
            let text = Destination::Utf16(text);
            self.parsed.texts.push((first, last, text));
            return;
        }
        for code in first..=last.min(first.saturating_add(MAX_SPELLED_OUT)) {
            if self.parsed.texts.len() >= MAX_MAPPINGS {
                return;
            }
            let unit = Destination::Utf16(text.clone());
            self.parsed.texts.push((code, code, unit));
            if let Some([high, low]) = text.last_chunk_mut() {
                [*high, *low] = u16::from_be_bytes([*high, *low])
                    .wrapping_add(1)
                    .to_be_bytes();
            }
        }
    }
}

/// The big-endian number in the last four bytes.
fn number(bytes: &[u8]) -> u32 {
    bytes
        .iter()
        .fold(0, |value, byte| value << 8 | u32::from(*byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sections_without_an_end_do_not_swallow_what_follows() {
        let parsed = parse(
            b"/Base usecmap 1 beginbfchar <01> <0041> 1 begincidrange <05> <06> 9 \
              1 begincidchar <07> 1 endcidchar",
        );
        assert_eq!(parsed.texts, [(1, 1, Destination::Utf16(vec![0, 0x41]))]);
        assert_eq!(parsed.cids, [(5, 6, 9), (7, 7, 1)]);
        assert_eq!(parsed.use_cmap.as_deref(), Some(b"Base".as_slice()));
    }

    #[test]
    fn a_huge_range_of_texts_is_bounded() {
        let parsed = parse(b"1 beginbfrange <00000000> <FFFFFFFF> <004100420043> endbfrange");
        assert!(parsed.texts.len() <= MAX_SPELLED_OUT as usize + 1);
    }
}
