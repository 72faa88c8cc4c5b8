//! Documents that try to cost too much, through the whole service: each ends as it must, and harms nobody.
#![cfg(target_os = "linux")]

#[path = "../../extract/tests/documents/pdf.rs"]
#[expect(dead_code, reason = "the documents of these tests need less of it")]
mod pdf;

use std::fs;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use pdf::{Pdf, deflated};
use tests::app::{Flags, TestApp, text};
use tests::processes::extraction_processes;

const WORKER: &str = env!("CARGO_BIN_EXE_worker");
const TEXT: &str = "BT /F1 10 Tf 10 50 Td (after) Tj ET";
/// Unoptimised code takes many times as long for the same work.
const TIMEOUT: &str = if cfg!(debug_assertions) { "60s" } else { "10s" };
/// What a document may cost, in these tests.
const LIMITS: &[&str] = &[
    "--max-memory=64MiB",
    "--max-stream=1MiB",
    "--max-inflated=16MiB",
    "--max-image-bytes=16MiB",
    "--max-pages=50",
    "--max-images=100",
    "--max-placed-images=1000",
    "--max-text=64KiB",
    "--upload-buffer=1MiB",
    "--slots=1",
];
/// `--max-memory` in KiB, as `/proc` counts.
const MEMORY_KIB: u64 = 64 << 10;

/// How a document ends: its state, and the code of its error.
type End = (&'static str, &'static str);
const WHOLE: End = ("succeeded", "");
const CUT: End = ("partial", "");

fn documents() -> Vec<(&'static str, Vec<u8>, End)> {
    vec![
        (
            "a bomb",
            bomb(&deflated(&vec![b' '; 8 << 20]), "/FlateDecode"),
            CUT,
        ),
        ("a bomb in a bomb", chained_bomb(), CUT),
        ("many small bombs", bombs(), ("failed", "memory-limit")),
        ("an image of 60,000 × 60,000 pixels", vast_image(), CUT),
        ("60,000 different images", images(60_000), CUT),
        ("an image drawn 60,000 times", one_image_often(60_000), CUT),
        ("arrays in arrays", nested("[", "]"), WHOLE),
        ("dictionaries in dictionaries", nested("<</A ", ">>"), WHOLE),
        ("a form that draws itself", form_in_itself(), CUT),
        ("forms that multiply", forms_that_multiply(), CUT),
        ("pages in a loop", page_loop(), CUT),
        ("too many pages", pages(51), ("failed", "too-many-pages")),
        (
            "objects that are only promised",
            promises(),
            ("failed", "damaged-pdf"),
        ),
        ("a page of too much text", flood(), CUT),
        ("a stream without an end", endless_stream(), CUT),
    ]
}

fn bomb(data: &[u8], filter: &str) -> Vec<u8> {
    let mut pdf = Pdf::new();
    let bomb = pdf.stream(&format!("/Filter {filter}"), data);
    pdf.page("", &format!("/Contents {bomb} 0 R"));
    pdf.finish()
}

fn chained_bomb() -> Vec<u8> {
    let twice = deflated(&deflated(&vec![b' '; 24 << 20]));
    bomb(&twice, "[/FlateDecode /FlateDecode]")
}

fn bombs() -> Vec<u8> {
    let mut pdf = Pdf::new();
    let bomb = deflated(&vec![b' '; 1 << 20]);
    for _ in 0..40 {
        let content = pdf.stream("/Filter /FlateDecode", &bomb);
        pdf.page("", &format!("/Contents {content} 0 R"));
    }
    pdf.finish()
}

fn vast_image() -> Vec<u8> {
    let mut pdf = Pdf::new();
    let image = pdf.stream(
        "/Subtype /Image /Width 60000 /Height 60000 /BitsPerComponent 8 /ColorSpace /DeviceRGB /Filter /FlateDecode",
        &deflated(&[0; 1_000]),
    );
    with_xobjects(pdf, &format!("/I Do {TEXT}"), &format!("/I {image} 0 R"))
}

fn images(count: u32) -> Vec<u8> {
    let image = |number| format!("BI /W 4 /H 1 /BPC 8 /CS /G /F /AHx ID {number:08x}> EI ");
    let content: String = (0..count).map(image).collect();
    Pdf::of_page(&format!("{content} {TEXT}"))
}

fn one_image_often(times: usize) -> Vec<u8> {
    let mut pdf = Pdf::new();
    let image = pdf.stream(
        "/Subtype /Image /Width 1 /Height 1 /BitsPerComponent 8 /ColorSpace /DeviceGray",
        &[7],
    );
    let content = format!("{} {TEXT}", "/I Do ".repeat(times));
    with_xobjects(pdf, &content, &format!("/I {image} 0 R"))
}

fn nested(open: &str, close: &str) -> Vec<u8> {
    let nested = format!("{}{}", open.repeat(10_000), close.repeat(10_000));
    let mut pdf = Pdf::new();
    let deep = pdf.object(nested.clone());
    let content = format!("/Span {nested} BDC {TEXT} EMC");
    pdf.page(&content, &format!("/Annots {deep} 0 R /PieceInfo {nested}"));
    pdf.finish()
}

fn form_in_itself() -> Vec<u8> {
    let mut pdf = Pdf::new();
    let form = pdf.next_number();
    let resources = format!("/Resources <</XObject <</X {form} 0 R>>>>");
    let entries = format!("/Type /XObject /Subtype /Form /BBox [0 0 9 9] {resources}");
    pdf.stream(&entries, b"/X Do /X Do");
    with_xobjects(pdf, &format!("/X Do {TEXT}"), &format!("/X {form} 0 R"))
}

fn forms_that_multiply() -> Vec<u8> {
    let mut pdf = Pdf::new();
    let mut inner = pdf.stream("/Subtype /Form /BBox [0 0 9 9]", b"q Q");
    for _ in 0..40 {
        let resources = format!("/Resources <</XObject <</X {inner} 0 R>>>>");
        let entries = format!("/Subtype /Form /BBox [0 0 9 9] {resources}");
        inner = pdf.stream(&entries, b"/X Do /X Do");
    }
    with_xobjects(pdf, "/X Do", &format!("/X {inner} 0 R"))
}

fn with_xobjects(mut pdf: Pdf, content: &str, xobjects: &str) -> Vec<u8> {
    let resources = format!("/Resources <<RES /XObject <<{xobjects}>>>>");
    pdf.page(content, &resources);
    pdf.finish()
}

fn page_loop() -> Vec<u8> {
    let mut pdf = Pdf::new();
    let page = pdf.page(TEXT, "");
    let kids = format!("/Kids [2 0 R {page} 0 R 2 0 R]");
    pdf.page_root(&format!("<</Type /Pages {kids} /Count 3>>"));
    pdf.finish()
}

fn pages(count: usize) -> Vec<u8> {
    let mut pdf = Pdf::new();
    for _ in 0..count {
        pdf.page(TEXT, "");
    }
    pdf.finish()
}

fn promises() -> Vec<u8> {
    b"%PDF-1.5\n1 0 obj <</Type /XRef /W [0 0 0] /Index [0 4000000000] /Size 4000000000 /Root 1 0 R /Length 0>> \
        stream\n\nendstream endobj\nstartxref\n9\n%%EOF"
        .to_vec()
}

fn flood() -> Vec<u8> {
    let line = "1 0 0 1 10 50 Tm (abcdefghij) Tj ";
    Pdf::of_page(&format!("BT /F1 1 Tf {} ET", line.repeat(20_000)))
}

/// Its length is a lie, and nothing says where it ends.
fn endless_stream() -> Vec<u8> {
    let mut file = b"%PDF-1.4\n1 0 obj <</Type /Catalog /Pages 2 0 R>> endobj\n\
        2 0 obj <</Type /Pages /Kids [3 0 R] /Count 1 /MediaBox [0 0 200 100]>> endobj\n\
        3 0 obj <</Type /Page /Parent 2 0 R /Contents 4 0 R>> endobj\n\
        4 0 obj <</Length 4000000000>> stream\n"
        .to_vec();
    file.extend("q Q ".repeat(200_000).bytes());
    file
}

/// A page that would be drawn for years, one operator after the other.
fn endless_page() -> Vec<u8> {
    forms_that_multiply()
}

async fn app(isolation: &str, more: &[&str]) -> Result<TestApp> {
    let isolation = format!("--isolation={isolation}");
    let flags: Vec<&str> = LIMITS
        .iter()
        .chain(more)
        .copied()
        .chain([&*isolation])
        .collect();
    TestApp::start(Flags {
        worker: &flags,
        ..Flags::default()
    })
    .await
}

/// The most memory that a process has had, in KiB.
fn peak_kib(process: u32) -> Result<u64> {
    let status = fs::read_to_string(format!("/proc/{process}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let peak = line.and_then(|line| line.trim().strip_suffix(" kB"));
    Ok(peak.context("no VmHWM")?.parse()?)
}

/// Lets the count of [`peak_kib`] begin anew (proc_pid_clear_refs(5)).
fn reset_peak(process: u32) -> Result<()> {
    Ok(fs::write(format!("/proc/{process}/clear_refs"), "5")?)
}

async fn each_ends_as_it_must(isolation: &str) -> Result<()> {
    let timeout = format!("--job-timeout={TIMEOUT}");
    let app = app(isolation, &[&timeout, "--max-operators=300000"]).await?;
    let mut worker = app.worker_process(WORKER)?;
    let pid = worker.id().context("the worker has ended")?;
    let first = app.submit(Pdf::of_page(TEXT)).await?;
    assert_eq!(text(&app.ended(&first).await?, "/state"), "succeeded");
    let base = peak_kib(pid)?;
    for (name, pdf, (state, code)) in documents() {
        reset_peak(pid)?;
        let id = app.submit(pdf).await?;
        let job = app.ended(&id).await?;
        let ended = (text(&job, "/state"), text(&job, "/error/code"));
        assert_eq!((&*ended.0, &*ended.1), (state, code), "{name}: {job}");
        let peak = peak_kib(pid)?;
        assert!(peak <= base + MEMORY_KIB, "{name}: {peak} KiB after {base}");
        for process in extraction_processes(pid)? {
            let peak = peak_kib(process.as_raw_nonzero().get().unsigned_abs())?;
            assert!(
                peak <= base + MEMORY_KIB,
                "{name}: {peak} KiB in its process"
            );
        }
    }
    let last = app.submit(Pdf::of_page(TEXT)).await?;
    let job = app.ended(&last).await?;
    assert_eq!(
        (text(&job, "/state"), &job["attempt"]),
        ("succeeded".to_owned(), &1.into())
    );
    ensure!(worker.try_wait()?.is_none(), "the worker has ended");
    app.finish().await
}

#[stall::test(options = tests::GUARDED)]
async fn each_ends_as_it_must_in_a_process() -> Result<()> {
    each_ends_as_it_must("process").await
}

#[stall::test(options = tests::GUARDED)]
async fn each_ends_as_it_must_in_a_thread() -> Result<()> {
    each_ends_as_it_must("thread").await
}

async fn one_without_an_end_is_ended(isolation: &str) -> Result<()> {
    let unbounded = ["--max-operators=9000000000000000000", "--job-timeout=3s"];
    let app = app(isolation, &unbounded).await?;
    let _worker = app.worker_process(WORKER)?;
    let id = app.submit(endless_page()).await?;
    let job = app.ended(&id).await?;
    let ended = (text(&job, "/state"), text(&job, "/error/code"));
    assert_eq!(
        ended,
        ("failed".to_owned(), "time-limit".to_owned()),
        "{job}"
    );
    let record = app.queue.get(id.parse()?).await?.context("no record")?;
    let times = record.started_at.zip(record.finished_at);
    let (began, finished) = times.context("it has not ended")?;
    assert!(finished.since(began) < Duration::from_secs(4), "{job}");
    let next = app.submit(Pdf::of_page(TEXT)).await?;
    assert_eq!(text(&app.ended(&next).await?, "/state"), "succeeded");
    app.finish().await
}

#[stall::test(options = tests::GUARDED)]
async fn one_without_an_end_is_ended_in_a_process() -> Result<()> {
    one_without_an_end_is_ended("process").await
}

#[stall::test(options = tests::GUARDED)]
async fn one_without_an_end_is_ended_in_a_thread() -> Result<()> {
    one_without_an_end_is_ended("thread").await
}
