//! Files without a cross-reference, searched.

use proptest::prelude::*;

use super::*;
use crate::{Cancel, Limits};

fn search(bytes: &[u8]) -> Found {
    let (limits, cancel) = (Limits::default(), Cancel::new());
    super::search(bytes, &Budget::new(&limits, &cancel)).unwrap()
}

fn places(bytes: &[u8]) -> Vec<(u32, Place)> {
    let entries = search(bytes).xref.entries;
    let entries = entries.into_iter();
    entries.map(|entry| (entry.number, entry.place)).collect()
}

#[test]
fn headers_are_found_wherever_they_stand() {
    assert_eq!(
        places(b"7 0 obj 1 endobj3 0\nobj(x)endobj\r12 00 obj<<>>"),
        [
            (3, Place::Offset(16)),
            (7, Place::Offset(0)),
            (12, Place::Offset(33))
        ]
    );
    assert_eq!(
        places(b"endobj obj 0 obj x 0 obj 5 obj 99999999999 0 obj"),
        []
    );
}

#[test]
fn of_two_objects_the_last_counts() {
    assert_eq!(
        places(b"1 0 obj (old) endobj 1 0 obj (new) endobj"),
        [(1, Place::Offset(21))]
    );
}

#[test]
fn a_file_within_a_stream_is_not_searched() {
    for length in ["/Length 15", "/Length 9 0 R", "/Length 1", ""] {
        let file = format!(
            "1 0 obj <<{length}>> stream\n2 0 obj 5 endobj\nendstream endobj 3 0 obj 1 endobj"
        );
        let numbers: Vec<u32> = places(file.as_bytes()).iter().map(|(n, _)| *n).collect();
        assert_eq!(numbers, [1, 3], "{length}");
    }
}

#[test]
fn the_word_stream_in_a_string_is_no_stream() {
    let found = search(b"1 0 obj <</A (a stream)>> endobj 2 0 obj 1 endobj");
    assert_eq!(found.xref.entries.len(), 2);
}

#[test]
fn object_streams_are_listed_and_trailers_add_up() {
    let found = search(
        b"trailer <</Root 1 0 R /Info 2 0 R>> 4 0 obj <</Type /ObjStm>> stream\n\nendstream \
          5 0 obj <</Type /XRef /Root 3 0 R>> stream\n\nendstream",
    );
    assert_eq!(found.containers, [(4, 36)]);
    let trailer = found.xref.trailer;
    assert_eq!(trailer.get(b"Root"), Some(&Object::Reference((3, 0))));
    assert_eq!(trailer.get(b"Info"), Some(&Object::Reference((2, 0))));
}

#[test]
fn every_byte_is_looked_at_a_bounded_number_of_times() {
    for part in [
        "1 0 obj<<(stream ",
        "1 0 obj<<>>stream\n",
        "trailer<<",
        "1 0 obj(",
    ] {
        search(part.repeat(200_000).as_bytes());
    }
}

proptest! {
    #[test]
    fn any_bytes_end(parts in prop::collection::vec("1 0 obj|<<|>>|stream\n|endstream|trailer|[ -~]{0,4}", 0..60)) {
        search(parts.concat().as_bytes());
    }
}
