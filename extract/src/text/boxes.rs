//! Lines of characters → blocks, lines and words with their boxes.

use super::lines::{Char, Lines};
use crate::geometry::union;
use crate::{Block, Line, Rect, Word};

pub(super) fn blocks(lines: &Lines) -> Vec<Block> {
    let mut blocks: Vec<Block> = Vec::new();
    let mut current = None;
    for (start, chars) in lines.each_line() {
        let words = words(lines, chars);
        let Some(bbox) = around(words.iter().map(|word| word.bbox)) else {
            continue;
        };
        let line = Line { bbox, words };
        match blocks.last_mut() {
            Some(block) if current == Some(start.block) => {
                block.bbox = union(block.bbox, bbox);
                block.lines.push(line);
            }
            _ => blocks.push(Block {
                bbox,
                lines: vec![line],
            }),
        }
        current = Some(start.block);
    }
    blocks
}

fn words(lines: &Lines, chars: &[Char]) -> Vec<Word> {
    chars
        .split(|char| char.character.is_whitespace())
        .filter_map(|chars| {
            let run = &lines.runs[chars.first()?.run as usize];
            Some(Word {
                bbox: around(chars.iter().map(|char| glyph_box(lines, char)))?,
                text: chars.iter().map(|char| char.character).collect(),
                size: run.size,
                bold: run.bold,
                italic: run.italic,
            })
        })
        .collect()
}

fn around(boxes: impl Iterator<Item = Rect>) -> Option<Rect> {
    boxes.reduce(union)
}

/// From descent to ascent, from the pen to the next pen; half an em to both sides of a vertical pen.
fn glyph_box(lines: &Lines, char: &Char) -> Rect {
    let run = &lines.runs[char.run as usize];
    let (direction, up) = (run.direction, run.up());
    let (top, bottom) = if run.vertical {
        (0.5, -0.5)
    } else {
        (run.ascent, run.descent)
    };
    let corner = |along: f32, above: f32| {
        let x = char.origin.x + direction.x * along + up.x * above * run.size;
        let y = char.origin.y + direction.y * along + up.y * above * run.size;
        Rect {
            x0: x,
            y0: y,
            x1: x,
            y1: y,
        }
    };
    [
        corner(0.0, bottom),
        corner(char.advance, top),
        corner(char.advance, bottom),
    ]
    .into_iter()
    .fold(corner(0.0, top), union)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geometry::Point;
    use crate::text::Run;

    #[test]
    fn words_have_the_boxes_of_their_glyphs() {
        let mut lines = Lines::new(100);
        lines.begin_run(Run {
            direction: Point { x: 1.0, y: 0.0 },
            size: 10.0,
            vertical: false,
            ascent: 0.8,
            descent: -0.2,
            bold: true,
            italic: false,
        });
        for (text, x) in [("a", 10.0), ("b", 15.0), (" ", 20.0), ("c", 25.0)] {
            lines.glyph(text, Point { x, y: 50.0 }, 5.0);
        }
        let blocks = blocks(&lines);
        let line = &blocks[0].lines[0];
        let expected = Rect {
            x0: 10.0,
            y0: 42.0,
            x1: 20.0,
            y1: 52.0,
        };
        assert_eq!(line.words[0].bbox, expected);
        assert_eq!(
            (line.words[0].text.as_str(), line.words[0].bold),
            ("ab", true)
        );
        assert_eq!(line.words[1].text, "c");
        assert_eq!((blocks[0].bbox.x0, blocks[0].bbox.x1), (10.0, 30.0));
    }
}
