//! Writes `cli/assets/sample.pdf`, the document that `pdf-ingest demo` ingests.
//!
//! `cargo run -p cli --example sample -- cli/assets/sample.pdf`

mod content; // content streams: text and images at a place
mod jpeg; // a baseline JPEG encoder
mod pages; // what stands on each page
mod pdf; // objects, streams, cross-reference table
mod pictures; // the five pictures, computed
mod pixel_font; // a Type 3 font
mod resources; // fonts and images for all pages

use std::path::PathBuf;

use anyhow::Context as _;

fn main() -> anyhow::Result<()> {
    let path: PathBuf = std::env::args_os()
        .nth(1)
        .context("usage: sample OUTPUT.pdf")?
        .into();
    std::fs::write(&path, pages::document())
        .with_context(|| format!("cannot write {}", path.display()))
}
