//! The fuzz targets on the stable toolchain: seeds built here, changed at random but the same way
//! in every run.

use super::*;

/// Changed copies of each seed.
const STEPS: u64 = 400;

/// SplitMix64 (Steele, Lea and Flood 2014): enough for changes that only have to be varied.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut value = self.0;
        value = (value ^ value >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        value = (value ^ value >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        value ^ value >> 31
    }

    fn below(&mut self, end: usize) -> usize {
        (self.next() % end.max(1) as u64) as usize
    }
}

/// A copy of `seed` with some bytes changed, lost, doubled, or replaced by telling ones.
fn changed(seed: &[u8], random: &mut Random) -> Vec<u8> {
    const TELLING: [&[u8]; 8] = [
        b"\xff\xff\xff\xff",
        b"\0\0\0\0",
        b"99999999999",
        b"-1",
        b"0",
        b"<<",
        b"[",
        b">",
    ];
    let mut data = seed.to_vec();
    for _ in 0..=random.below(6) {
        let at = random.below(data.len());
        let end = data.len().min(at + random.below(24));
        match random.below(5) {
            0 => data
                .get_mut(at..)
                .into_iter()
                .flatten()
                .take(1)
                .for_each(|byte| {
                    *byte = random.next() as u8;
                }),
            1 => drop(data.drain(at..end)),
            2 => data.extend_from_within(at..end),
            3 => {
                let telling = TELLING[random.below(TELLING.len())];
                let end = data.len().min(at + telling.len());
                data.splice(at..end, telling.iter().copied());
            }
            _ => data
                .get_mut(at..end)
                .into_iter()
                .flatten()
                .for_each(|byte| {
                    *byte ^= 1 << random.below(8);
                }),
        }
    }
    data
}

fn run(target: fn(&[u8]), seeds: &[&[u8]]) {
    let mut random = Random(1);
    target(&[]);
    for seed in seeds {
        target(seed);
        for _ in 0..STEPS {
            target(&changed(seed, &mut random));
        }
    }
}

#[test]
fn tokens_and_content() {
    run(
        tokenizer,
        &[
            b"q 1 0 0 1 .5 -3.25 cm BT /F1 12 Tf [(a\\(b\\051) -120 <4142>] TJ T* ET Q /X Do",
            b"BI /W 2 /H 2 /BPC 8 /CS /G /F [/AHx] ID 00112233> EI /Span <</ActualText (x)>> BDC EMC",
            b"<</Length 12 0 R /Kids [1 0 R 2 0 R null true] /A#42 (\\\\\\n) % comment\n>>",
        ],
    );
}

#[test]
fn cmaps() {
    run(
        cmap,
        &[
            b"/CIDInit /ProcSet findresource begin begincmap 2 begincodespacerange <00> <80> <8140> <9ffc> \
              endcodespacerange 1 begincidrange <20> <7e> 1 endcidrange 1 begincidchar <8140> 633 endcidchar endcmap",
            b"1 begincodespacerange <0000> <ffff> endcodespacerange 2 beginbfrange <0000> <005e> <0020> \
              <005f> <0061> [<00660066> <d840dc3e> <0041>] endbfrange 1 beginbfchar <3a51> <d840dc3e> endbfchar",
        ],
    );
}

#[test]
fn font_programs() {
    let type_1 = b"\x00%!PS-AdobeFont-1.0: F\n/FontMatrix [0.001 0 0 0.001 0 0] def /Encoding 256 array\n\
        0 1 255 {1 index exch /.notdef put} for dup 65 /A put dup 66 /B put readonly def currentfile eexec\n\
        \x01\x02\x03\x04\x05\x06\x07\x08 0000 cleartomark";
    let true_type = [
        b"\x01\x00\x01\x00\x00\x00\x02\x00\x20\x00\x01\x00\x00".as_slice(),
        b"cmap\0\0\0\0\0\0\0\x2c\0\0\0\x20head\0\0\0\0\0\0\0\x4c\0\0\0\x36",
        b"\0\0\0\x01\0\x03\0\x01\0\0\0\x0c\0\x04\0\x14\0\0\0\x02\0\x02\0\0\0\0\0\x41\xff\xff",
        &[0; 64],
    ]
    .concat();
    let cff = b"\x02\x01\x00\x04\x01\x00\x01\x01\x01\x03F\x00\x01\x01\x01\x05\x1b\x0f\x1c\x11\x00\x00\x00\x00\x00\x01\x01\x01\x02\x0e";
    run(font, &[type_1, &true_type, cff]);
}

#[test]
fn images() {
    let fax = b"\x10\x08\x00\x04\x03\x00\x00\x00\x26\xa0\x5f\xff\x00\x10\x01";
    let plain = b"\x04\x04\x03\x09\x00\x01\x01\x00\x00\x11\x22\x33\x44\x55\x66\x77\x88\x99\xaa\xbb";
    let jpeg = b"\x08\x08\x03\x05\x00\x01\x00\x00\xff\xd8\xff\xdb\x00\x43\x00\x10\x0b\x0c\x0e\xff\xc0\x00\x0b\x08\x00\x08\x00\x08\x01\x01\x11\x00\
        \xff\xc4\x00\x14\x00\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\xff\xda\x00\x08\x01\x01\x00\x00\x3f\x00\xd2\xcf\xff\xd9";
    let jbig2 = b"\x40\x38\x00\x07\x07\x00\x00\x00\x00\x00\x00\x00\x30\x00\x01\x00\x00\x00\x13\x00\x00\x00\x40\x00\x00\x00\x38\x00\x00\x00\x00\x00\x00\x00\x00\x01\x00\x00";
    let jpx = b"\x08\x08\x03\x06\x00\x01\x00\x00\xff\x4f\xff\x51\x00\x29\x00\x00\x00\x00\x00\x08\x00\x00\x00\x08\x00\x00\x00\x00\x00\x00\x00\x00";
    let lzw = b"\x07\x05\x03\x01\x01\x03\x02\x00\x80\x0b\x60\x50\x22\x0c\x0c\x85\x01";
    let tint = b"\x05\x05\x03\x09\x00\x09\x00\xff{dup 0.5 mul exch pop 1 index add 3 copy roll}";
    run(image, &[fax, plain, jpeg, jbig2, jpx, lzw, tint]);
}

#[test]
fn whole_documents() {
    let content = b"BT /F 9 Tf 10 50 Td (Text) Tj ET q 9 0 0 9 0 0 cm /I Do Q";
    let classic = Wrapped::new(&[
        b"<</Type/Catalog/Pages 2 0 R/Outlines<</First<</Title(One)/Dest[3 0 R/Fit]>>>>>>",
        b"<</Type/Pages/Kids[3 0 R]/Count 1/MediaBox[0 0 200 100]>>",
        b"<</Type/Page/Parent 2 0 R/Rotate 90/Contents 4 0 R/Resources<</XObject<</I 4 0 R>>\
          /Font<</F<</Subtype/Type1/BaseFont/Helvetica>>>>>>/Annots[<</Subtype/Link/Rect[0 0 9 9]\
          /A<</S/URI/URI(https://example.org)>>>>]>>",
    ])
    .stream(
        "/Subtype/Image/Width 2/Height 2/BitsPerComponent 8/ColorSpace/DeviceGray",
        content,
    )
    .finish();
    let locked =
        b"%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj 2 0 obj<</Kids[3 0 R]>>endobj \
        3 0 obj<</Type/Page/MediaBox[0 0 9 9]>>endobj\ntrailer<</Root 1 0 R/ID[(a)(b)]\
        /Encrypt<</Filter/Standard/V 2/R 3/Length 128/P -4/O(................................)\
        /U(................................)>>>>\nstartxref\n0\n%%EOF";
    run(document, &[&classic, locked]);
}
