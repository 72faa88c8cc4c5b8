//! Annotations that have no appearance, or one that is out of date.

use crate::pdf::Pdf;
use crate::received::extract;

/// The text of a page with one annotation at the given place, and a form with these entries.
fn text_of(annotation: &str, form: &str) -> String {
    let mut pdf = Pdf::new();
    let stale = pdf.stream("/Subtype /Form /BBox [0 0 100 50]", b"");
    let annotation = annotation.replace("STALE", &format!("/AP <</N {stale} 0 R>>"));
    pdf.catalog(&format!("/AcroForm <<{form}>>"));
    pdf.page(
        "",
        &format!(
            "/Annots [<</Type /Annot /Rect [10 10 190 90] /DA (/Helv 8 Tf 0 g) {annotation}>>]"
        ),
    );
    extract(pdf.finish()).unwrap().text()
}

#[test]
fn free_text_is_its_contents() {
    let annotation = "/Subtype /FreeText /Contents (two\rlines)";
    assert_eq!(text_of(annotation, ""), "two\nlines\n");
    let hebrew = "/Subtype /FreeText /Contents <FEFF05D005D1002005D2>";
    assert_eq!(text_of(hebrew, ""), "\u{5d0}\u{5d1} \u{5d2}\n");
    let hidden = "/Subtype /FreeText /F 2 /Contents (hidden)";
    assert_eq!(text_of(hidden, ""), "");
}

#[test]
fn a_text_field_is_its_value_unless_it_is_a_password() {
    let field = "/Subtype /Widget /FT /Tx /V (value)";
    assert_eq!(text_of(field, ""), "value\n");
    assert_eq!(text_of(&format!("{field} /Ff 8192"), ""), "");
    let child = "/Subtype /Widget /Parent <</FT /Tx /V <FEFF00E9>>>";
    assert_eq!(text_of(child, ""), "é\n");
}

#[test]
fn a_combo_box_shows_its_choice_and_a_list_its_options() {
    let options = "/Subtype /Widget /FT /Ch /V (b) /Opt [[(a) (one)] [(b) (two)] (three)]";
    assert_eq!(text_of(&format!("{options} /Ff 131072"), ""), "two\n");
    assert_eq!(text_of(options, ""), "one\ntwo\nthree\n");
    let free = "/Subtype /Widget /FT /Ch /V (other) /Ff 131072 /Opt [(a)]";
    assert_eq!(text_of(free, ""), "other\n");
}

#[test]
fn a_form_may_ask_for_new_appearances() {
    let field = "/Subtype /Widget /FT /Tx /V (fresh) STALE";
    assert_eq!(text_of(field, ""), "");
    assert_eq!(text_of(field, "/NeedAppearances true"), "fresh\n");
}

#[test]
fn a_push_button_shows_its_caption() {
    let button = "/Subtype /Widget /FT /Btn /Ff 65536 /MK <</CA (Send)>>";
    assert_eq!(text_of(button, ""), "Send\n");
    assert_eq!(text_of("/Subtype /Widget /FT /Btn /V /Yes", ""), "");
}
