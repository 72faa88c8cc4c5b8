//! Names (ISO 32000-1, 7.3.5): most are short and take no memory of their own.

use std::fmt;
use std::ops::Deref;

/// Bytes with which a name takes no more than two words.
const SHORT: usize = 14;

/// A name without its slash, its escapes resolved.
#[derive(Clone, PartialEq)]
pub(crate) struct Name(Storage);

#[derive(Clone, PartialEq)]
enum Storage {
    /// The bytes beyond the length are 0, so that equal names are equal in all bytes.
    Short { len: u8, bytes: [u8; SHORT] },
    /// Behind a thin pointer, which leaves the room to the short ones.
    Long(Box<Box<[u8]>>),
}

impl Name {
    pub(crate) fn new(name: &[u8]) -> Self {
        let mut bytes = [0; SHORT];
        match bytes.get_mut(..name.len()) {
            Some(room) => {
                room.copy_from_slice(name);
                Self(Storage::Short {
                    len: name.len() as u8,
                    bytes,
                })
            }
            None => Self(Storage::Long(Box::new(name.into()))),
        }
    }

    pub(crate) fn as_slice(&self) -> &[u8] {
        match &self.0 {
            Storage::Short { len, bytes } => bytes.get(..usize::from(*len)).unwrap_or_default(),
            Storage::Long(bytes) => bytes,
        }
    }
}

impl Deref for Name {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        self.as_slice()
    }
}

impl<const LEN: usize> PartialEq<[u8; LEN]> for Name {
    fn eq(&self, other: &[u8; LEN]) -> bool {
        self.as_slice() == other
    }
}

impl fmt::Debug for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "/{}", self.as_slice().escape_ascii())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_any_length_are_kept() {
        for len in [0, 1, SHORT - 1, SHORT, SHORT + 1, 300] {
            let name = vec![b'x'; len];
            assert_eq!(Name::new(&name).as_slice(), name);
        }
        assert!(Name::new(b"A") == Name::new(b"A") && Name::new(b"A") != Name::new(b"A\0"));
        assert_eq!(size_of::<Name>(), 16);
    }
}
