//! `pdf-ingest extract`: one file, in this process, to standard output or a folder.

mod failure; // why there is no output, and the exit status for it
mod folder; // image files
mod ndjson; // one JSON object per line, for programs
mod readable; // text or Markdown, for people
mod stats; // time and memory of the extraction itself
mod written; // what became of the writes

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use ::extract::{Cancel, Limits, Options, Sink, Summary};
use clap::Args;

use self::failure::Failure;
use self::folder::ImageFolder;
use self::ndjson::Ndjson;
use self::readable::Readable;
use self::stats::Stopwatch;
use crate::password::PasswordArgs;

/// Extract text, images and metadata from one file.
///
/// Exit status: 0 when the file could be read, even if parts of it could not; 2 when it could not.
#[derive(Args)]
pub(crate) struct ExtractArgs {
    /// The PDF to read.
    file: PathBuf,

    /// Print one JSON object per line: the document, then its pages.
    #[arg(long, conflicts_with_all = ["text", "markdown", "out"])]
    ndjson: bool,

    /// Print the text [the default].
    #[arg(long)]
    text: bool,

    /// Print the text as Markdown; with --ndjson or --boxes, add it to each page.
    #[arg(long, conflicts_with = "text")]
    markdown: bool,

    /// Write text (or Markdown), pages.ndjson and images into this folder instead.
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,

    /// Write images into this folder; with --text-only there are none.
    #[arg(long, value_name = "DIR", conflicts_with = "out")]
    images: Option<PathBuf>,

    /// Skip images.
    #[arg(long)]
    text_only: bool,

    /// Add blocks, lines and words with their boxes to each page.
    #[arg(long)]
    boxes: bool,

    #[command(flatten)]
    password: PasswordArgs,

    /// Print time and memory of the extraction, as JSON, after everything else.
    #[arg(long)]
    stats: bool,

    /// Extract this many times and report the fastest; output is written once.
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=1000))]
    repeat: u32,
}

/// Runs the command; the only place that turns its outcome into an exit status.
pub(crate) fn run(args: &ExtractArgs) -> ExitCode {
    let mut stdout = BufWriter::new(io::stdout().lock());
    let outcome = extract_to(args, &mut stdout);
    let flushed = stdout.flush().map_err(Failure::from);
    match outcome.and(flushed) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => failure.report(args.ndjson, &mut stdout),
    }
}

fn extract_to(args: &ExtractArgs, stdout: &mut dyn Write) -> Result<(), Failure> {
    let bytes = fs::read(&args.file).map_err(Failure::Unreadable)?;
    let options = Options {
        images: !args.text_only,
        boxes: args.boxes,
        markdown: args.markdown,
        password: args.password.read().map_err(Failure::Password)?,
    };
    let limits = Limits::default();
    let mut stopwatch = Stopwatch::default();
    let mut extract = |sink: &mut dyn Sink| {
        stopwatch.measure(sink, |sink| {
            ::extract::extract(&bytes, &options, &limits, &Cancel::new(), sink)
        })
    };
    for _ in 1..args.repeat {
        extract(&mut stats::Discard)?;
    }
    write_output(args, stdout, &mut extract)?;
    if args.stats {
        let line = serde_json::json!({ "stats": stopwatch.stats() });
        writeln!(stdout, "{line}")?;
    }
    Ok(())
}

type Extract<'e> = dyn FnMut(&mut dyn Sink) -> Result<Summary, ::extract::ExtractError> + 'e;

fn write_output(
    args: &ExtractArgs,
    stdout: &mut dyn Write,
    extract: &mut Extract<'_>,
) -> Result<(), Failure> {
    if let Some(out) = &args.out {
        return write_folder(args, out, extract);
    }
    let images = ImageFolder::create(args.images.clone())?;
    if args.ndjson {
        let mut sink = Ndjson::new(&mut *stdout, images);
        let result = extract(&mut sink);
        let summary = sink.written().finish(result)?;
        let line = serde_json::json!({ "summary": {
            "pages": summary.pages, "images": summary.images, "warnings": summary.warnings,
        } });
        writeln!(stdout, "{line}")?;
    } else {
        let mut sink = Readable::new(stdout, images);
        let result = extract(&mut sink);
        warn(&sink.written().finish(result)?);
    }
    Ok(())
}

/// `text.txt` or `text.md`, `pages.ndjson` and `images/`.
fn write_folder(
    args: &ExtractArgs,
    out: &PathBuf,
    extract: &mut Extract<'_>,
) -> Result<(), Failure> {
    let images = if args.text_only {
        None
    } else {
        Some(out.join("images"))
    };
    fs::create_dir_all(out)?;
    let mut pages = BufWriter::new(File::create(out.join("pages.ndjson"))?);
    let name = if args.markdown { "text.md" } else { "text.txt" };
    let mut text = BufWriter::new(File::create(out.join(name))?);
    let mut ndjson = Ndjson::new(&mut pages, ImageFolder::create(images)?);
    let mut readable = Readable::new(&mut text, ImageFolder::create(None)?);
    let result = extract(&mut readable::Both(&mut ndjson, &mut readable));
    let result = ndjson
        .written()
        .finish(result)
        .and_then(|summary| readable.written().finish(Ok(summary)));
    pages.flush()?;
    text.flush()?;
    warn(&result?);
    Ok(())
}

fn warn(summary: &Summary) {
    let mut stderr = io::stderr().lock();
    for warning in &summary.warnings {
        let place = warning
            .page
            .map_or_else(String::new, |page| format!("page {page}: "));
        // Nobody to tell when standard error is closed.
        let _ = writeln!(stderr, "warning: {place}{}", warning.detail);
    }
}
