//! The object model (ISO 32000-1, 7.3): small, immutable, and freed with few steps.

mod dictionary; // keys and values
mod name; // names, the short ones in place

use std::ops::Range;

pub(crate) use self::dictionary::Dictionary;
pub(crate) use self::name::Name;

/// Object number and generation.
pub(crate) type ObjectId = (u32, u16);

/// One object. What it holds starts at its second word: objects are moved as soon as they are made,
/// and a processor waits where a word is read of which the bytes were written apart.
#[derive(Clone, Debug, PartialEq)]
#[repr(u64)]
pub(crate) enum Object {
    Null,
    Boolean(bool),
    Integer(i64),
    Real(f32),
    Name(Name),
    /// With its escapes resolved, decrypted.
    String(Box<[u8]>),
    Array(Box<[Object]>),
    Dictionary(Dictionary),
    Stream(Box<Stream>),
    Reference(ObjectId),
}

/// A dictionary with data.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Stream {
    pub(crate) dict: Dictionary,
    pub(super) data: Data,
}

/// The data of a stream, with every filter still on.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Data {
    /// As it lies in the file.
    InFile(Range<usize>),
    /// Decrypted.
    Own(Box<[u8]>),
}

impl Object {
    /// A dictionary, or the dictionary of a stream.
    pub(crate) fn as_dict(&self) -> Option<&Dictionary> {
        match self {
            Self::Dictionary(dict) => Some(dict),
            Self::Stream(stream) => Some(&stream.dict),
            _ => None,
        }
    }

    /// An integer or a real.
    pub(crate) fn as_number(&self) -> Option<f32> {
        match self {
            Self::Integer(value) => Some(*value as f32),
            Self::Real(value) => Some(*value),
            _ => None,
        }
    }

    pub(crate) fn as_integer(&self) -> Option<i64> {
        match self {
            Self::Integer(value) => Some(*value),
            _ => None,
        }
    }

    pub(crate) fn as_name(&self) -> Option<&[u8]> {
        match self {
            Self::Name(name) => Some(name),
            _ => None,
        }
    }

    pub(crate) fn as_array(&self) -> Option<&[Object]> {
        match self {
            Self::Array(items) => Some(items),
            _ => None,
        }
    }

    pub(crate) fn as_reference(&self) -> Option<ObjectId> {
        match self {
            Self::Reference(id) => Some(*id),
            _ => None,
        }
    }
}

/// For what decrypts objects.
impl From<&Object> for lopdf::Object {
    fn from(object: &Object) -> Self {
        match object {
            Object::Null => Self::Null,
            Object::Boolean(value) => Self::Boolean(*value),
            Object::Integer(value) => Self::Integer(*value),
            Object::Real(value) => Self::Real(*value),
            Object::Name(name) => Self::Name(name.to_vec()),
            Object::String(bytes) => Self::String(bytes.to_vec(), lopdf::StringFormat::Literal),
            Object::Array(items) => Self::Array(items.iter().map(Self::from).collect()),
            Object::Dictionary(dict) => Self::Dictionary(dict.into()),
            Object::Stream(stream) => Self::Dictionary((&stream.dict).into()),
            Object::Reference(id) => Self::Reference(*id),
        }
    }
}

impl From<&Dictionary> for lopdf::Dictionary {
    fn from(dict: &Dictionary) -> Self {
        dict.iter()
            .map(|(key, value)| (key.to_vec(), lopdf::Object::from(value)))
            .collect()
    }
}

/// Tests write their objects with lopdf's macros.
#[cfg(test)]
impl From<lopdf::Object> for Object {
    fn from(object: lopdf::Object) -> Self {
        match object {
            lopdf::Object::Null => Self::Null,
            lopdf::Object::Boolean(value) => Self::Boolean(value),
            lopdf::Object::Integer(value) => Self::Integer(value),
            lopdf::Object::Real(value) => Self::Real(value),
            lopdf::Object::Name(name) => Self::Name(Name::new(&name)),
            lopdf::Object::String(bytes, _) => Self::String(bytes.into()),
            lopdf::Object::Array(items) => Self::Array(items.into_iter().map(Self::from).collect()),
            lopdf::Object::Dictionary(dict) => Self::Dictionary(dict.into()),
            lopdf::Object::Stream(stream) => Self::Stream(Box::new(Stream {
                dict: stream.dict.into(),
                data: Data::Own(stream.content.into()),
            })),
            lopdf::Object::Reference(id) => Self::Reference(id),
        }
    }
}

#[cfg(test)]
impl From<lopdf::Dictionary> for Dictionary {
    fn from(dict: lopdf::Dictionary) -> Self {
        dict.into_iter()
            .map(|(key, value)| (Name::new(&key), Object::from(value)))
            .collect()
    }
}
