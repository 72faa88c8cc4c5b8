//! Annotations whose appearance is to be made from their text, because they have none or because the
//! form asks for it (ISO 32000-1, 12.5.6.6, 12.7.2 and 12.7.3.3).

use crate::objects::{Dictionary, Object};

use super::interpreter::Interpreter;
use crate::ExtractError;
use crate::font::GlyphText;
use crate::geometry::Point;
use crate::objects::text_string;
use crate::page::boxes::rectangle;
use crate::text::{Run, visual_order};

/// Field flags (ISO 32000-1, tables 226 to 230).
const PASSWORD: i64 = 1 << 13;
const PUSH_BUTTON: i64 = 1 << 16;
const COMBO: i64 = 1 << 17;

/// From a field to the root of the form.
const MAX_ANCESTORS: usize = 32;

const MAX_LINES: u16 = 1_000;
const MAX_LINE_CHARS: u16 = 2_000;

/// Chosen options of a combo box.
const MAX_CHOSEN: u16 = 10;

/// Distances that viewers keep: text to border in points, baseline to baseline and from one
/// character to the next in em.
const PADDING: f32 = 2.0;
const LEADING: f32 = 1.2;
const CHARACTER: f32 = 0.5;

/// Where the default appearance gives none, or zero for what fits.
const DEFAULT_SIZE: f32 = 12.0;

impl<'o> Interpreter<'_, '_, 'o> {
    /// Whether the appearance of this annotation is out of date: `NeedAppearances` says so of the
    /// fields that hold text (ISO 32000-1, table 218).
    pub(super) fn needs_appearance(&self, dict: &'o Dictionary) -> bool {
        let objects = self.shared.objects;
        let needed = self
            .form()
            .and_then(|form| objects.boolean(form, b"NeedAppearances"));
        needed == Some(true)
            && objects.name(dict, b"Subtype") == Some(b"Widget")
            && matches!(self.inherited_name(dict, b"FT"), Some(b"Tx" | b"Ch"))
    }

    /// Writes the text of an annotation into its rectangle, line by line from the top.
    pub(super) fn write_annotation(&mut self, dict: &'o Dictionary) -> Result<(), ExtractError> {
        let objects = self.shared.objects;
        let Some(area) = objects.numbers(dict, b"Rect").and_then(|r| rectangle(&r)) else {
            return Ok(());
        };
        let Some(text) = self.annotation_text(dict) else {
            return Ok(());
        };
        let size = self.default_size(dict);
        self.begin_upright_run(size);
        for (line, number) in text.split(['\r', '\n']).zip(0..MAX_LINES) {
            self.shared.budget.check()?;
            let y = area.y1 - PADDING - size - f32::from(number) * LEADING * size;
            let line: String = line.chars().take(usize::from(MAX_LINE_CHARS)).collect();
            for (character, column) in visual_order(&line).into_iter().zip(0..MAX_LINE_CHARS) {
                let x = area.x0 + PADDING + f32::from(column) * CHARACTER * size;
                self.put_upright(character, x, y, CHARACTER * size);
            }
        }
        Ok(())
    }

    /// What a free text annotation or the widget of a field shows.
    fn annotation_text(&self, dict: &'o Dictionary) -> Option<String> {
        let objects = self.shared.objects;
        match objects.name(dict, b"Subtype")? {
            b"FreeText" => objects.string(dict, b"Contents").map(text_string),
            b"Widget" => self.field_text(dict),
            _ => None,
        }
    }

    fn field_text(&self, dict: &'o Dictionary) -> Option<String> {
        let objects = self.shared.objects;
        let flags = self.inherited(dict, b"Ff").and_then(Object::as_integer);
        let flags = flags.unwrap_or(0);
        match self.inherited_name(dict, b"FT")? {
            b"Tx" if flags & PASSWORD == 0 => match self.inherited(dict, b"V")? {
                Object::String(value) => Some(text_string(value)),
                _ => None,
            },
            b"Ch" => Some(self.choice_text(dict, flags & COMBO != 0)),
            b"Btn" if flags & PUSH_BUTTON != 0 => {
                let caption = objects.string(objects.dict(dict, b"MK")?, b"CA")?;
                Some(text_string(caption))
            }
            _ => None,
        }
    }

    /// The options of a list, or the chosen one of a combo box, as they are displayed, one per line.
    fn choice_text(&self, dict: &'o Dictionary, combo: bool) -> String {
        let objects = self.shared.objects;
        let items = |key| match self.inherited(dict, key) {
            Some(Object::Array(values)) => &values[..],
            Some(value) => std::slice::from_ref(value),
            None => &[],
        };
        // An option is its text, or what it exports and its text.
        let option = |option: &'o Object| match objects.resolve(option) {
            Object::Array(pair) => Some((
                string(objects.resolve(pair.first()?))?,
                string(objects.resolve(pair.get(1)?))?,
            )),
            text => Some((string(text)?, string(text)?)),
        };
        let options = items(b"Opt").iter().take(usize::from(MAX_LINES));
        let mut shown: Vec<&[u8]> = options
            .filter_map(option)
            .filter(|(export, text)| {
                let mut chosen = items(b"V").iter().take(usize::from(MAX_CHOSEN));
                !combo
                    || chosen.any(|value| {
                        let value = string(objects.resolve(value));
                        value == Some(export) || value == Some(text)
                    })
            })
            .map(|(_, text)| text)
            .collect();
        if shown.is_empty() {
            let chosen = items(b"V").iter().take(usize::from(MAX_LINES));
            shown.extend(chosen.filter_map(|value| string(objects.resolve(value))));
        }
        let lines: Vec<String> = shown.into_iter().map(text_string).collect();
        lines.join("\n")
    }

    fn form(&self) -> Option<&'o Dictionary> {
        let objects = self.shared.objects;
        objects.dict(objects.catalog()?, b"AcroForm")
    }

    fn inherited_name(&self, dict: &'o Dictionary, key: &[u8]) -> Option<&'o [u8]> {
        self.inherited(dict, key)?.as_name()
    }

    /// An entry of a field that its ancestors may have instead (ISO 32000-1, 12.7.3.1).
    fn inherited(&self, dict: &'o Dictionary, key: &[u8]) -> Option<&'o Object> {
        let objects = self.shared.objects;
        let mut field = dict;
        for _ in 0..MAX_ANCESTORS {
            if let Some(value) = objects.lookup(field, key) {
                return Some(value);
            }
            field = objects.dict(field, b"Parent")?;
        }
        None
    }

    /// The font size in the default appearance string, in points.
    fn default_size(&self, dict: &'o Dictionary) -> f32 {
        let objects = self.shared.objects;
        let appearance = self
            .inherited(dict, b"DA")
            .or_else(|| objects.lookup(self.form()?, b"DA"))
            .and_then(string)
            .unwrap_or_default();
        let words: Vec<&[u8]> = appearance
            .split(u8::is_ascii_whitespace)
            .filter(|word| !word.is_empty())
            .collect();
        let size = words
            .windows(2)
            .find(|pair| pair[1] == b"Tf")
            .and_then(|pair| std::str::from_utf8(pair[0]).ok()?.parse::<f32>().ok());
        size.filter(|size| *size > 0.0 && size.is_finite())
            .unwrap_or(DEFAULT_SIZE)
    }

    fn begin_upright_run(&mut self, size: f32) {
        let to_display = self.page.to_display;
        let along = to_display.vector(1.0, 0.0);
        let length = along.x.hypot(along.y);
        self.collector.clip_to(self.page.bounds());
        self.collector.begin_run(Run {
            direction: Point {
                x: along.x / length,
                y: along.y / length,
            },
            size: size * to_display.expansion(),
            vertical: false,
            ascent: 0.8,
            descent: -0.2,
            bold: false,
            italic: false,
        });
    }

    fn put_upright(&mut self, character: char, x: f32, y: f32, advance: f32) {
        let to_display = self.page.to_display;
        let text = GlyphText::from_char(character);
        let origin = to_display.point(x, y);
        self.collector
            .glyph(&text, origin, advance * to_display.expansion());
    }
}

fn string(object: &Object) -> Option<&[u8]> {
    match object {
        Object::String(bytes) => Some(bytes),
        _ => None,
    }
}
