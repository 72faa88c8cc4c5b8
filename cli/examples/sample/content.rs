//! Content streams (ISO 32000-1, 7.8.2): text and images, each at its place on the page.

/// The fonts of the document, under the names that its pages know them by.
#[derive(Clone, Copy)]
pub(crate) enum Font {
    Sans,
    SansBold,
    Serif,
    SerifItalic,
    Mono,
    Pixels,
}

impl Font {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Sans => "Sans",
            Self::SansBold => "SansBold",
            Self::Serif => "Serif",
            Self::SerifItalic => "SerifItalic",
            Self::Mono => "Mono",
            Self::Pixels => "Pixels",
        }
    }
}

/// The content stream of one page.
#[derive(Default)]
pub(crate) struct Content(String);

impl Content {
    /// Lines of text; the first baseline at `(x, y)`, the others `leading` points below each other.
    pub(crate) fn text(
        &mut self,
        font: Font,
        size: f32,
        at: (f32, f32),
        leading: f32,
        lines: &str,
    ) {
        let (x, y) = at;
        let name = font.name();
        self.0 += &format!("BT /{name} {size} Tf {leading} TL {x} {y} Td\n");
        for line in lines.lines() {
            self.0 += &format!("({}) Tj T*\n", escaped(line));
        }
        self.0 += "ET\n";
    }

    /// The image `name` with its lower left corner at `(x, y)`.
    pub(crate) fn image(&mut self, name: &str, at: (f32, f32), size: (f32, f32)) {
        let ((x, y), (width, height)) = (at, size);
        self.0 += &format!("q {width} 0 0 {height} {x} {y} cm /{name} Do Q\n");
    }

    /// Turns what follows by 90 degrees, for a page of `width` points that is displayed with `/Rotate 90`.
    pub(crate) fn turn(&mut self, width: f32) {
        self.0 += &format!("0 1 -1 0 {width} 0 cm\n");
    }

    /// A thin grey line from `x0` to `x1`.
    pub(crate) fn rule(&mut self, x0: f32, x1: f32, y: f32) {
        self.0 += &format!("q 0.7 G 0.5 w {x0} {y} m {x1} {y} l S Q\n");
    }

    pub(crate) fn as_bytes(&self) -> &[u8] {
        self.0.as_bytes()
    }
}

/// A literal string in WinAnsiEncoding (ISO 32000-1, 7.3.4.2 and annex D).
pub(crate) fn escaped(text: &str) -> String {
    let mut literal = String::new();
    for character in text.chars() {
        match character {
            '(' | ')' | '\\' => literal.extend(['\\', character]),
            ' '..='~' => literal.push(character),
            _ => literal += &format!("\\{:03o}", win_ansi(character)),
        }
    }
    literal
}

fn win_ansi(character: char) -> u32 {
    match character {
        '€' => 0x80,
        '…' => 0x85,
        '‘' => 0x91,
        '’' => 0x92,
        '“' => 0x93,
        '”' => 0x94,
        '•' => 0x95,
        '–' => 0x96,
        '—' => 0x97,
        'œ' => 0x9c,
        '\u{a0}'..='\u{ff}' => u32::from(character),
        _ => panic!("{character:?} is not in WinAnsiEncoding"),
    }
}
