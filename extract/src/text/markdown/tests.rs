//! Markdown from built blocks.

use super::*;

fn word(text: &str, size: f32, x: f32, y: f32) -> Word {
    Word {
        bbox: Rect {
            x0: x,
            y0: y,
            x1: x + 20.0,
            y1: y + size,
        },
        text: text.to_owned(),
        size,
        bold: false,
        italic: false,
    }
}

fn line(words: Vec<Word>) -> Line {
    Line {
        bbox: words[0].bbox,
        words,
    }
}

fn block(lines: Vec<Line>) -> Block {
    Block {
        bbox: lines[0].bbox,
        lines,
    }
}

/// The first page of a document.
fn page(blocks: &[Block], links: &[Link]) -> String {
    write(blocks, links, &mut Headings::default())
}

#[test]
fn a_size_is_on_one_level_on_all_pages() {
    let mut headings = Headings::default();
    let mut page = |sizes: &[f32]| {
        let body = block(vec![line(vec![word(
            "many ordinary words",
            10.0,
            0.0,
            0.0,
        )])]);
        let blocks = sizes
            .iter()
            .map(|size| block(vec![line(vec![word("Title", *size, 0.0, 0.0)])]));
        let blocks: Vec<Block> = [body].into_iter().chain(blocks).collect();
        let written = write(&blocks, &[], &mut headings);
        let titles = written.lines().filter(|line| line.starts_with('#'));
        titles
            .map(|title| title.len() - "# Title".len() + 1)
            .collect::<Vec<usize>>()
    };
    assert_eq!(page(&[20.0, 14.0]), [1, 2]);
    assert_eq!(page(&[14.0]), [2]);
    assert_eq!(page(&[12.0, 16.0, 24.0]), [3, 2, 1]);
    assert_eq!(page(&[12.0, 20.0]), [3, 1]);
}

#[test]
fn larger_text_is_a_heading() {
    let blocks = [
        block(vec![line(vec![word("Big", 20.0, 0.0, 0.0)])]),
        block(vec![line(vec![word("Less", 14.0, 0.0, 30.0)])]),
        block(vec![line(vec![word("ordinary", 10.0, 0.0, 60.0)])]),
    ];
    assert_eq!(page(&blocks, &[]), "# Big\n\n## Less\n\nordinary\n");
}

#[test]
fn bullets_and_numbers_become_lists() {
    let at =
        |texts: [&str; 2], y| line(texts.iter().map(|text| word(text, 10.0, 0.0, y)).collect());
    let blocks = [block(vec![
        at(["•", "one"], 0.0),
        at(["2.", "two"], 12.0),
        at(["#3", "three"], 24.0),
    ])];
    assert_eq!(page(&blocks, &[]), "- one\n2. two\n\\#3 three\n");
}

#[test]
fn emphasis_and_links_wrap_their_words() {
    let mut bold = word("bold", 10.0, 30.0, 0.0);
    bold.bold = true;
    let linked = word("li_nk", 10.0, 60.0, 0.0);
    let links = [Link {
        bbox: linked.bbox,
        target: LinkTarget::Uri("https://example.org/<a>".to_owned()),
    }];
    let blocks = [block(vec![line(vec![
        word("a", 10.0, 0.0, 0.0),
        bold,
        linked,
    ])])];
    assert_eq!(
        page(&blocks, &links),
        "a **bold** [li\\_nk](<https://example.org/\\<a\\>>)\n"
    );
}

#[test]
fn cells_of_one_row_share_a_line() {
    let blocks = [block(vec![
        line(vec![word("left", 10.0, 0.0, 0.0)]),
        line(vec![word("right", 10.0, 200.0, 1.0)]),
        line(vec![word("below", 10.0, 0.0, 14.0)]),
    ])];
    assert_eq!(page(&blocks, &[]), "left right\nbelow\n");
}

#[test]
fn a_bold_row_above_a_paragraph_is_a_heading() {
    let bold = |text: &str, y: f32| {
        let mut word = word(text, 10.0, 0.0, y);
        word.bold = true;
        line(vec![word])
    };
    let plain = |text: &str, y: f32| line(vec![word(text, 10.0, 0.0, y)]);
    let section = [block(vec![
        bold("Section", 0.0),
        plain("text", 12.0),
        plain("more", 24.0),
    ])];
    assert_eq!(page(&section, &[]), "# Section\n\ntext\nmore\n");
    let list = [block(vec![
        bold("one", 0.0),
        bold("two", 12.0),
        bold("three", 24.0),
        plain("text", 36.0),
        plain("text", 48.0),
        plain("text", 60.0),
        plain("text", 72.0),
    ])];
    assert!(page(&list, &[]).starts_with("**one**\n**two**\n**three**\ntext\n"));
    let sentence = [block(vec![
        bold("Stop.", 0.0),
        plain("a", 12.0),
        plain("b", 24.0),
    ])];
    assert_eq!(page(&sentence, &[]), "**Stop.**\na\nb\n");
}

#[test]
fn a_number_is_escaped_where_it_would_begin_a_list() {
    let row = |text: &str| [block(vec![line(vec![word(text, 10.0, 0.0, 0.0)])])];
    assert_eq!(page(&row("1.6"), &[]), "1.6\n");
    assert_eq!(page(&row("1."), &[]), "1\\.\n");
}
