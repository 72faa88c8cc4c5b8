//! The lexical conventions of PDF (ISO 32000-1, 7.2 and 7.3), for files and content streams alike.

use memchr::memchr;

/// One token; strings and names are still as written, see [`decode_name`], [`decode_literal`] and
/// [`decode_hex`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Token<'b> {
    Integer(i64),
    Real(f32),
    /// Without its slash.
    Name(&'b [u8]),
    /// Between the outer parentheses.
    Literal(&'b [u8]),
    /// Between the angle brackets.
    Hex(&'b [u8]),
    ArrayStart,
    ArrayEnd,
    DictStart,
    DictEnd,
    /// An operator, `true`, `obj`, or anything else that is none of the above.
    Keyword(&'b [u8]),
}

/// Reads tokens from a position that the caller may move.
#[derive(Clone, Debug)]
pub(crate) struct Lexer<'b> {
    bytes: &'b [u8],
    position: usize,
}

/// Digits of a number that are read; what is longer is as large as it can be, or as precise.
const MAX_DIGITS: usize = 18;

const NEGATIVE_POWERS_OF_TEN: [f64; MAX_DIGITS + 1] = [
    1e0, 1e-1, 1e-2, 1e-3, 1e-4, 1e-5, 1e-6, 1e-7, 1e-8, 1e-9, 1e-10, 1e-11, 1e-12, 1e-13, 1e-14,
    1e-15, 1e-16, 1e-17, 1e-18,
];

const POWERS_OF_TEN: [u64; MAX_DIGITS + 1] = {
    let mut powers = [1; MAX_DIGITS + 1];
    let mut index = 1;
    while index < powers.len() {
        powers[index] = powers[index - 1] * 10;
        index += 1;
    }
    powers
};

const WHITE: u8 = 1;
const DELIMITER: u8 = 2;

const CLASS: [u8; 256] = {
    let mut class = [0; 256];
    let (white, delimiters) = (b"\0\t\n\x0c\r ", b"()<>[]{}/%");
    let mut index = 0;
    while index < white.len() {
        class[white[index] as usize] = WHITE;
        index += 1;
    }
    index = 0;
    while index < delimiters.len() {
        class[delimiters[index] as usize] = DELIMITER;
        index += 1;
    }
    class
};

/// What each hexadecimal digit is worth; more than 15 for every other byte.
const HEX: [u8; 256] = {
    let mut values = [0xff; 256];
    let mut value = 0;
    while value < 16 {
        let digit = b"0123456789abcdef"[value as usize];
        values[digit as usize] = value;
        values[digit.to_ascii_uppercase() as usize] = value;
        value += 1;
    }
    values
};

/// White-space characters (ISO 32000-1, table 1).
pub(crate) fn is_white(byte: u8) -> bool {
    CLASS[usize::from(byte)] == WHITE
}

/// Neither white space nor a delimiter.
pub(crate) fn is_regular(byte: u8) -> bool {
    CLASS[usize::from(byte)] == 0
}

impl<'b> Lexer<'b> {
    pub(crate) fn new(bytes: &'b [u8], position: usize) -> Self {
        Self { bytes, position }
    }

    pub(crate) fn position(&self) -> usize {
        self.position
    }

    pub(crate) fn seek(&mut self, position: usize) {
        self.position = position;
    }

    pub(crate) fn bytes(&self) -> &'b [u8] {
        self.bytes
    }

    /// What is left, from the current position.
    pub(crate) fn rest(&self) -> &'b [u8] {
        self.bytes.get(self.position..).unwrap_or_default()
    }

    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.position).copied()
    }

    /// Moves past white space and comments.
    pub(crate) fn skip_white(&mut self) {
        while let Some(byte) = self.peek() {
            if is_white(byte) {
                self.position += 1;
            } else if byte == b'%' {
                self.skip_comment();
            } else {
                return;
            }
        }
    }

    fn skip_comment(&mut self) {
        let rest = self.rest();
        self.position += rest
            .iter()
            .position(|&byte| byte == b'\n' || byte == b'\r')
            .unwrap_or(rest.len());
    }

    /// The next token; `None` at the end of the bytes.
    pub(crate) fn token(&mut self) -> Option<Token<'b>> {
        self.token_in_place()
    }

    /// [`Lexer::token`], for the loop that reads most of all tokens: a call would take each of them
    /// through memory.
    #[inline(always)]
    pub(crate) fn token_in_place(&mut self) -> Option<Token<'b>> {
        let bytes = self.bytes;
        let mut start = self.position;
        loop {
            let Some(&first) = bytes.get(start) else {
                self.position = start;
                return None;
            };
            if is_white(first) {
                start += 1;
                continue;
            }
            self.position = start + 1;
            return Some(match first {
                b'+' | b'-' | b'.' | b'0'..=b'9' => self.number(start),
                b'/' => {
                    self.skip_regular();
                    Token::Name(&self.bytes[start + 1..self.position])
                }
                b'(' => self.literal(),
                b'<' if self.peek() == Some(b'<') => {
                    self.position += 1;
                    Token::DictStart
                }
                b'<' => self.hex(),
                b'>' if self.peek() == Some(b'>') => {
                    self.position += 1;
                    Token::DictEnd
                }
                b'[' => Token::ArrayStart,
                b']' => Token::ArrayEnd,
                b'>' | b')' | b'{' | b'}' => {
                    start = self.position;
                    continue;
                }
                b'%' => {
                    self.skip_comment();
                    start = self.position;
                    continue;
                }
                _ => self.keyword(start),
            });
        }
    }

    fn skip_regular(&mut self) {
        let rest = self.rest();
        self.position += rest
            .iter()
            .position(|&byte| !is_regular(byte))
            .unwrap_or(rest.len());
    }

    fn keyword(&mut self, start: usize) -> Token<'b> {
        self.skip_regular();
        Token::Keyword(&self.bytes[start..self.position])
    }

    /// A number, or a keyword that starts like one.
    ///
    /// Writers leave doubled signs and signs inside numbers behind (`--5`, `12-34`): a repeated
    /// leading sign counts once and the number ends at the inner sign.
    #[inline(always)]
    fn number(&mut self, start: usize) -> Token<'b> {
        let bytes = self.bytes;
        let mut at = start;
        while matches!(bytes.get(at), Some(b'+' | b'-')) {
            at += 1;
        }
        let negative = bytes.get(start) == Some(&b'-');
        let (mut value, digits) = digits(bytes, at);
        if digits > MAX_DIGITS {
            value = i64::MAX as u64;
        }
        self.position = at + digits;
        if self.peek() == Some(b'.') {
            return self.fraction(start, negative, value, digits);
        }
        if digits == 0 {
            return self.keyword(start);
        }
        self.skip_number_tail();
        let value = value as i64;
        Token::Integer(if negative { -value } else { value })
    }

    /// From the decimal point on, `digits` of the number being read.
    #[inline(always)]
    fn fraction(
        &mut self,
        start: usize,
        negative: bool,
        mut value: u64,
        digits: usize,
    ) -> Token<'b> {
        let bytes = self.bytes;
        let mut first = self.position;
        while bytes.get(first) == Some(&b'.') {
            first += 1;
        }
        let (fraction, count) = self::digits(bytes, first);
        let mut kept = count;
        if digits + count <= MAX_DIGITS {
            value = value * POWERS_OF_TEN[count] + fraction;
        } else {
            kept = MAX_DIGITS.saturating_sub(digits);
            for at in first..first + kept {
                value = value * 10 + digit(bytes, at).unwrap_or(0);
            }
        }
        self.position = first + count;
        if digits == 0 && count == 0 && self.peek().is_some_and(is_regular) {
            return self.keyword(start);
        }
        self.skip_number_tail();
        // At most MAX_DIGITS digits: the conversion from a signed integer is one instruction.
        let value = (value as i64 as f64 * NEGATIVE_POWERS_OF_TEN[kept]) as f32;
        Token::Real(if negative { -value } else { value })
    }

    /// Drops a second sign or fraction glued to a number: `12-34`, `1.2.3`.
    fn skip_number_tail(&mut self) {
        if matches!(self.peek(), Some(b'-' | b'.')) {
            while matches!(self.peek(), Some(b'-' | b'.' | b'0'..=b'9')) {
                self.position += 1;
            }
        }
    }

    /// After the opening parenthesis; an unbalanced string ends with the bytes.
    fn literal(&mut self) -> Token<'b> {
        let (bytes, start) = (self.bytes, self.position);
        let (mut at, mut depth) = (start, 1_u32);
        while let Some(&byte) = bytes.get(at) {
            match byte {
                b'\\' => at += 1,
                b'(' => depth = depth.saturating_add(1),
                b')' => {
                    depth -= 1;
                    if depth == 0 {
                        self.position = at + 1;
                        return Token::Literal(&bytes[start..at]);
                    }
                }
                _ => {}
            }
            at += 1;
        }
        self.position = bytes.len();
        Token::Literal(&bytes[start..])
    }

    fn hex(&mut self) -> Token<'b> {
        let start = self.position;
        let rest = self.rest();
        let length = memchr(b'>', rest);
        let end = start + length.unwrap_or(rest.len());
        self.position = (end + 1).min(self.bytes.len());
        Token::Hex(&self.bytes[start..end])
    }
}

/// Appends a name with its `#xx` escapes resolved (ISO 32000-1, 7.3.5).
pub(crate) fn decode_name(raw: &[u8], out: &mut Vec<u8>) {
    let mut index = 0;
    while let Some(&byte) = raw.get(index) {
        let escaped = (byte == b'#')
            .then(|| Some(hex_digit(*raw.get(index + 1)?)? << 4 | hex_digit(*raw.get(index + 2)?)?))
            .flatten();
        out.push(escaped.unwrap_or(byte));
        index += if escaped.is_some() { 3 } else { 1 };
    }
}

/// Appends a hexadecimal string; a missing last digit counts as 0 (ISO 32000-1, 7.3.4.3).
pub(crate) fn decode_hex(raw: &[u8], out: &mut Vec<u8>) {
    let (pairs, _) = raw.as_chunks();
    let start = out.len();
    out.resize(start + pairs.len(), 0);
    let mut read = 0;
    for ([high, low], byte) in pairs.iter().zip(&mut out[start..]) {
        let (high, low) = (HEX[usize::from(*high)], HEX[usize::from(*low)]);
        if high | low > 0xf {
            break;
        }
        *byte = high << 4 | low;
        read += 1;
    }
    out.truncate(start + read);
    let mut high = None;
    for digit in raw[2 * read..].iter().filter_map(|&byte| hex_digit(byte)) {
        match high.take() {
            Some(high) => out.push(high << 4 | digit),
            None => high = Some(digit),
        }
    }
    if let Some(high) = high {
        out.push(high << 4);
    }
}

/// Appends a literal string with its escapes resolved (ISO 32000-1, 7.3.4.2).
pub(crate) fn decode_literal(raw: &[u8], out: &mut Vec<u8>) {
    let mut rest = raw;
    while let Some(special) = rest.iter().position(|&b| b == b'\\' || b == b'\r') {
        out.extend_from_slice(&rest[..special]);
        let used = match rest[special] {
            b'\r' => {
                out.push(b'\n');
                1 + usize::from(rest.get(special + 1) == Some(&b'\n'))
            }
            _ => escape(&rest[special + 1..], out) + 1,
        };
        rest = rest.get(special + used..).unwrap_or_default();
    }
    out.extend_from_slice(rest);
}

/// Appends what follows a backslash and returns how many bytes it took.
fn escape(after: &[u8], out: &mut Vec<u8>) -> usize {
    let Some(&first) = after.first() else {
        return 0;
    };
    match first {
        b'n' => out.push(b'\n'),
        b'r' => out.push(b'\r'),
        b't' => out.push(b'\t'),
        b'b' => out.push(8),
        b'f' => out.push(12),
        b'\r' => return 1 + usize::from(after.get(1) == Some(&b'\n')),
        b'\n' => {}
        b'0'..=b'7' => {
            let digits = after
                .iter()
                .take(3)
                .take_while(|byte| matches!(byte, b'0'..=b'7'));
            let (value, count) = digits.fold((0_u32, 0), |(value, count), &digit| {
                (value * 8 + u32::from(digit - b'0'), count + 1)
            });
            out.push((value & 0xff) as u8);
            return count;
        }
        other => out.push(other),
    }
    1
}

/// The number that the digits from `at` on make, and how many they are; where they are more than
/// [`MAX_DIGITS`] it has no meaning.
#[inline(always)]
fn digits(bytes: &[u8], at: usize) -> (u64, usize) {
    let rest = bytes.get(at..).unwrap_or_default();
    if let Some(chunk) = rest.first_chunk() {
        let (value, count) = leading_digits(u64::from_le_bytes(*chunk));
        if count < chunk.len() {
            return (value, count);
        }
    }
    digits_one_by_one(rest)
}

/// The digits that eight bytes begin with, all at once: how many there are is what a processor
/// guesses worst. Bytes become their values, the digits move behind as many zeros as make eight,
/// then pairs are joined to pairs.
#[inline(always)]
fn leading_digits(chunk: u64) -> (u64, usize) {
    const EACH: u64 = 0x0101_0101_0101_0101;
    const PAIRS: u64 = 0x0000_00ff_0000_00ff;
    let values = chunk ^ (EACH * u64::from(b'0'));
    // Beyond the first byte that is no digit the sum may be wrong, and is not looked at.
    let others = (values.wrapping_add(EACH * 0x76) | values) & (EACH * 0x80);
    let bits = others.trailing_zeros() & !7;
    let digits = values.checked_shl(u64::BITS - bits).unwrap_or(0);
    let pairs = digits.wrapping_mul(10).wrapping_add(digits >> 8);
    let high = (pairs & PAIRS).wrapping_mul(100 + (1_000_000 << 32));
    let low = ((pairs >> 16) & PAIRS).wrapping_mul(1 + (10_000 << 32));
    (high.wrapping_add(low) >> 32, bits as usize / 8)
}

#[cold]
fn digits_one_by_one(bytes: &[u8]) -> (u64, usize) {
    let (mut value, mut count) = (0_u64, 0);
    while let Some(digit) = digit(bytes, count) {
        value = value.wrapping_mul(10).wrapping_add(digit);
        count += 1;
    }
    (value, count)
}

fn digit(bytes: &[u8], at: usize) -> Option<u64> {
    let value = bytes.get(at)?.wrapping_sub(b'0');
    (value < 10).then_some(u64::from(value))
}

fn hex_digit(byte: u8) -> Option<u8> {
    let value = HEX[usize::from(byte)];
    (value <= 0xf).then_some(value)
}

#[cfg(test)]
mod tests;
