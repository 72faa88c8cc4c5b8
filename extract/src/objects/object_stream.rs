//! Object streams: many objects in one stream (ISO 32000-1, 7.5.7).

use memchr::{memchr, memmem};

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
        let at_index = self.at_index(number, index).map(|(offset, _)| offset);
        let offset = at_index.or_else(|| {
            let mut offsets = self.offsets.iter().rev();
            let found = offsets.find(|(found, _)| *found == number);
            found.map(|(_, offset)| *offset)
        })?;
        parse::object(&mut Lexer::new(&self.bytes, offset), max_depth)
    }

    /// Whether `word` may be a name in the object with `number`: for certain only where the object
    /// is found at `index` and ends where the next one starts.
    pub(super) fn may_name(&self, number: u32, index: u32, word: &[u8]) -> bool {
        let Some((start, Some(end))) = self.at_index(number, index) else {
            return true;
        };
        self.bytes.get(start..end).is_none_or(|object| {
            // With `#` any character of a name can be written in another way.
            memmem::find(object, word).is_some() || memchr(b'#', object).is_some()
        })
    }

    /// Offset of the object with `number` and of the next one.
    fn at_index(&self, number: u32, index: u32) -> Option<(usize, Option<usize>)> {
        let index = index as usize;
        let (found, offset) = self.offsets.get(index)?;
        let next = self.offsets.get(index + 1).map(|(_, next)| *next);
        (*found == number).then_some((*offset, next))
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

    #[test]
    fn an_object_is_searched_for_a_name_before_it_is_read() {
        let objects = b"1 0 2 7 3 15 4 22 (Name) /N#61me /Other /Name ";
        let dict = Dictionary::default();
        let stream = ObjectStream::new(&dict, 18, objects.to_vec());
        let may_name: Vec<bool> = (0..4)
            .map(|index| stream.may_name(index + 1, index, b"Name"))
            .collect();
        // Where the last one ends is not known.
        assert_eq!(may_name, [true, true, false, true]);
        assert!(stream.may_name(3, 0, b"Name"), "it is not at that index");
    }
}
