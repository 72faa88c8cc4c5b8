//! Whole files, built: tables, streams, updates, damage.

use super::*;
use crate::{Cancel, Limits};

/// Opens `file` and looks at it.
fn with_objects<T>(file: &[u8], look: impl FnOnce(&Objects<'_>) -> T) -> T {
    let (limits, cancel) = (Limits::default(), Cancel::new());
    let budget = Budget::new(&limits, &cancel);
    let objects = Objects::open(file, &Options::default(), &budget).unwrap();
    look(&objects)
}

/// Whether the file was read by its own cross-reference.
fn is_sound(objects: &Objects<'_>) -> bool {
    let warnings = objects.budget.take_warnings();
    warnings.is_empty()
}

/// A file with a classic table: `bodies` are objects 1, 2, …; 1 is the catalog.
fn file_of(bodies: &[&str]) -> Vec<u8> {
    let mut file = b"%PDF-1.4\n".to_vec();
    let mut table = format!("xref\n0 {}\n0000000000 65535 f \n", bodies.len() + 1);
    for (body, number) in bodies.iter().zip(1..) {
        table += &format!("{:010} 00000 n \n", file.len());
        file.extend(format!("{number} 0 obj\n{body}\nendobj\n").into_bytes());
    }
    let start = file.len();
    file.extend(table.into_bytes());
    let size = bodies.len() + 1;
    file.extend(
        format!("trailer\n<</Size {size} /Root 1 0 R>>\nstartxref\n{start}\n%%EOF").into_bytes(),
    );
    file
}

const CATALOG: &str = "<</Type /Catalog /Pages 2 0 R>>";
const PAGES: &str = "<</Type /Pages /Kids [<</Type /Page>>] /Count 1>>";

#[test]
fn a_sound_file_is_read_object_by_object() {
    let stream = "<</Length 4 0 R>> stream\nabcde\nendstream";
    with_objects(&file_of(&[CATALOG, PAGES, stream, "5"]), |objects| {
        assert!(is_sound(objects));
        let Some(Object::Stream(stream)) = objects.get((3, 0)) else {
            panic!("not a stream");
        };
        assert_eq!(objects.raw(stream), b"abcde");
        assert_eq!(objects.header_version(), "1.4");
        assert!(objects.get((9, 0)).is_none());
    });
}

#[test]
fn a_stream_may_name_itself_as_its_length() {
    let stream = "<</Length 3 0 R>> stream\nabcde\nendstream";
    with_objects(&file_of(&[CATALOG, PAGES, stream]), |objects| {
        let Some(Object::Stream(stream)) = objects.get((3, 0)) else {
            panic!("not a stream");
        };
        assert_eq!(objects.raw(stream), b"abcde");
    });
}

#[test]
fn references_may_run_in_circles() {
    with_objects(&file_of(&[CATALOG, PAGES, "4 0 R", "3 0 R"]), |objects| {
        assert_eq!(objects.resolve(&Object::Reference((3, 0))), &Object::Null);
    });
}

#[test]
fn an_object_out_of_its_place_is_searched_for() {
    let mut file = file_of(&[CATALOG, PAGES, "(found)"]);
    let entry = file
        .windows(7)
        .rposition(|window| window == b"00000 n")
        .unwrap()
        - 11;
    file[entry..entry + 10].copy_from_slice(b"0000000003");
    with_objects(&file, |objects| {
        let found = Object::String(b"found".as_slice().into());
        assert_eq!(objects.get((3, 0)), Some(&found));
    });
}

#[test]
fn rubbish_before_the_header_moves_every_offset() {
    let mut file = b"rubbish\n".to_vec();
    file.extend(file_of(&[CATALOG, PAGES]));
    with_objects(&file, |objects| {
        assert!(is_sound(objects));
    });
}

#[test]
fn an_update_replaces_and_deletes_objects() {
    let mut file = file_of(&[CATALOG, PAGES, "(old)", "(gone)"]);
    let previous = file
        .windows(5)
        .rposition(|window| window == b"xref\n")
        .unwrap();
    let previous = file[..previous]
        .windows(5)
        .rposition(|window| window == b"xref\n")
        .unwrap_or(previous);
    let object = file.len() + 1;
    file.extend(b"\n3 0 obj (new) endobj\n");
    let start = file.len();
    file.extend(
        format!(
            "xref\n3 2\n{object:010} 00000 n \n0000000000 00001 f \ntrailer <</Size 5 /Root 1 0 R /Prev {previous}>>\nstartxref\n{start}\n%%EOF"
        )
        .into_bytes(),
    );
    with_objects(&file, |objects| {
        assert_eq!(
            objects.get((3, 0)),
            Some(&Object::String(b"new".as_slice().into()))
        );
        assert!(objects.get((4, 0)).is_none());
    });
}

#[test]
fn objects_lie_in_object_streams() {
    let mut file = b"%PDF-1.5\n".to_vec();
    let content = format!("1 0 2 {} {CATALOG} {PAGES}", CATALOG.len() + 1);
    let first = content.find("<<").unwrap();
    let container = file.len();
    file.extend(
        format!(
            "3 0 obj <</Type /ObjStm /N 2 /First {first} /Length {}>> stream\n{content}\nendstream endobj\n",
            content.len()
        )
        .into_bytes(),
    );
    let start = file.len();
    let records = [
        [0, 0, 0, 0],
        [2, 0, 3, 0],
        [2, 0, 3, 1],
        [1, (container >> 8) as u8, container as u8, 0],
    ];
    file.extend(
        b"4 0 obj <</Type /XRef /Size 4 /W [1 2 1] /Root 1 0 R /Length 16>> stream\n".as_slice(),
    );
    file.extend(records.concat());
    file.extend(format!("\nendstream endobj\nstartxref\n{start}\n%%EOF").into_bytes());
    with_objects(&file, |objects| {
        assert!(is_sound(objects));
        assert!(objects.dict(objects.catalog().unwrap(), b"Pages").is_some());
        assert_eq!(objects.ids(), [(1, 0), (2, 0), (3, 0)]);
    });
}

#[test]
fn a_rebuilt_file_keeps_its_information_dictionary() {
    let rest = format!(
        "1 0 obj\n{CATALOG}\nendobj\n2 0 obj\n{PAGES}\nendobj\n3 0 obj\n<</Title (T)>>\nendobj"
    );
    let trailers = [
        "trailer <</Root 1 0 R /Info 3 0 R>> trailer <</Root 1 0 R>>",
        "4 0 obj <</Type /XRef /Root 1 0 R /Info 3 0 R>> stream\n\nendstream endobj",
    ];
    for trailer in trailers {
        let file = format!("%PDF-1.4\n{rest}\n{trailer}\nstartxref\n99999\n%%EOF");
        with_objects(file.as_bytes(), |objects| {
            assert!(!is_sound(objects));
            let info = objects.dict(objects.trailer(), b"Info").unwrap();
            assert_eq!(objects.string(info, b"Title"), Some(b"T".as_slice()));
        });
    }
}

#[test]
fn a_cross_reference_that_leads_to_no_page_is_made_anew() {
    let mut file = file_of(&[CATALOG, "<</Type /Pages /Kids [3 0 R]>>", "<</Type /Page>>"]);
    let entry = file
        .windows(7)
        .rposition(|window| window == b"00000 n")
        .unwrap();
    file[entry + 6] = b'f';
    with_objects(&file, |objects| {
        assert!(!is_sound(objects));
        assert!(objects.get((3, 0)).is_some());
    });
}

#[test]
fn a_file_cut_before_its_trailer_is_searched_for_its_catalog() {
    let packed = format!("1 0 {CATALOG}");
    let file = format!(
        "%PDF-1.5\n3 0 obj <</Type /ObjStm /N 1 /First 4 /Length 4 0 R>> stream\n{packed}\nendstream endobj\n\
         2 0 obj {PAGES} endobj 4 0 obj {} endobj",
        packed.len()
    );
    with_objects(file.as_bytes(), |objects| {
        assert!(objects.leads_to_a_page());
        assert_eq!(objects.ids(), [(1, 0), (2, 0), (3, 0), (4, 0)]);
    });
}

#[test]
fn what_replaces_an_object_is_what_is_written_last() {
    let packed = "5 0 (packed)";
    let container =
        format!("3 0 obj <</Type /ObjStm /N 1 /First 4>> stream\n{packed}\nendstream endobj");
    let pages = format!("1 0 obj {CATALOG} endobj 2 0 obj {PAGES} endobj");
    for (file, expected) in [
        (
            format!("%PDF-1.5 {pages} {container} 5 0 obj (plain) endobj"),
            "plain",
        ),
        (
            format!("%PDF-1.5 {pages} 5 0 obj (plain) endobj {container}"),
            "packed",
        ),
    ] {
        with_objects(file.as_bytes(), |objects| {
            assert_eq!(
                objects.get((5, 0)),
                Some(&Object::String(expected.as_bytes().into()))
            );
        });
    }
}

#[test]
fn what_is_no_pdf_is_told_apart_from_what_is_damaged() {
    let (limits, cancel) = (Limits::default(), Cancel::new());
    let budget = Budget::new(&limits, &cancel);
    let error = |bytes: &[u8]| {
        Objects::open(bytes, &Options::default(), &budget)
            .err()
            .map(|error| error.code())
    };
    assert_eq!(error(b""), Some("not-a-pdf"));
    assert_eq!(error(b"hello"), Some("not-a-pdf"));
    assert_eq!(error(b"%PDF-1.7 and nothing else"), Some("damaged-pdf"));
}
