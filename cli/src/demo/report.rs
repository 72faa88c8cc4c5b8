//! How the demonstration is told: a few labelled lines for each step.

use std::io;
use std::time::Duration;

use shared::job::Stage;
use shared::manifest::{ImageEntry, Manifest};
use shared::telemetry::names;

use crate::client::Job;
use crate::exposition::Exposition;
use crate::terminal::{self, bold, bytes, count, dim, duration, grouped};
use crate::up::Stack;

const LABEL_WIDTH: usize = 8;
/// Shown of the text: lines, and characters of each.
const EXCERPT_LINES: usize = 5;
const EXCERPT_WIDTH: usize = 72;
/// Images listed one by one.
const LISTED_IMAGES: usize = 8;
/// Counted by the stall probe for every poll that held a runtime thread too long.
const STALLS_TOTAL: &str = "tokio_worker_stalls_total";
/// The fields of a job in Redis that are shown.
const REDIS_FIELDS: [&str; 4] = ["state", "attempt", "pages_done", "images"];

/// Writes the report to standard output, step by step.
pub(super) struct Report;

impl Report {
    pub(super) fn begin() -> io::Result<Self> {
        terminal::line(bold("pdf-ingest demo"))?;
        Ok(Self)
    }

    /// Everything runs.
    pub(super) fn started(&self, stack: &Stack, took: Duration) -> io::Result<()> {
        row(
            "started",
            format!("Redis, object store, API and worker in {}", duration(took)),
        )?;
        more(format!("{}  API, with its reference at /docs", stack.url))?;
        more(format!("{}  {}", stack.redis_cli.target(), stack.redis))?;
        more(&stack.objects)
    }

    /// The service has the file and a job for it.
    pub(super) fn accepted(&self, job: &Job, took: Duration) -> io::Result<()> {
        let (name, size, took) = (job.name(), bytes(job.bytes), duration(took));
        row("upload", format!("{name}, {size}, accepted in {took}"))?;
        more(format!("job {}", job.id))
    }

    /// How the job ended.
    pub(super) fn ended(&self, job: &Job) -> io::Result<()> {
        let state = terminal::state(job.state);
        row(
            "state",
            format!("{state}, attempt {} of {}", job.attempt, job.max_attempts),
        )?;
        match &job.error {
            Some(error) => more(format!(
                "{}: {} ({})",
                error.title, error.detail, error.code
            )),
            None => Ok(()),
        }
    }

    /// What is in the document.
    pub(super) fn found(&self, manifest: &Manifest, text: &str) -> io::Result<()> {
        let characters = manifest.pages.iter().map(|page| page.characters).sum();
        let pages = grouped(manifest.pages.len() as u64);
        row(
            "pages",
            format!("{pages}, {}", count(characters, "character")),
        )?;
        let mut lines = excerpt(text).into_iter();
        row("text", lines.next().unwrap_or_else(|| "none".to_owned()))?;
        lines.try_for_each(more)?;
        images(&manifest.images)?;
        match manifest.warnings.len() as u64 {
            0 => Ok(()),
            warnings => row("warnings", format!("{}, in the result", grouped(warnings))),
        }
    }

    /// Where the time went, and whether a runtime thread was held.
    pub(super) fn measured(&self, upload: Duration, metrics: &Exposition) -> io::Result<()> {
        let mut times = vec![format!("upload {}", duration(upload))];
        if let Some(wait) = metrics.time(names::JOB_WAIT_SECONDS, None) {
            times.push(format!("queue {}", duration(wait)));
        }
        for stage in Stage::ALL {
            let label = format!("stage=\"{stage}\"");
            if let Some(time) = metrics.time(names::JOB_STAGE_SECONDS, Some(&label)) {
                times.push(format!("{stage} {}", duration(time)));
            }
        }
        row("time", times.join(", "))?;
        match metrics.sum(STALLS_TOTAL, None) {
            Some(stalls) => row("stalls", format!("{stalls:.0} of the event loop")),
            None => row("stalls", "not measured"),
        }
    }

    /// The job as Redis holds it.
    pub(super) async fn in_redis(&self, stack: &Stack, job: &Job) -> io::Result<()> {
        let key = format!("{{{}}}:job:{}", stack.queue_name, job.id);
        let command = ["HGETALL", &key];
        row("redis", stack.redis_cli.line(&command))?;
        match stack.redis_cli.run(&command).await {
            Some(answer) => more(fields(&answer)),
            None => more(dim("not run: there is no redis-cli on this machine")),
        }
    }

    /// Nothing runs any more, and nothing is left.
    pub(super) fn stopped(&self, took: Duration) -> io::Result<()> {
        row(
            "stopped",
            format!("drained in {}, temporary files removed", duration(took)),
        )
    }
}

fn row(label: &str, value: impl std::fmt::Display) -> io::Result<()> {
    terminal::line(format_args!(
        "  {}  {value}",
        dim(format!("{label:LABEL_WIDTH$}"))
    ))
}

fn more(value: impl std::fmt::Display) -> io::Result<()> {
    row("", value)
}

fn images(images: &[ImageEntry]) -> io::Result<()> {
    let placements: usize = images.iter().map(|image| image.placements.len()).sum();
    let distinct = grouped(images.len() as u64);
    let places = count(placements as u64, "place");
    row("images", format!("{distinct} distinct, drawn in {places}"))?;
    for image in images.iter().take(LISTED_IMAGES) {
        more(description(image))?;
        more(format!("  {}", dim(&image.key)))?;
    }
    match images.len().checked_sub(LISTED_IMAGES) {
        None | Some(0) => Ok(()),
        Some(rest) => more(format!("and {} more", grouped(rest as u64))),
    }
}

/// `image/png, 160 × 160, 3.1 KiB, pages 1, 6`
fn description(image: &ImageEntry) -> String {
    let mut pages: Vec<u64> = image.placements.iter().map(|place| place.page).collect();
    pages.dedup();
    let plural = if pages.len() == 1 { "" } else { "s" };
    let pages: Vec<String> = pages.into_iter().map(grouped).collect();
    let (kind, size, pages) = (&image.media_type, bytes(image.bytes), pages.join(", "));
    format!(
        "{kind}, {} × {}, {size}, page{plural} {pages}",
        image.width, image.height
    )
}

/// Some fields of a hash that `redis-cli` prints as a line for each name and each value.
fn fields(answer: &str) -> String {
    let lines: Vec<&str> = answer.lines().collect();
    let (pairs, _) = lines.as_chunks::<2>();
    let shown: Vec<String> = pairs
        .iter()
        .filter(|[name, _]| REDIS_FIELDS.contains(name))
        .map(|[name, value]| format!("{name} {value}"))
        .collect();
    let rest = count((pairs.len() - shown.len()) as u64, "other field");
    format!("{}, and {rest}", shown.join(", "))
}

/// The first lines that say something, cut to a width.
fn excerpt(text: &str) -> Vec<String> {
    let mut lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    let mut shown: Vec<String> = lines.by_ref().take(EXCERPT_LINES).map(shortened).collect();
    if lines.next().is_some() {
        shown.push("…".to_owned());
    }
    shown
}

fn shortened(line: &str) -> String {
    let harmless = line.chars().map(|c| if c.is_control() { ' ' } else { c });
    let mut short: String = harmless.take(EXCERPT_WIDTH).collect();
    if line.chars().nth(EXCERPT_WIDTH).is_some() {
        short.push('…');
    }
    short
}

#[cfg(test)]
mod tests {
    use shared::manifest::Placement;

    use super::*;

    #[test]
    fn an_excerpt_is_short_and_cannot_move_the_cursor() {
        let text = format!("one\n\n  two\u{1b}[2J\n{}\n4\n5\n6\n", "x".repeat(100));
        let shown = excerpt(&text);
        assert_eq!(shown[..2], ["one", "two [2J"]);
        assert_eq!(shown[2].chars().count(), EXCERPT_WIDTH + 1);
        assert_eq!(shown[3..], ["4", "5", "…"]);
    }

    #[test]
    fn a_hash_is_shown_in_part() {
        let answer = "version\n1\nstate\nsucceeded\nattempt\n1\nbytes\n33496\n";
        assert_eq!(
            fields(answer),
            "state succeeded, attempt 1, and 2 other fields"
        );
    }

    #[test]
    fn an_image_names_each_page_once() {
        let place = |page| Placement {
            page,
            bbox: [0.0; 4],
        };
        let image = ImageEntry {
            number: 1,
            key: "jobs/1/images/ab.png".to_owned(),
            sha256: "ab".to_owned(),
            media_type: "image/png".to_owned(),
            bytes: 3_174,
            width: 160,
            height: 160,
            placements: vec![place(1), place(1), place(6)],
        };
        assert_eq!(
            description(&image),
            "image/png, 160 × 160, 3.1 KiB, pages 1, 6"
        );
    }
}
