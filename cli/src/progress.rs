//! Progress bars on standard error: bytes of an upload, then pages of its job.

use std::path::Path;

use indicatif::{ProgressBar, ProgressStyle};

use crate::client::Job;

/// The bar of an upload; hidden when standard error is no terminal.
pub(crate) fn transfer(path: &Path, bytes: u64) -> ProgressBar {
    let name = path
        .file_name()
        .unwrap_or(path.as_os_str())
        .to_string_lossy()
        .into_owned();
    let style = style("{bar:24} {bytes}/{total_bytes}  {msg}");
    ProgressBar::new(bytes).with_style(style).with_message(name)
}

/// Turns the bar to the pages of the job; until their number is known there is only its state.
pub(crate) fn show_pages(bar: &ProgressBar, job: &Job) {
    let pages = match (job.result, job.progress.pages_total) {
        (Some(result), _) => Some((result.pages, result.pages)),
        (None, Some(total)) => Some((job.progress.pages_done, total)),
        (None, None) => None,
    };
    let (done, total) = pages.unwrap_or_default();
    bar.set_prefix(job.state.as_str());
    bar.set_position(done);
    bar.set_length(total);
    bar.set_style(match pages {
        Some(_) => style("{bar:24} {pos}/{len} pages  {prefix}  {msg}"),
        None => style("{spinner} {prefix}  {msg}"),
    });
}

fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template).expect("the templates here are well formed")
}
