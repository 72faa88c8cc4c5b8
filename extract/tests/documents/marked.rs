//! Marked content: what is hidden, and what reads otherwise than it is drawn.

use crate::pdf::Pdf;
use crate::received::extract;

/// A tagged page whose marked content belongs to these elements, by identifier; each element is a
/// dictionary without its brackets.
fn tagged(content: &str, elements: &[&str], parents: &[usize]) -> String {
    let mut pdf = Pdf::new();
    let root = pdf.next_number() + elements.len() + 1;
    let first = pdf.next_number();
    for element in elements {
        pdf.object(format!("<<{element}>>"));
    }
    let parents: Vec<String> = parents
        .iter()
        .map(|index| format!("{} 0 R", first + index))
        .collect();
    let leaf = pdf.object(format!(
        "<</Limits [7 7] /Nums [7 [{}]]>>",
        parents.join(" ")
    ));
    let tree = pdf.object(format!(
        "<</Type /StructTreeRoot /ParentTree <</Kids [<</Limits [1 3] /Nums []>> {leaf} 0 R]>>>>"
    ));
    assert_eq!(tree, root);
    pdf.catalog(&format!("/StructTreeRoot {root} 0 R"));
    pdf.page(content, "/StructParents 7");
    extract(pdf.finish()).unwrap().text()
}

#[test]
fn a_structure_element_reads_as_its_actual_text() {
    let content = "BT /F1 10 Tf 10 50 Td /Span <</MCID 0>> BDC (xx) Tj EMC ( and ) Tj \
                   /Span <</MCID 1>> BDC (plain) Tj EMC ET";
    let elements = ["/S /Span /ActualText (word) /K 0", "/S /Span /K 1"];
    assert_eq!(tagged(content, &elements, &[0, 1]), "word and plain\n");
}

#[test]
fn an_element_of_several_parts_reads_once() {
    let content = "BT /F1 10 Tf 10 50 Td /Span <</MCID 0>> BDC (aa) Tj EMC ( ) Tj \
                   /Span <</MCID 1>> BDC (bb) Tj EMC (!) Tj ET";
    let elements = ["/S /Span /ActualText (word) /K [0 <</Type /MCR /MCID 1>>]"];
    assert_eq!(tagged(content, &elements, &[0, 0]), "word !\n");
}

#[test]
fn an_element_that_does_not_know_the_content_is_not_its_parent() {
    let content = "BT /F1 10 Tf 10 50 Td /Span <</MCID 0>> BDC (drawn) Tj EMC ET";
    let elements = ["/S /Span /ActualText (other) /K [1 2]"];
    assert_eq!(tagged(content, &elements, &[0]), "drawn\n");
}

#[test]
fn the_actual_text_of_hidden_content_is_hidden() {
    let mut pdf = Pdf::new();
    let off = pdf.object("<</Type /OCG /Name (off)>>");
    pdf.catalog(&format!(
        "/OCProperties <</OCGs [{off} 0 R] /D <</OFF [{off} 0 R]>>>>"
    ));
    pdf.page(
        "BT /F1 10 Tf 10 50 Td (shown) Tj /OC /Off BDC /Span <</ActualText (secret)>> BDC (x) Tj EMC EMC ET",
        &format!("/Resources <<RES /Properties <</Off {off} 0 R>>>>"),
    );
    assert_eq!(extract(pdf.finish()).unwrap().text(), "shown\n");
}
