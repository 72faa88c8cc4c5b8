//! A Type 3 font (ISO 32000-1, 9.6.5): letters of five by seven squares, with a `ToUnicode` CMap.

use crate::pdf::{Pdf, Ref};

/// The letters that the font has; each row is five pixels.
const LETTERS: [(char, [u8; 7]); 12] = [
    (
        'A',
        [
            0b01110, 0b10001, 0b10001, 0b11111, 0b10001, 0b10001, 0b10001,
        ],
    ),
    (
        'D',
        [
            0b11110, 0b10001, 0b10001, 0b10001, 0b10001, 0b10001, 0b11110,
        ],
    ),
    (
        'E',
        [
            0b11111, 0b10000, 0b10000, 0b11110, 0b10000, 0b10000, 0b11111,
        ],
    ),
    (
        'F',
        [
            0b11111, 0b10000, 0b10000, 0b11110, 0b10000, 0b10000, 0b10000,
        ],
    ),
    (
        'I',
        [
            0b01110, 0b00100, 0b00100, 0b00100, 0b00100, 0b00100, 0b01110,
        ],
    ),
    (
        'L',
        [
            0b10000, 0b10000, 0b10000, 0b10000, 0b10000, 0b10000, 0b11111,
        ],
    ),
    (
        'M',
        [
            0b10001, 0b11011, 0b10101, 0b10101, 0b10001, 0b10001, 0b10001,
        ],
    ),
    (
        'O',
        [
            0b01110, 0b10001, 0b10001, 0b10001, 0b10001, 0b10001, 0b01110,
        ],
    ),
    (
        'P',
        [
            0b11110, 0b10001, 0b10001, 0b11110, 0b10000, 0b10000, 0b10000,
        ],
    ),
    (
        'S',
        [
            0b01111, 0b10000, 0b10000, 0b01110, 0b00001, 0b00001, 0b11110,
        ],
    ),
    (
        'X',
        [
            0b10001, 0b10001, 0b01010, 0b00100, 0b01010, 0b10001, 0b10001,
        ],
    ),
    (' ', [0; 7]),
];

/// Adds the font; its codes are the ASCII codes of its letters.
pub(crate) fn add(pdf: &mut Pdf) -> Ref {
    let (mut procedures, mut differences, mut mapping) =
        (String::new(), String::new(), String::new());
    for (letter, rows) in LETTERS {
        let glyph = pdf.add_deflated("", procedure(rows).as_bytes());
        let (name, code) = (format!("px{:02X}", letter as u32), letter as u32);
        procedures += &format!("/{name} {glyph} ");
        differences += &format!("{code} /{name} ");
        mapping += &format!("<{code:02X}> <{code:04X}>\n");
    }
    let to_unicode = pdf.add_deflated("", cmap(&mapping).as_bytes());
    let widths = "6 ".repeat(usize::from(b'X' - b' ') + 1);
    pdf.add(format!(
        "<< /Type /Font /Subtype /Type3 /FontBBox [0 0 6 7] /FontMatrix [0.125 0 0 0.125 0 0] \
         /CharProcs << {procedures}>> /Encoding << /Type /Encoding /Differences [{differences}] >> \
         /FirstChar 32 /LastChar 88 /Widths [{widths}] /Resources << >> /ToUnicode {to_unicode} >>"
    ))
}

fn procedure(rows: [u8; 7]) -> String {
    let mut squares = "6 0 0 0 6 7 d1\n".to_owned();
    for (row, bits) in rows.iter().enumerate() {
        for column in (0..5).filter(|column| bits >> (4 - column) & 1 == 1) {
            squares += &format!("{column} {} 1 1 re\n", 6 - row);
        }
    }
    squares + "f\n"
}

fn cmap(mapping: &str) -> String {
    let entries = LETTERS.len();
    format!(
        "/CIDInit /ProcSet findresource begin\n12 dict begin\nbegincmap\n\
         /CMapName /Pixels def\n/CMapType 2 def\n\
         1 begincodespacerange\n<00> <FF>\nendcodespacerange\n\
         {entries} beginbfchar\n{mapping}endbfchar\n\
         endcmap\nCMapName currentdict /CMap defineresource pop\nend\nend\n"
    )
}
