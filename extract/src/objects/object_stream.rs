//! Object streams: many objects in one stream (ISO 32000-1, 7.5.7).

use super::lexer::{Lexer, Token};
use super::object::{Dictionary, Object};
use super::parse;

/// A decoded object stream.
pub(super) struct ObjectStream {
    bytes: Vec<u8>,
    /// Object number and offset into `bytes`.
    offsets: Vec<(u32, usize)>,
}

impl ObjectStream {
    /// `bytes` are decoded; damage in the header ends the list of objects.
    pub(super) fn new(dict: &Dictionary, first: usize, bytes: Vec<u8>) -> Self {
        let count = dict
            .get(b"N")
            .and_then(Object::as_integer)
            .unwrap_or(i64::MAX);
        let mut lexer = Lexer::new(&bytes, 0);
        let mut offsets = Vec::new();
        while (offsets.len() as i64) < count && lexer.position() < first {
            let (Some(Token::Integer(number)), Some(Token::Integer(offset))) =
                (lexer.token(), lexer.token())
            else {
                break;
            };
            let (Ok(number), Ok(offset)) = (u32::try_from(number), usize::try_from(offset)) else {
                break;
            };
            offsets.push((number, first.saturating_add(offset)));
        }
        Self { bytes, offsets }
    }

    /// The object with `number`, which the cross-reference says lies at `index`.
    pub(super) fn get(&self, number: u32, index: u32, max_depth: u32) -> Option<Object> {
        let at_index = self
            .offsets
            .get(index as usize)
            .filter(|(found, _)| *found == number);
        let (_, offset) = at_index.or_else(|| {
            self.offsets
                .iter()
                .rev()
                .find(|(found, _)| *found == number)
        })?;
        parse::object(&mut Lexer::new(&self.bytes, *offset), max_depth)
    }

    /// The numbers of its objects, by index.
    pub(super) fn numbers(&self) -> impl Iterator<Item = u32> + '_ {
        self.offsets.iter().map(|(number, _)| *number)
    }

    /// What it takes in memory.
    pub(super) fn len(&self) -> usize {
        self.bytes.len() + self.offsets.len() * size_of::<(u32, usize)>()
    }
}

#[cfg(test)]
mod tests {
    use super::super::object::Name;
    use super::*;

    #[test]
    fn objects_are_found_by_index_or_by_number() {
        let dict = [(Name::new(b"N"), Object::Integer(2))]
            .into_iter()
            .collect();
        let stream = ObjectStream::new(&dict, 10, b"7 0 9 5   (ab) /Name".to_vec());
        assert_eq!(
            stream.get(9, 1, 10).unwrap(),
            Object::Name(Name::new(b"Name"))
        );
        assert_eq!(
            stream.get(9, 0, 10).unwrap(),
            Object::Name(Name::new(b"Name"))
        );
        assert_eq!(
            stream.get(7, 0, 10).unwrap(),
            Object::String(b"ab".as_slice().into())
        );
        assert!(stream.get(8, 0, 10).is_none());
    }
}
