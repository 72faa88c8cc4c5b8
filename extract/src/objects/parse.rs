//! Tokens → objects (ISO 32000-1, 7.3).

use lopdf::{Dictionary, Object, StringFormat};

use super::lexer::{Lexer, Token, decode_hex, decode_literal, decode_name};

/// The next object; `None` at the end, at a closing bracket, or at a keyword that is no object.
///
/// Arrays and dictionaries deeper than `max_depth` become null. An unfinished array or dictionary
/// keeps what it has.
pub(crate) fn object(lexer: &mut Lexer<'_>, max_depth: u32) -> Option<Object> {
    let token = lexer.token()?;
    from_token(lexer, token, max_depth)
}

fn from_token(lexer: &mut Lexer<'_>, token: Token<'_>, max_depth: u32) -> Option<Object> {
    Some(match token {
        Token::Integer(value) => reference(lexer, value).unwrap_or(Object::Integer(value)),
        Token::Real(value) => Object::Real(value),
        Token::Name(raw) => Object::Name(decoded(decode_name, raw)),
        Token::Literal(raw) => Object::String(decoded(decode_literal, raw), StringFormat::Literal),
        Token::Hex(raw) => Object::String(decoded(decode_hex, raw), StringFormat::Hexadecimal),
        Token::ArrayStart | Token::DictStart if max_depth == 0 => {
            skip_nested(lexer);
            Object::Null
        }
        Token::ArrayStart => Object::Array(array(lexer, max_depth - 1)),
        Token::DictStart => Object::Dictionary(dictionary(lexer, max_depth - 1)),
        Token::Keyword(b"true") => Object::Boolean(true),
        Token::Keyword(b"false") => Object::Boolean(false),
        Token::Keyword(b"null") => Object::Null,
        Token::ArrayEnd | Token::DictEnd | Token::Keyword(_) => return None,
    })
}

/// `12 0 R`, once the `12` is read; leaves the lexer where it was otherwise.
fn reference(lexer: &mut Lexer<'_>, number: i64) -> Option<Object> {
    let number = u32::try_from(number).ok()?;
    let rest = lexer.rest();
    if !rest
        .first()
        .is_some_and(|&byte| super::lexer::is_white(byte))
    {
        return None;
    }
    let mut ahead = lexer.clone();
    let Some(Token::Integer(generation)) = ahead.token() else {
        return None;
    };
    let generation = u16::try_from(generation).ok()?;
    if ahead.token() != Some(Token::Keyword(b"R")) {
        return None;
    }
    lexer.seek(ahead.position());
    Some(Object::Reference((number, generation)))
}

fn array(lexer: &mut Lexer<'_>, max_depth: u32) -> Vec<Object> {
    let mut items = Vec::new();
    loop {
        let before = lexer.position();
        match lexer.token() {
            None | Some(Token::ArrayEnd) => return items,
            Some(Token::Keyword(b"endobj" | b"stream" | b"endstream")) => {
                lexer.seek(before);
                return items;
            }
            Some(token) => items.extend(from_token(lexer, token, max_depth)),
        }
    }
}

/// After `<<`, up to and with `>>`.
pub(crate) fn dictionary(lexer: &mut Lexer<'_>, max_depth: u32) -> Dictionary {
    let mut dict = Dictionary::new();
    loop {
        let before = lexer.position();
        match lexer.token() {
            None | Some(Token::DictEnd) => return dict,
            Some(Token::Keyword(b"endobj" | b"stream" | b"endstream")) => {
                lexer.seek(before);
                return dict;
            }
            Some(Token::Name(raw)) => {
                let key = decoded(decode_name, raw);
                let before = lexer.position();
                match lexer.token() {
                    None => return dict,
                    Some(Token::DictEnd) => {
                        dict.set(key, Object::Null);
                        return dict;
                    }
                    Some(Token::Keyword(b"endobj" | b"stream" | b"endstream")) => {
                        lexer.seek(before);
                        return dict;
                    }
                    Some(token) => {
                        if let Some(value) = from_token(lexer, token, max_depth) {
                            dict.set(key, value);
                        }
                    }
                }
            }
            Some(_) => {}
        }
    }
}

/// Moves past an array or dictionary whose opening bracket is read.
fn skip_nested(lexer: &mut Lexer<'_>) {
    let mut depth = 1_u64;
    while depth > 0 {
        match lexer.token() {
            None => return,
            Some(Token::ArrayStart | Token::DictStart) => depth += 1,
            Some(Token::ArrayEnd | Token::DictEnd) => depth -= 1,
            Some(_) => {}
        }
    }
}

fn decoded(decode: fn(&[u8], &mut Vec<u8>), raw: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(raw.len());
    decode(raw, &mut out);
    out
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
        assert!(dict.get(b"B").unwrap().as_array().is_ok());
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
