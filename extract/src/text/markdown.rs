//! Blocks → Markdown (CommonMark): headings by size, lists, emphasis, links.

mod escape; // characters that would mean something else
mod headings; // which sizes are headings

use crate::{Block, Line, Link, LinkTarget, Rect, Word};

pub(super) use headings::Headings;

/// Bullets that stand alone before a list item.
const BULLETS: &[&str] = &[
    "•", "‣", "▪", "●", "○", "◦", "■", "□", "–", "—", "-", "*", "·", "\u{f0b7}",
];

/// Writes the blocks of one page; `headings` knows those of the pages before.
pub(super) fn write(blocks: &[Block], links: &[Link], headings: &mut Headings) -> String {
    headings.look_at(blocks);
    let mut out = String::new();
    for block in blocks {
        let rows = rows(block);
        let levels = headings.levels(&rows);
        let rows: Vec<Row<'_>> = levels.into_iter().zip(rows).collect();
        for part in rows.chunk_by(|above, below| above.0 == below.0) {
            if !out.is_empty() {
                out.push('\n');
            }
            match part[0].0 {
                Some(level) => heading(&mut out, level, part),
                None => paragraph(&mut out, part, links),
            }
        }
    }
    out
}

/// A row, and its level as a heading.
type Row<'w> = (Option<usize>, Vec<&'w Word>);

/// The words of a block by baseline: cells of one row belong to one line of text.
fn rows(block: &Block) -> Vec<Vec<&Word>> {
    let mut rows: Vec<Vec<&Word>> = Vec::new();
    let mut above: Option<&Line> = None;
    for line in &block.lines {
        let same_row = above.is_some_and(|above| {
            let height = (line.bbox.y1 - line.bbox.y0).min(above.bbox.y1 - above.bbox.y0);
            let shared = line.bbox.y1.min(above.bbox.y1) - line.bbox.y0.max(above.bbox.y0);
            shared > height / 2.0
        });
        match rows.last_mut() {
            Some(row) if same_row => row.extend(&line.words),
            _ => rows.push(line.words.iter().collect()),
        }
        above = Some(line);
    }
    rows
}

fn heading(out: &mut String, level: usize, rows: &[Row<'_>]) {
    out.extend(std::iter::repeat_n('#', level));
    for word in rows.iter().flat_map(|(_, row)| row) {
        out.push(' ');
        escape::inline(out, &word.text);
    }
    out.push('\n');
}

fn paragraph(out: &mut String, rows: &[Row<'_>], links: &[Link]) {
    for (_, row) in rows {
        let words = match row.split_first() {
            Some((first, rest)) if !rest.is_empty() && BULLETS.contains(&first.text.as_str()) => {
                out.push_str("- ");
                rest
            }
            Some((first, rest)) if !rest.is_empty() && is_item_number(&first.text) => {
                out.push_str(&first.text);
                out.push(' ');
                rest
            }
            _ => row.as_slice(),
        };
        let start = out.len();
        spans(out, words, links);
        escape::line_start(out, start);
        out.push('\n');
    }
}

/// `1.` or `12)`, as CommonMark writes ordered lists.
fn is_item_number(word: &str) -> bool {
    word.strip_suffix(['.', ')']).is_some_and(|number| {
        (1..=3).contains(&number.len()) && number.bytes().all(|byte| byte.is_ascii_digit())
    })
}

/// What the words of one span share.
#[derive(Clone, Copy, Default, PartialEq)]
struct Style<'l> {
    bold: bool,
    italic: bool,
    uri: Option<&'l str>,
}

impl<'l> Style<'l> {
    fn of(word: &Word, links: &'l [Link]) -> Self {
        Self {
            bold: word.bold,
            italic: word.italic,
            uri: uri_at(word.bbox, links),
        }
    }

    fn open(&self) -> &'static str {
        match (self.bold, self.italic) {
            (true, true) => "***",
            (true, false) => "**",
            (false, true) => "*",
            (false, false) => "",
        }
    }
}

fn spans(out: &mut String, words: &[&Word], links: &[Link]) {
    let mut rest = words;
    while let Some(first) = rest.first() {
        let style = Style::of(first, links);
        let count = rest
            .iter()
            .take_while(|word| Style::of(word, links) == style)
            .count();
        let (span, after) = rest.split_at(count.max(1));
        if rest.len() < words.len() {
            out.push(' ');
        }
        span_text(out, span, &style);
        rest = after;
    }
}

fn span_text(out: &mut String, span: &[&Word], style: &Style<'_>) {
    if style.uri.is_some() {
        out.push('[');
    }
    out.push_str(style.open());
    for (index, word) in span.iter().enumerate() {
        if index > 0 {
            out.push(' ');
        }
        escape::inline(out, &word.text);
    }
    out.push_str(style.open());
    if let Some(uri) = style.uri {
        out.push_str("](<");
        escape::destination(out, uri);
        out.push_str(">)");
    }
}

/// The link whose area holds the middle of `bbox`.
fn uri_at(bbox: Rect, links: &[Link]) -> Option<&str> {
    let (x, y) = ((bbox.x0 + bbox.x1) / 2.0, (bbox.y0 + bbox.y1) / 2.0);
    links.iter().find_map(|link| match &link.target {
        LinkTarget::Uri(uri)
            if (link.bbox.x0..=link.bbox.x1).contains(&x)
                && (link.bbox.y0..=link.bbox.y1).contains(&y) =>
        {
            Some(uri.as_str())
        }
        _ => None,
    })
}

#[cfg(test)]
mod tests;
