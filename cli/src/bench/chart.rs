//! What was measured, as a picture (SVG 1.1): latency by percentile, throughput by mode.

use std::fmt::Write as _;

use super::report::{LatencyReport, ModeReport, Report};

const WIDTH: f64 = 960.0;
const HEIGHT: f64 = 460.0;
/// The plots, without their labels.
const LATENCY: Frame = Frame {
    left: 70.0,
    right: 560.0,
    top: 70.0,
    bottom: 380.0,
};
const THROUGHPUT: Frame = Frame {
    left: 660.0,
    right: 930.0,
    top: 70.0,
    bottom: 380.0,
};
/// Distinct for colour-blind readers too (M. Okabe, K. Ito, "Color Universal Design", 2008).
const COLOURS: [&str; 4] = ["#d55e00", "#0072b2", "#009e73", "#cc79a7"];
/// What is shown of a distribution. Each step towards 100 is as wide as the share of slower jobs is smaller, on a
/// logarithmic scale; the longest gets a place of its own.
const SHOWN: [(f64, f64, &str); 6] = [
    (50.0, 0.30, "p50"),
    (90.0, 1.0, "p90"),
    (95.0, 1.30, "p95"),
    (99.0, 2.0, "p99"),
    (99.9, 3.0, "p99.9"),
    (100.0, 3.5, "max"),
];

struct Frame {
    left: f64,
    right: f64,
    top: f64,
    bottom: f64,
}

/// The picture.
pub(super) fn svg(report: &Report) -> String {
    let mut picture = Picture(format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" \
         font-family=\"system-ui, sans-serif\" font-size=\"13\">\n\
         <rect width=\"{WIDTH}\" height=\"{HEIGHT}\" fill=\"#ffffff\"/>\n"
    ));
    latencies(&mut picture, &report.modes);
    throughput(&mut picture, &report.modes);
    legend(&mut picture, &report.modes);
    picture.0 + "</svg>\n"
}

fn latencies(picture: &mut Picture, modes: &[ModeReport]) {
    picture.title(&LATENCY, "Latency by percentile, ms");
    let scale = Decades::around(modes);
    for value in scale.values() {
        let y = scale.y(value);
        picture.line((LATENCY.left, y), (LATENCY.right, y), "#dddddd", "");
        picture.text((LATENCY.left - 8.0, y + 4.0), "end", &label(value));
    }
    for (_, place, name) in SHOWN {
        let x = latency_x(place);
        picture.line((x, LATENCY.top), (x, LATENCY.bottom), "#eeeeee", "");
        picture.text((x, LATENCY.bottom + 20.0), "middle", name);
    }
    for (mode, colour) in modes.iter().zip(COLOURS.iter().cycle()) {
        picture.curve(&points(&mode.end_to_end, &scale), colour, "");
        picture.curve(&points(&mode.submit, &scale), colour, "5 4");
    }
}

fn points(latencies: &LatencyReport, scale: &Decades) -> Vec<(f64, f64)> {
    let point = |(percent, place, _)| (latency_x(place), scale.y(latencies.at(percent)));
    SHOWN.map(point).to_vec()
}

fn latency_x(place: f64) -> f64 {
    let (first, last) = (SHOWN[0].1, SHOWN[SHOWN.len() - 1].1);
    LATENCY.left + 20.0 + (place - first) / (last - first) * (LATENCY.right - LATENCY.left - 40.0)
}

fn throughput(picture: &mut Picture, modes: &[ModeReport]) {
    picture.title(&THROUGHPUT, "Throughput, jobs/s");
    let most = modes
        .iter()
        .map(|mode| mode.jobs_per_second)
        .fold(f64::MIN_POSITIVE, f64::max);
    let slot = (THROUGHPUT.right - THROUGHPUT.left) / modes.len().max(1) as f64;
    let room = THROUGHPUT.bottom - THROUGHPUT.top - 20.0;
    for (at, (mode, colour)) in modes.iter().zip(COLOURS.iter().cycle()).enumerate() {
        let height = mode.jobs_per_second / most * room;
        let width = slot.min(90.0) * 0.7;
        let middle = THROUGHPUT.left + slot * (at as f64 + 0.5);
        let top = THROUGHPUT.bottom - height;
        picture.bar((middle - width / 2.0, top), (width, height), colour);
        picture.text(
            (middle, top - 6.0),
            "middle",
            &format!("{:.1}", mode.jobs_per_second),
        );
        picture.text((middle, THROUGHPUT.bottom + 20.0), "middle", &mode.mode);
    }
    let base = THROUGHPUT.bottom;
    picture.line(
        (THROUGHPUT.left, base),
        (THROUGHPUT.right, base),
        "#888888",
        "",
    );
}

fn legend(picture: &mut Picture, modes: &[ModeReport]) {
    let y = HEIGHT - 24.0;
    let mut x = LATENCY.left;
    for (mode, colour) in modes.iter().zip(COLOURS.iter().cycle()) {
        picture.bar((x, y - 10.0), (12.0, 12.0), colour);
        picture.text((x + 18.0, y), "start", &mode.mode);
        x += 40.0 + 7.5 * mode.mode.chars().count() as f64;
    }
    for (name, dashes) in [("end to end", ""), ("submit", "5 4")] {
        picture.line((x, y - 4.0), (x + 30.0, y - 4.0), "#555555", dashes);
        picture.text((x + 36.0, y), "start", name);
        x += 120.0;
    }
}

/// A logarithmic scale that covers whole decades.
struct Decades {
    first: i32,
    last: i32,
}

impl Decades {
    fn around(modes: &[ModeReport]) -> Self {
        let shown = modes
            .iter()
            .flat_map(|mode| [&mode.submit, &mode.end_to_end]);
        let values = shown.flat_map(|latencies| [latencies.at(50.0), latencies.at(100.0)]);
        let (mut least, mut most) = (f64::INFINITY, 0.0_f64);
        for value in values.filter(|value| *value > 0.0) {
            (least, most) = (least.min(value), most.max(value));
        }
        if least > most {
            (least, most) = (1.0, 10.0);
        }
        let first = least.log10().floor() as i32;
        Self {
            first,
            last: (most.log10().ceil() as i32).max(first + 1),
        }
    }

    fn values(&self) -> impl Iterator<Item = f64> {
        (self.first..=self.last).map(|decade| 10_f64.powi(decade))
    }

    fn y(&self, value: f64) -> f64 {
        let (first, last) = (f64::from(self.first), f64::from(self.last));
        let place = (value.max(f64::MIN_POSITIVE).log10().max(first) - first) / (last - first);
        LATENCY.bottom - place * (LATENCY.bottom - LATENCY.top)
    }
}

fn label(value: f64) -> String {
    match value {
        ..1.0 => format!("{value}"),
        ..10_000.0 => format!("{value:.0}"),
        _ => format!("{:.0} 000", value / 1e3),
    }
}

struct Picture(String);

impl Picture {
    fn title(&mut self, frame: &Frame, title: &str) {
        let (x, y) = (frame.left, frame.top - 28.0);
        self.push(format_args!(
            "<text x=\"{x}\" y=\"{y}\" font-size=\"16\" font-weight=\"600\">{title}</text>"
        ));
    }

    fn text(&mut self, (x, y): (f64, f64), anchor: &str, text: &str) {
        let text = escaped(text);
        self.push(format_args!("<text x=\"{x:.1}\" y=\"{y:.1}\" text-anchor=\"{anchor}\" fill=\"#333333\">{text}</text>"));
    }

    fn line(&mut self, (x1, y1): (f64, f64), (x2, y2): (f64, f64), colour: &str, dashes: &str) {
        self.push(format_args!(
            "<line x1=\"{x1:.1}\" y1=\"{y1:.1}\" x2=\"{x2:.1}\" y2=\"{y2:.1}\" stroke=\"{colour}\" stroke-dasharray=\"{dashes}\"/>"
        ));
    }

    fn curve(&mut self, points: &[(f64, f64)], colour: &str, dashes: &str) {
        let places: Vec<String> = points
            .iter()
            .map(|(x, y)| format!("{x:.1},{y:.1}"))
            .collect();
        self.push(format_args!(
            "<polyline points=\"{}\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"2\" stroke-dasharray=\"{dashes}\"/>",
            places.join(" ")
        ));
        for (x, y) in points {
            self.push(format_args!(
                "<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"3\" fill=\"{colour}\"/>"
            ));
        }
    }

    fn bar(&mut self, (x, y): (f64, f64), (width, height): (f64, f64), colour: &str) {
        self.push(format_args!(
            "<rect x=\"{x:.1}\" y=\"{y:.1}\" width=\"{width:.1}\" height=\"{height:.1}\" fill=\"{colour}\"/>"
        ));
    }

    fn push(&mut self, element: std::fmt::Arguments<'_>) {
        writeln!(self.0, "{element}").expect("a string takes everything");
    }
}

/// Text as XML takes it.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}
