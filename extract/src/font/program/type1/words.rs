//! The PostScript words that font programs are written in.

/// PostScript words: names keep their slash, brackets and braces stand alone.
pub(super) struct Words<'a> {
    rest: &'a [u8],
}

impl<'a> Words<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    /// The bytes after one separating byte.
    pub(super) fn take_bytes(&mut self, len: usize) -> Option<&'a [u8]> {
        let rest = self.rest.get(1..)?;
        let bytes = rest.get(..len)?;
        self.rest = &rest[len..];
        Some(bytes)
    }

    pub(super) fn next(&mut self) -> Option<&'a [u8]> {
        loop {
            let start = self.rest.iter().position(|byte| !is_separator(*byte))?;
            self.rest = &self.rest[start..];
            if self.rest[0] != b'%' {
                break;
            }
            let end = self
                .rest
                .iter()
                .position(|byte| matches!(byte, b'\n' | b'\r'))?;
            self.rest = &self.rest[end..];
        }
        let end = self.rest[1..]
            .iter()
            .position(|byte| is_separator(*byte) || matches!(byte, b'/' | b'%'))
            .map_or(self.rest.len(), |at| at + 1);
        let (word, rest) = self.rest.split_at(end);
        self.rest = rest;
        Some(word)
    }
}

fn is_separator(byte: u8) -> bool {
    byte.is_ascii_whitespace() || matches!(byte, 0 | b'[' | b']' | b'{' | b'}' | b'(' | b')')
}

/// Where `needle` first occurs.
pub(super) fn find(bytes: &[u8], needle: &[u8]) -> Option<usize> {
    let first = *needle.first()?;
    let mut from = 0;
    while let Some(at) = bytes.get(from..)?.iter().position(|byte| *byte == first) {
        let at = from + at;
        if bytes[at..].starts_with(needle) {
            return Some(at);
        }
        from = at + 1;
    }
    None
}
