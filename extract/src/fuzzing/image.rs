//! Image data of every codec, with the dictionaries around it.

use super::wrapped::Wrapped;
use crate::budget::Budget;
use crate::image::{self, Profiles};
use crate::objects::{Object, Objects};
use crate::{Cancel, Options};

const FILTERS: [&str; 10] = [
    "/FlateDecode",
    "/LZWDecode",
    "/RunLengthDecode",
    "/ASCII85Decode",
    "/CCITTFaxDecode",
    "/DCTDecode",
    "/JPXDecode",
    "/JBIG2Decode",
    "[/ASCIIHexDecode/FlateDecode]",
    "[]",
];

const PARAMETERS: [&str; 8] = [
    "<<>>",
    "<</Predictor 15/Columns 7/Colors 3>>",
    "<</Predictor 2/Columns 9/Colors 4/BitsPerComponent 4>>",
    "<</K -1/Columns 33>>",
    "<</K 0/Columns 20/EncodedByteAlign true/BlackIs1 true>>",
    "<</K 4/EndOfLine true>>",
    "<</EarlyChange 0>>",
    "<</JBIG2Globals 2 0 R>>",
];

const COLOUR_SPACES: [&str; 12] = [
    "/DeviceGray",
    "/DeviceRGB",
    "/DeviceCMYK",
    "[/Indexed/DeviceRGB 3<000102030405060708090A0B>]",
    "[/ICCBased 2 0 R]",
    "[/Lab<</WhitePoint[0.95 1 1.09]/Range[-100 100 -100 100]>>]",
    "[/CalRGB<</WhitePoint[0.95 1 1.09]/Gamma[2 0 -1]>>]",
    "[/CalGray<</WhitePoint[0.95 1 1.09]/Gamma 0>>]",
    "[/Separation/Spot/DeviceRGB<</FunctionType 2/Domain[0 1]/C1[1 0 1]/N 2>>]",
    "[/DeviceN[/A/B]/DeviceCMYK 2 0 R]",
    "[/Indexed[/ICCBased 2 0 R]255 2 0 R]",
    "/Named",
];

const MASKS: [&str; 5] = [
    "",
    "/SMask 2 0 R",
    "/Mask 2 0 R",
    "/Mask[0 3 0 3 0 3]",
    "/ImageMask true/Decode[1 0]",
];

/// One image: its choices are the first eight bytes, the rest its data, and that of its profile,
/// mask, tint transform and globals too.
pub fn image(data: &[u8]) {
    let (choices, data) = data.split_at(data.len().min(8));
    let choice = |index: usize| choices.get(index).copied().map_or(0, usize::from);
    let pick = |index: usize, among: &[&'static str]| among[choice(index) % among.len()];
    let entries = format!(
        "/Subtype/Image/Width {}/Height {}/BitsPerComponent {}/Filter{}/DecodeParms{}/ColorSpace{}{}",
        choice(0),
        choice(1),
        1 << (choice(2) % 6),
        pick(3, &FILTERS),
        pick(4, &PARAMETERS),
        pick(5, &COLOUR_SPACES),
        pick(6, &MASKS),
    );
    let inner = format!(
        "/Width 8/Height 8/BitsPerComponent 8/ColorSpace/DeviceGray/N {}/FunctionType {}\
         /Domain[0 1 0 1]/Range[0 1 0 1 0 1 0 1]/Size[2 2]/BitsPerSample 8",
        choice(7) % 5,
        if choice(7) < 128 { 0 } else { 4 },
    );
    let file = Wrapped::new(&[])
        .stream(&entries, data)
        .stream(&inner, data)
        .finish();
    let (limits, cancel) = (super::limits(), Cancel::new());
    let budget = Budget::new(&limits, &cancel);
    let Ok(objects) = Objects::open(&file, &Options::default(), &budget) else {
        return;
    };
    if let Some(Object::Stream(stream)) = objects.get((1, 0)) {
        let bytes = objects.raw(stream);
        // Whatever the outcome, it has one.
        let _ = image::decode(
            &objects,
            &stream.dict,
            bytes,
            None,
            &Profiles::default(),
            &budget,
        );
    }
}
