//! Five pictures, computed: one for each way in which PDFs commonly store images.

use crate::jpeg;
use crate::pdf::{Pdf, Ref};

/// Hills in the evening: a JPEG (`DCTDecode`).
pub(crate) fn hills(pdf: &mut Pdf) -> Ref {
    let (width, height) = (480, 300);
    let file = jpeg::encode(width, height, |x, y| {
        let (x, y) = (f64::from(x) / 480.0, f64::from(y) / 300.0);
        let sun = ((x - 0.7).powi(2) * 2.56 + (y - 0.38).powi(2)).sqrt();
        if let Some(depth) = (0..4).rev().find(|&depth| y > ridge(x, f64::from(depth))) {
            let shade = 1.0 - f64::from(depth) / 4.5;
            return mix([24, 30, 60], [150, 110, 130], shade);
        }
        if sun < 0.09 {
            [255, 244, 214]
        } else {
            mix(
                [250, 170, 110],
                [60, 80, 140],
                (1.1 - y * 1.6 + sun * 0.3).clamp(0.0, 1.0),
            )
        }
    });
    let entries = image_entries(width, height, "/DeviceRGB", 8);
    pdf.add_stream(&format!("{entries} /Filter /DCTDecode"), &file)
}

fn ridge(x: f64, depth: f64) -> f64 {
    let wave = |frequency: f64, phase: f64| (x * frequency + phase * (depth + 1.0)).sin();
    0.5 + depth * 0.12 + 0.07 * wave(6.0 + depth, 1.7) + 0.03 * wave(17.0, 2.9)
}

/// The Mandelbrot set: RGB samples behind a PNG predictor (ISO 32000-1, 7.4.4.4).
pub(crate) fn mandelbrot(pdf: &mut Pdf) -> Ref {
    let (width, height) = (240, 160);
    let mut rows = Vec::new();
    for y in 0..height {
        let row: Vec<u8> = (0..width).flat_map(|x| mandelbrot_colour(x, y)).collect();
        rows.push(1); // PNG's filter "Sub": each byte less the one a pixel before
        rows.extend((0..row.len()).map(|at| {
            let before = at.checked_sub(3).map_or(0, |before| row[before]);
            row[at].wrapping_sub(before)
        }));
    }
    let parameters = format!("/DecodeParms << /Predictor 15 /Colors 3 /Columns {width} >>");
    let entries = image_entries(width, height, "/DeviceRGB", 8);
    pdf.add_deflated(&format!("{entries} {parameters}"), &rows)
}

fn mandelbrot_colour(x: u16, y: u16) -> [u8; 3] {
    let (cr, ci) = (f64::from(x) / 80.0 - 2.2, f64::from(y) / 80.0 - 1.0);
    let (mut zr, mut zi) = (0.0_f64, 0.0_f64);
    for step in 0..48_u32 {
        if zr * zr + zi * zi > 4.0 {
            return mix([250, 240, 220], [30, 60, 110], f64::from(48 - step) / 48.0);
        }
        (zr, zi) = (zr * zr - zi * zi + cr, 2.0 * zr * zi + ci);
    }
    [12, 14, 24]
}

/// A bar chart: four bits per pixel into a palette (`Indexed`, 8.6.6.3).
pub(crate) fn bars(pdf: &mut Pdf) -> Ref {
    let (width, height) = (320, 200_u16);
    let heights: [u16; 8] = [48, 74, 61, 102, 88, 131, 120, 164];
    let colour = |x: u16, y: u16| {
        let (bar, within) = (usize::from(x / 40), x % 40);
        if (6..34).contains(&within) && height - y <= heights[bar] {
            u8::try_from(bar % 4 + 2).expect("four colours")
        } else {
            u8::from(y.is_multiple_of(40))
        }
    };
    let mut samples = Vec::new();
    for y in 0..height {
        samples.extend((0..width / 2).map(|x| colour(2 * x, y) << 4 | colour(2 * x + 1, y)));
    }
    let space = "[/Indexed /DeviceRGB 5 <FFFFFFDDDDDD264653287271E9C46AE76F51>]";
    pdf.add_deflated(&image_entries(width, height, space, 4), &samples)
}

/// A maze of diagonals: one bit per pixel.
pub(crate) fn maze(pdf: &mut Pdf) -> Ref {
    let side = 208_u16;
    let is_white = |x: u16, y: u16| {
        let (cell_x, cell_y) = (u32::from(x / 16), u32::from(y / 16));
        let hash = (cell_x * 13 + cell_y + 7).wrapping_mul(2_654_435_761);
        let (x, y) = (x % 16, y % 16);
        let distance = if hash & 0x8000 == 0 {
            x.abs_diff(y)
        } else {
            (15 - x).abs_diff(y)
        };
        distance > 2
    };
    let mut samples = Vec::new();
    for y in 0..side {
        samples.extend((0..side / 8).map(|byte| {
            (0..8).fold(0_u8, |bits, bit| {
                bits << 1 | u8::from(is_white(8 * byte + bit, y))
            })
        }));
    }
    pdf.add_deflated(&image_entries(side, side, "/DeviceGray", 1), &samples)
}

/// A drop: RGB samples with a soft mask (11.6.5.3).
pub(crate) fn drop(pdf: &mut Pdf) -> Ref {
    let side = 160;
    let (mut colours, mut alphas) = (Vec::new(), Vec::new());
    for y in 0..side {
        for x in 0..side {
            let (x, y) = (f64::from(x) / 80.0 - 1.0, f64::from(y) / 80.0 - 1.0);
            colours.extend(mix([38, 70, 83], [42, 157, 143], (y + 1.0) / 2.0));
            alphas.push((outside_drop(x, y) * -40.0 * 255.0).clamp(0.0, 255.0) as u8);
        }
    }
    let mask = pdf.add_deflated(&image_entries(side, side, "/DeviceGray", 8), &alphas);
    let entries = image_entries(side, side, "/DeviceRGB", 8);
    pdf.add_deflated(&format!("{entries} /SMask {mask}"), &colours)
}

/// How far a point lies outside of the drop; negative inside.
fn outside_drop(x: f64, y: f64) -> f64 {
    let radius = 0.55 * ((y + 0.95) / 1.3).clamp(0.0, 1.0);
    let circle = (x * x + (y - 0.35).powi(2)).sqrt() - 0.57;
    if y < 0.35 {
        (x.abs() - radius).max(-0.95 - y)
    } else {
        circle
    }
}

fn image_entries(width: u16, height: u16, space: &str, bits: u8) -> String {
    format!(
        "/Type /XObject /Subtype /Image /Width {width} /Height {height} /ColorSpace {space} \
         /BitsPerComponent {bits}"
    )
}

/// `share` of `first`, the rest of `second`.
fn mix(first: [u8; 3], second: [u8; 3], share: f64) -> [u8; 3] {
    [0, 1, 2].map(|at| {
        (f64::from(first[at]) * share + f64::from(second[at]) * (1.0 - share)).round() as u8
    })
}
