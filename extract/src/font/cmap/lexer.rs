//! The PostScript tokens that occur in CMaps.

/// Bytes kept of one hexadecimal string; the longest text that a mapping may have is 512 bytes.
const MAX_HEX_BYTES: usize = 512;

/// One token; names and words borrow from the stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Token<'a> {
    Hex(Vec<u8>),
    Integer(i64),
    Name(&'a [u8]),
    Word(&'a [u8]),
    ArrayStart,
    ArrayEnd,
}

/// Reads tokens one by one; strings in parentheses, comments and dictionary marks are passed over.
pub(super) struct Lexer<'a> {
    rest: &'a [u8],
}

impl<'a> Lexer<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    fn take_while(&mut self, wanted: impl Fn(u8) -> bool) -> &'a [u8] {
        let end = self
            .rest
            .iter()
            .position(|byte| !wanted(*byte))
            .unwrap_or(self.rest.len());
        let (taken, rest) = self.rest.split_at(end);
        self.rest = rest;
        taken
    }

    fn hex(&mut self) -> Token<'a> {
        let digits = self.take_while(|byte| byte != b'>');
        self.rest = self.rest.get(1..).unwrap_or_default();
        let mut bytes = Vec::with_capacity((digits.len() / 2 + 1).min(8));
        let mut high = None;
        for digit in digits
            .iter()
            .filter_map(|byte| char::from(*byte).to_digit(16))
        {
            let digit = digit as u8;
            match high.take() {
                None => high = Some(digit),
                Some(high) if bytes.len() < MAX_HEX_BYTES => bytes.push(high << 4 | digit),
                Some(_) => break,
            }
        }
        if let Some(high) = high {
            bytes.push(high << 4);
        }
        Token::Hex(bytes)
    }

    fn skip_string(&mut self) {
        let mut depth = 0_usize;
        while let Some((byte, rest)) = self.rest.split_first() {
            self.rest = rest;
            match byte {
                b'\\' => self.rest = self.rest.get(1..).unwrap_or_default(),
                b'(' => depth += 1,
                b')' if depth <= 1 => return,
                b')' => depth -= 1,
                _ => {}
            }
        }
    }
}

impl<'a> Iterator for Lexer<'a> {
    type Item = Token<'a>;

    fn next(&mut self) -> Option<Token<'a>> {
        loop {
            self.take_while(is_space);
            let (first, after) = self.rest.split_first()?;
            match first {
                b'<' if after.first() == Some(&b'<') => self.rest = &after[1..],
                b'<' => {
                    self.rest = after;
                    return Some(self.hex());
                }
                b'(' => self.skip_string(),
                b'%' => {
                    self.take_while(|byte| byte != b'\n' && byte != b'\r');
                }
                b'/' => {
                    self.rest = after;
                    return Some(Token::Name(self.take_while(is_regular)));
                }
                b'[' | b']' => {
                    self.rest = after;
                    return Some(if *first == b'[' {
                        Token::ArrayStart
                    } else {
                        Token::ArrayEnd
                    });
                }
                b'>' | b')' | b'{' | b'}' => self.rest = after,
                _ => {
                    let word = self.take_while(is_regular);
                    return Some(integer(word).map_or(Token::Word(word), Token::Integer));
                }
            }
        }
    }
}

fn integer(word: &[u8]) -> Option<i64> {
    std::str::from_utf8(word).ok()?.parse().ok()
}

fn is_space(byte: u8) -> bool {
    matches!(byte, 0 | b'\t' | b'\n' | 0x0c | b'\r' | b' ')
}

fn is_regular(byte: u8) -> bool {
    !is_space(byte) && !b"()<>[]{}/%".contains(&byte)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_of_a_typical_cmap() {
        let tokens: Vec<_> = Lexer::new(
            b"%!PS\n/CIDInit /ProcSet findresource << /Ordering (a\\)(b)c) >> \
              12<0041>[<D83D DE00>]begin<4>",
        )
        .collect();
        assert_eq!(
            tokens,
            [
                Token::Name(b"CIDInit"),
                Token::Name(b"ProcSet"),
                Token::Word(b"findresource"),
                Token::Name(b"Ordering"),
                Token::Integer(12),
                Token::Hex(vec![0, 0x41]),
                Token::ArrayStart,
                Token::Hex(vec![0xd8, 0x3d, 0xde, 0]),
                Token::ArrayEnd,
                Token::Word(b"begin"),
                Token::Hex(vec![0x40]),
            ]
        );
    }

    #[test]
    fn a_hexadecimal_string_is_bounded() {
        let long = [b"<".as_slice(), &[b'4'; 100_000]].concat();
        let Some(Token::Hex(bytes)) = Lexer::new(&long).next() else {
            panic!("not a hexadecimal string");
        };
        assert_eq!(bytes.len(), MAX_HEX_BYTES);
    }
}
