//! Fonts and images, under the names that content streams know them by.

use crate::content::Font;
use crate::pdf::{Pdf, Ref};
use crate::{pictures, pixel_font};

/// One resource dictionary for all pages.
pub(crate) fn add(pdf: &mut Pdf) -> Ref {
    let mut fonts = String::new();
    let standard = [
        (Font::Sans, "Helvetica"),
        (Font::SansBold, "Helvetica-Bold"),
        (Font::Serif, "Times-Roman"),
        (Font::SerifItalic, "Times-Italic"),
        (Font::Mono, "Courier"),
    ];
    for (font, base) in standard {
        let object = pdf.add(format!(
            "<< /Type /Font /Subtype /Type1 /BaseFont /{base} /Encoding /WinAnsiEncoding >>"
        ));
        fonts += &format!("/{} {object} ", font.name());
    }
    let pixels = pixel_font::add(pdf);
    fonts += &format!("/{} {pixels} ", Font::Pixels.name());
    let images = [
        ("Drop", pictures::drop(pdf)),
        ("Hills", pictures::hills(pdf)),
        ("Mandelbrot", pictures::mandelbrot(pdf)),
        ("Bars", pictures::bars(pdf)),
        ("Maze", pictures::maze(pdf)),
    ];
    let images: String = images
        .iter()
        .map(|(name, image)| format!("/{name} {image} "))
        .collect();
    pdf.add(format!("<< /Font << {fonts}>> /XObject << {images}>> >>"))
}
