//! Colour space objects (ISO 32000-1, 8.6.3) to [`Colour`].

use super::cie::{CalGray, CalRgb, Lab};
use super::icc::{Profile, Profiles};
use super::{Colour, Function};
use crate::budget::Budget;
use crate::filter;
use crate::image::ImageError;
use crate::objects::{Dictionary, Object, Objects, as_dict};

/// Colour spaces within colour spaces: Indexed over DeviceN over ICCBased is three.
const MAX_DEPTH: u32 = 8;

/// Components of a DeviceN space (ISO 32000-1, annex C).
const MAX_COMPONENTS: usize = 32;

const DAMAGED: ImageError = ImageError::Damaged("its colour space");

/// What colour space objects refer to.
#[derive(Clone, Copy)]
pub(in crate::image) struct Parser<'o> {
    pub(in crate::image) objects: &'o Objects<'o>,
    /// `ColorSpace` of the resources in force.
    pub(in crate::image) named: Option<&'o Dictionary>,
    pub(in crate::image) profiles: &'o Profiles,
    pub(in crate::image) budget: &'o Budget<'o>,
}

impl Parser<'_> {
    /// Reads a colour space name or array.
    pub(in crate::image) fn parse(self, object: &Object) -> Result<Colour, ImageError> {
        self.space(object, MAX_DEPTH)
    }

    fn space(self, object: &Object, depth: u32) -> Result<Colour, ImageError> {
        let depth = depth.checked_sub(1).ok_or(DAMAGED)?;
        match self.objects.resolve(object) {
            Object::Name(name) => self.name(name, depth),
            Object::Array(items) => self.array(items, depth),
            // A profile without the array around it.
            Object::Stream(_) => self.icc(object, depth),
            _ => Err(DAMAGED),
        }
    }

    fn name(self, name: &[u8], depth: u32) -> Result<Colour, ImageError> {
        match name {
            b"DeviceGray" | b"G" | b"CalGray" => Ok(Colour::Gray),
            b"DeviceRGB" | b"RGB" | b"CalRGB" => Ok(Colour::Rgb),
            b"DeviceCMYK" | b"CMYK" | b"CalCMYK" => Ok(Colour::Cmyk),
            _ => {
                let named = self
                    .named
                    .and_then(|named| self.objects.lookup(named, name));
                self.space(named.ok_or(DAMAGED)?, depth)
            }
        }
    }

    fn array(self, items: &[Object], depth: u32) -> Result<Colour, ImageError> {
        let item = |index: usize| items.get(index).map(|item| self.objects.resolve(item));
        let dict = || item(1).and_then(as_dict).ok_or(DAMAGED);
        let Some(Object::Name(family)) = item(0) else {
            return Err(DAMAGED);
        };
        match family.as_slice() {
            b"CalGray" => Ok(Colour::CalGray(CalGray::parse(dict()?, self.objects))),
            b"CalRGB" => Ok(Colour::CalRgb(Box::new(CalRgb::parse(
                dict()?,
                self.objects,
            )))),
            b"Lab" => Ok(Colour::Lab(Lab::parse(dict()?, self.objects))),
            b"ICCBased" => self.icc(item(1).ok_or(DAMAGED)?, depth),
            b"Indexed" | b"I" => self.indexed(items, depth),
            b"Separation" | b"DeviceN" => self.tint(items, depth),
            b"Pattern" => Err(ImageError::Unsupported("a pattern as colour space")),
            name => self.name(name, depth),
        }
    }

    fn icc(self, object: &Object, depth: u32) -> Result<Colour, ImageError> {
        let Object::Stream(stream) = object else {
            return Err(DAMAGED);
        };
        let alternate = || {
            let object = self.objects.lookup(&stream.dict, b"Alternate")?;
            self.space(object, depth).ok()
        };
        let components = match self.objects.integer(&stream.dict, b"N") {
            Some(n @ (1 | 3 | 4)) => n as usize,
            _ => return alternate().ok_or(DAMAGED),
        };
        let profile = self.profiles.get(stream, || {
            let data = filter::decode_stream(stream, self.objects, self.budget)?.bytes;
            Ok::<_, ImageError>(Profile::parse(&data, components))
        })?;
        if let Some(profile) = profile {
            return Ok(Colour::Icc(profile));
        }
        alternate()
            .filter(|alternate| alternate.components() == components)
            .or_else(|| Colour::device(components))
            .ok_or(DAMAGED)
    }

    fn indexed(self, items: &[Object], depth: u32) -> Result<Colour, ImageError> {
        let [_, base, greatest, table, ..] = items else {
            return Err(DAMAGED);
        };
        let base = self.space(base, depth)?;
        let greatest = match self.objects.resolve(greatest) {
            Object::Integer(value) => (*value).clamp(0, 255) as usize,
            Object::Real(value) => value.clamp(0.0, 255.0) as usize,
            _ => return Err(DAMAGED),
        };
        let mut table = match self.objects.resolve(table) {
            Object::String(bytes) => bytes.to_vec(),
            Object::Stream(stream) => filter::decode_stream(stream, self.objects, self.budget)?
                .bytes
                .into_owned(),
            _ => return Err(DAMAGED),
        };
        table.resize((greatest + 1) * base.components(), 0);
        let mut colours = vec![[0; 3]; greatest + 1];
        base.converter().row(&table, colours.as_flattened_mut());
        Ok(Colour::Indexed(colours))
    }

    fn tint(self, items: &[Object], depth: u32) -> Result<Colour, ImageError> {
        let [_, names, alternate, transform, ..] = items else {
            return Err(DAMAGED);
        };
        let components = match self.objects.resolve(names) {
            Object::Array(names) => names.len(),
            _ => 1,
        };
        if !(1..=MAX_COMPONENTS).contains(&components) {
            return Err(ImageError::Unsupported("its number of components"));
        }
        let alternate = Box::new(self.space(alternate, depth)?);
        let transform = Function::parse(transform, self.objects, self.budget)?;
        Ok(Colour::Tint {
            components,
            alternate,
            transform,
        })
    }
}
