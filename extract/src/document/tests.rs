//! Documents built in code: metadata, outlines, links, attachments, flags, and loops in all of them.

use lopdf::{Dictionary, Document as File, Object, Stream, StringFormat, dictionary};
use proptest::prelude::*;

use super::*;
use crate::{Attachment, Cancel, Limits, Link, LinkTarget, Options, OutlineItem, Warning};

/// A file with two pages, objects 3 and 4, and a catalog, object 1, with `entries` added.
fn file(entries: &Dictionary, objects: Vec<(u32, Object)>, page: &Dictionary) -> File {
    let mut file = File::with_version("1.4");
    let mut catalog = dictionary! { "Type" => "Catalog", "Pages" => reference(2) };
    catalog.extend(entries);
    let kids = vec![reference(3), reference(4)];
    let tree = dictionary! { "Type" => "Pages", "Kids" => kids, "Count" => 2 };
    let box_ = numbers([0, 0, 200, 100]);
    let mut first = dictionary! { "Type" => "Page", "Parent" => reference(2), "MediaBox" => box_ };
    let second = first.clone();
    first.extend(page);
    let fixed = [(1, catalog), (2, tree), (3, first), (4, second)];
    let fixed = fixed.map(|(number, dict)| (number, Object::Dictionary(dict)));
    for (number, object) in fixed.into_iter().chain(objects) {
        file.objects.insert((number, 0), object);
        file.max_id = file.max_id.max(number);
    }
    file.trailer.set("Root", reference(1));
    file
}

struct Read {
    document: Document,
    links: Vec<Link>,
    warnings: Vec<Warning>,
}

fn read(mut file: File) -> Read {
    let mut bytes = Vec::new();
    file.save_to(&mut bytes).unwrap();
    let (limits, cancel) = (Limits::default(), Cancel::new());
    let budget = Budget::new(&limits, &cancel);
    let objects = Objects::open(&bytes, &Options::default(), &budget).unwrap();
    let pages = Pages::find(&objects, &budget).unwrap();
    let document = describe(&objects, &pages, &budget).unwrap();
    let links = links(&objects, &pages, &pages.nodes()[0], &budget).unwrap();
    Read {
        document,
        links,
        warnings: budget.take_warnings(),
    }
}

fn reference(number: u32) -> Object {
    Object::Reference((number, 0))
}

fn numbers<const N: usize>(values: [i64; N]) -> Object {
    values.map(Object::Integer).to_vec().into()
}

fn string(bytes: &[u8]) -> Object {
    Object::String(bytes.to_vec(), StringFormat::Literal)
}

/// Leads to the second page.
fn to_second_page() -> Object {
    vec![reference(4), "Fit".into()].into()
}

#[test]
fn metadata_comes_from_info_and_then_from_xmp() {
    let xmp = r#"<rdf:Description xmlns:rdf="r" xmlns:pdf="http://ns.adobe.com/pdf/1.3/"
        xmlns:xmp="http://ns.adobe.com/xap/1.0/" pdf:Producer="From XMP" pdf:Keywords="k"
        xmp:ModifyDate="2021-02-03"/>"#;
    let stream = Stream::new(dictionary! { "Type" => "Metadata" }, xmp.into());
    let entries = dictionary! { "Metadata" => reference(9), "Version" => "1.6" };
    let mut file = file(&entries, vec![(9, stream.into())], &Dictionary::new());
    let info = dictionary! {
        "Title" => string(b"\xfe\xff\x00A\x04\x11"), "Author" => string(b"caf\xe9 \x80"),
        "Producer" => string(b"From Info"), "Subject" => string(b""),
        "CreationDate" => string(b"D:20200102030405+01'00'"), "ModDate" => string(b"garbage"),
    };
    file.objects.insert((8, 0), info.into());
    file.trailer.set("Info", reference(8));
    let document = read(file).document;
    let metadata = document.metadata;
    assert_eq!(document.version, "1.6");
    assert_eq!(metadata.title.as_deref(), Some("AБ"));
    assert_eq!(metadata.author.as_deref(), Some("café •"));
    assert_eq!(metadata.subject, None);
    assert_eq!(metadata.producer.as_deref(), Some("From Info"));
    assert_eq!(metadata.keywords.as_deref(), Some("k"));
    assert_eq!(
        metadata.created.as_deref(),
        Some("2020-01-02T03:04:05+01:00")
    );
    assert_eq!(metadata.modified.as_deref(), Some("2021-02-03T00:00:00Z"));
}

#[test]
fn the_outline_lists_children_after_their_parents() {
    let item = |title: &[u8], rest: Dictionary| {
        let mut dict = dictionary! { "Title" => string(title) };
        dict.extend(&rest);
        Object::Dictionary(dict)
    };
    let action = dictionary! { "S" => "GoTo", "D" => string(b"chapter") };
    let leaf = dictionary! { "Names" => vec![string(b"chapter"), dictionary! { "D" => to_second_page() }.into()],
    "Limits" => vec![string(b"a"), string(b"d")] };
    let objects = vec![
        (10, dictionary! { "First" => reference(11) }.into()),
        (
            11,
            item(
                b"One",
                dictionary! { "First" => reference(12), "Next" => reference(13) },
            ),
        ),
        (
            12,
            item(b"One.One", dictionary! { "Dest" => to_second_page() }),
        ),
        (13, item(b"Two", dictionary! { "A" => action })),
        (14, dictionary! { "Kids" => vec![reference(15)] }.into()),
        (15, leaf.into()),
    ];
    let names = dictionary! { "Dests" => reference(14) };
    let entries = dictionary! { "Outlines" => reference(10), "Names" => names };
    let outline = read(file(&entries, objects, &Dictionary::new()))
        .document
        .outline;
    let expected = [
        (1, "One", None),
        (2, "One.One", Some(2)),
        (1, "Two", Some(2)),
    ];
    let expected = expected.map(|(level, title, page)| OutlineItem {
        level,
        title: title.to_owned(),
        page,
    });
    assert_eq!(outline, expected);
}

#[test]
fn links_lead_to_pages_and_addresses() {
    let link = |rest: Dictionary| {
        let mut dict = dictionary! { "Subtype" => "Link", "Rect" => numbers([10, 20, 30, 40]) };
        dict.extend(&rest);
        Object::Dictionary(dict)
    };
    let uri = dictionary! { "S" => "URI", "URI" => string(b"https://example.org/") };
    let remote = dictionary! { "S" => "GoToR", "F" => dictionary! { "F" => string(b"b.pdf") } };
    let annotations = vec![
        link(dictionary! { "Dest" => "old" }),
        link(dictionary! { "A" => uri }),
        link(dictionary! { "A" => remote }),
        link(dictionary! { "Dest" => "unknown" }),
        dictionary! { "Subtype" => "Text" }.into(),
    ];
    let entries = dictionary! { "Dests" => dictionary! { "old" => to_second_page() } };
    let links = read(file(
        &entries,
        Vec::new(),
        &dictionary! { "Annots" => annotations },
    ))
    .links;
    let targets: Vec<_> = links.iter().map(|link| link.target.clone()).collect();
    let expected = [
        LinkTarget::Page(2),
        LinkTarget::Uri("https://example.org/".to_owned()),
        LinkTarget::Uri("b.pdf".to_owned()),
    ];
    assert_eq!(targets, expected);
    let bbox = links[0].bbox;
    assert_eq!(
        (bbox.x0, bbox.y0, bbox.x1, bbox.y1),
        (10.0, 60.0, 30.0, 80.0)
    );
}

#[test]
fn attachments_are_listed_once() {
    let dict = dictionary! { "Subtype" => "text/plain", "Params" => dictionary! { "Size" => 5 } };
    let specification = dictionary! {
        "F" => string(b"a.txt"), "UF" => string(b"\xfe\xff\x00\xe4"),
        "EF" => dictionary! { "F" => reference(10) },
    };
    let objects = vec![
        (10, Stream::new(dict, b"hello".to_vec()).into()),
        (11, specification.into()),
    ];
    let tree = dictionary! { "Names" => vec![string(b"key"), reference(11)] };
    let entries = dictionary! { "Names" => dictionary! { "EmbeddedFiles" => tree } };
    let annotation = dictionary! { "Subtype" => "FileAttachment", "FS" => reference(11) };
    let page = dictionary! { "Annots" => vec![annotation.into()] };
    let attachments = read(file(&entries, objects, &page)).document.attachments;
    let expected = Attachment {
        name: "ä".to_owned(),
        media_type: Some("text/plain".to_owned()),
        bytes: Some(5),
    };
    assert_eq!(attachments, [expected]);
}

#[test]
fn flags_report_what_is_there() {
    assert_eq!(
        read(file(&Dictionary::new(), vec![], &Dictionary::new()))
            .document
            .flags,
        Default::default()
    );
    let script = dictionary! { "S" => "GoTo", "Next" => dictionary! { "S" => "JavaScript" } };
    let launch = dictionary! { "AA" => dictionary! { "O" => dictionary! { "S" => "Launch" } } };
    let signature = dictionary! { "FT" => "Sig", "V" => dictionary! { "Type" => "Sig" } };
    let form = dictionary! { "XFA" => string(b"x"), "Fields" => vec![signature.into()] };
    let entries = dictionary! {
        "OpenAction" => script, "AcroForm" => form, "MarkInfo" => dictionary! { "Marked" => true },
    };
    let flags = read(file(&entries, vec![], &launch)).document.flags;
    assert!(flags.javascript && flags.launch && flags.signed && flags.xfa && flags.tagged);
    assert!(!flags.encrypted);
}

#[test]
fn loops_end() {
    let objects = vec![
        (10, dictionary! { "First" => reference(11) }.into()),
        (11, dictionary! { "Next" => reference(11), "First" => reference(10), "A" => reference(13) }.into()),
        (12, dictionary! { "Kids" => vec![reference(12), reference(12)] }.into()),
        (13, dictionary! { "S" => "GoTo", "D" => string(b"x"), "Next" => vec![reference(13), reference(13)] }.into()),
        (14, dictionary! { "Kids" => vec![reference(14)], "AA" => dictionary! { "K" => reference(13) } }.into()),
    ];
    let names = dictionary! { "Dests" => reference(12), "EmbeddedFiles" => reference(12) };
    let entries = dictionary! {
        "Outlines" => reference(10), "Names" => names, "OpenAction" => reference(13),
        "AcroForm" => dictionary! { "Fields" => vec![reference(14)] },
    };
    let read = read(file(&entries, objects, &Dictionary::new()));
    assert_eq!(read.document.outline.len(), 1);
    assert!(!read.warnings.is_empty());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn objects_of_the_wrong_kind_never_panic(kinds in proptest::collection::vec(0..6_u8, 12)) {
        let mut kinds = kinds.into_iter().map(|kind| match kind {
            0 => Object::Null,
            1 => Object::Integer(-1),
            2 => string(b"x"),
            3 => vec![reference(1), Object::Null].into(),
            4 => reference(1),
            _ => dictionary! { "S" => "GoTo", "Kids" => vec![reference(3)] }.into(),
        });
        let mut next = || kinds.next().unwrap_or(Object::Null);
        let entries = dictionary! {
            "Outlines" => next(), "Names" => next(), "Dests" => next(), "OpenAction" => next(),
            "AcroForm" => next(), "Metadata" => next(), "MarkInfo" => next(), "AA" => next(),
        };
        let page = dictionary! { "Annots" => next(), "AA" => next() };
        let mut file = file(&entries, vec![(9, next())], &page);
        file.trailer.set("Info", next());
        read(file);
    }
}
