//! Tokens → objects (ISO 32000-1, 7.3).

use super::lexer::{Lexer, Token, decode_hex, decode_literal, decode_name, is_regular, is_white};
use super::object::{Dictionary, Name, Object};

/// Room for the entries of most dictionaries, those of the ones within included.
const USUAL_ENTRIES: usize = 16;

/// The next object; `None` at the end, at a closing bracket, or at a keyword that is no object.
///
/// Arrays and dictionaries deeper than `max_depth` become null. An unfinished array or dictionary
/// keeps what it has.
pub(crate) fn object(lexer: &mut Lexer<'_>, max_depth: u32) -> Option<Object> {
    let token = lexer.token()?;
    Parser::new(lexer).with_token(token, max_depth)
}

/// After `<<`, up to and with `>>`.
pub(crate) fn dictionary(lexer: &mut Lexer<'_>, max_depth: u32) -> Dictionary {
    Parser::new(lexer).dictionary(max_depth)
}

/// The key and the value that follow in a dictionary without brackets, as an inline image has it;
/// `None` where no value follows.
pub(crate) fn entry(
    raw_key: &[u8],
    lexer: &mut Lexer<'_>,
    max_depth: u32,
) -> Option<(Name, Object)> {
    Some((name(raw_key), object(lexer, max_depth)?))
}

/// What is read of the arrays and dictionaries that are still open lies on two stacks, so that each
/// takes memory once and as much as it needs.
struct Parser<'p, 'b> {
    lexer: &'p mut Lexer<'b>,
    items: Vec<Object>,
    entries: Vec<(Name, Object)>,
}

impl<'p, 'b> Parser<'p, 'b> {
    fn new(lexer: &'p mut Lexer<'b>) -> Self {
        Self {
            lexer,
            items: Vec::new(),
            entries: Vec::new(),
        }
    }

    fn with_token(&mut self, token: Token<'b>, max_depth: u32) -> Option<Object> {
        Some(match token {
            Token::Integer(value) => self.reference(value).unwrap_or(Object::Integer(value)),
            Token::Real(value) => Object::Real(value),
            Token::Name(raw) => Object::Name(name(raw)),
            Token::Literal(raw) => Object::String(string(decode_literal, raw)),
            Token::Hex(raw) => Object::String(string(decode_hex, raw)),
            Token::ArrayStart | Token::DictStart if max_depth == 0 => {
                self.skip_nested();
                Object::Null
            }
            Token::ArrayStart => Object::Array(self.array(max_depth - 1)),
            Token::DictStart => Object::Dictionary(self.dictionary(max_depth - 1)),
            Token::Keyword(b"true") => Object::Boolean(true),
            Token::Keyword(b"false") => Object::Boolean(false),
            Token::Keyword(b"null") => Object::Null,
            Token::ArrayEnd | Token::DictEnd | Token::Keyword(_) => return None,
        })
    }

    /// `12 0 R`, once the `12` is read; leaves the lexer where it was otherwise.
    fn reference(&mut self, number: i64) -> Option<Object> {
        let number = u32::try_from(number).ok()?;
        // Most integers stand alone: to see that, no token has to be read.
        let mut rest = self.lexer.rest().iter();
        let mut next = rest.find(|byte| !is_white(**byte))?;
        let mut generation = 0_u16;
        while next.is_ascii_digit() {
            let digit = u16::from(next - b'0');
            generation = generation.checked_mul(10)?.checked_add(digit)?;
            next = rest.next()?;
        }
        if !is_white(*next) {
            return None;
        }
        let keyword = rest.find(|byte| !is_white(**byte))?;
        if *keyword != b'R' || rest.clone().next().is_some_and(|byte| is_regular(*byte)) {
            return None;
        }
        let end = self.lexer.bytes().len() - rest.len();
        self.lexer.seek(end);
        Some(Object::Reference((number, generation)))
    }

    fn array(&mut self, max_depth: u32) -> Box<[Object]> {
        let start = self.items.len();
        loop {
            let before = self.lexer.position();
            match self.lexer.token() {
                None | Some(Token::ArrayEnd) => break,
                Some(Token::Keyword(b"endobj" | b"stream" | b"endstream")) => {
                    self.lexer.seek(before);
                    break;
                }
                Some(token) => {
                    let item = self.with_token(token, max_depth);
                    self.items.extend(item);
                }
            }
        }
        self.items.drain(start..).collect()
    }

    fn dictionary(&mut self, max_depth: u32) -> Dictionary {
        if self.entries.is_empty() {
            self.entries.reserve(USUAL_ENTRIES);
        }
        let start = self.entries.len();
        loop {
            let before = self.lexer.position();
            match self.lexer.token() {
                None | Some(Token::DictEnd) => break,
                Some(Token::Keyword(b"endobj" | b"stream" | b"endstream")) => {
                    self.lexer.seek(before);
                    break;
                }
                Some(Token::Name(raw)) => {
                    if !self.value(name(raw), max_depth) {
                        break;
                    }
                }
                Some(_) => {}
            }
        }
        self.entries.drain(start..).collect()
    }

    /// The value of `key`; `false` where the dictionary ends instead.
    fn value(&mut self, key: Name, max_depth: u32) -> bool {
        let before = self.lexer.position();
        match self.lexer.token() {
            None => false,
            Some(Token::DictEnd) => {
                self.entries.push((key, Object::Null));
                false
            }
            Some(Token::Keyword(b"endobj" | b"stream" | b"endstream")) => {
                self.lexer.seek(before);
                false
            }
            Some(token) => {
                if let Some(value) = self.with_token(token, max_depth) {
                    self.entries.push((key, value));
                }
                true
            }
        }
    }

    /// Moves past an array or dictionary whose opening bracket is read.
    fn skip_nested(&mut self) {
        let mut depth = 1_u64;
        while depth > 0 {
            match self.lexer.token() {
                None => return,
                Some(Token::ArrayStart | Token::DictStart) => depth += 1,
                Some(Token::ArrayEnd | Token::DictEnd) => depth -= 1,
                Some(_) => {}
            }
        }
    }
}

fn name(raw: &[u8]) -> Name {
    if raw.contains(&b'#') {
        return Name::new(&string(decode_name, raw));
    }
    Name::new(raw)
}

fn string(decode: fn(&[u8], &mut Vec<u8>), raw: &[u8]) -> Box<[u8]> {
    let mut out = Vec::with_capacity(raw.len());
    decode(raw, &mut out);
    out.into_boxed_slice()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn parse(bytes: &[u8]) -> Option<Object> {
        object(&mut Lexer::new(bytes, 0), 100)
    }

    #[test]
    fn references_are_told_from_numbers() {
        let Some(Object::Array(items)) = parse(b"[1 0 R 2 3 4 0 Rx]") else {
            panic!("not an array");
        };
        assert_eq!(items[0], Object::Reference((1, 0)));
        assert_eq!(items[1..], [2, 3, 4, 0].map(Object::Integer));
    }

    #[test]
    fn dictionaries_survive_damage() {
        let Some(Object::Dictionary(dict)) = parse(b"<< /A 1 junk /B [2 /C (x) >> ] /D << /E /F")
        else {
            panic!("not a dictionary");
        };
        assert_eq!(dict.get(b"A").unwrap(), &Object::Integer(1));
        assert!(dict.get(b"B").unwrap().as_array().is_some());
    }

    #[test]
    fn nesting_beyond_the_limit_is_null_and_costs_no_stack() {
        let mut bytes = b"[".repeat(1_000_000);
        bytes.extend(b"]".repeat(1_000_000));
        let mut depth = 0;
        let mut current = parse(&bytes);
        while let Some(Object::Array(items)) = current {
            depth += 1;
            current = items.into_iter().next();
        }
        assert_eq!(depth, 100);
    }

    proptest! {
        #[test]
        fn any_bytes_end(bytes: Vec<u8>) {
            let _ = parse(&bytes);
            let mut bracketed = b"<</A[<</B ".to_vec();
            bracketed.extend(&bytes);
            prop_assert!(parse(&bracketed).is_some());
        }
    }
}
