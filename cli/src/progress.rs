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

/// Turns the bar to the pages of the job.
pub(crate) fn show_pages(bar: &ProgressBar, job: &Job) {
    bar.set_style(style("{bar:24} {pos}/{len} pages  {prefix}  {msg}"));
    bar.set_prefix(job.state.as_str());
    bar.set_length(job.progress.pages_total.unwrap_or(0));
    bar.set_position(job.progress.pages_done);
}

fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template).expect("the templates here are well formed")
}
