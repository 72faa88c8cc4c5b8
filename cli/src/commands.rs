//! The commands that speak to a running service, one file each.

mod change; // cancel, retry, delete
mod list; // jobs, newest first
mod result; // what a finished job left behind
mod stalls; // what held an event loop
mod status; // one job as it is now
mod submit; // upload files
mod wait; // stay until jobs have ended

pub(crate) use change::ChangeArgs;
pub(crate) use list::ListArgs;
pub(crate) use result::ResultArgs;
pub(crate) use stalls::StallsArgs;
pub(crate) use status::StatusArgs;
pub(crate) use submit::SubmitArgs;
pub(crate) use wait::WaitArgs;

use crate::client::Job;
use crate::failure::Exit;
use crate::terminal;

/// How a command ends that waited for this job.
fn exit_of(job: &Job) -> Exit {
    if job.state.is_terminal() && !job.state.has_result() {
        Exit::JobFailed
    } else {
        Exit::Success
    }
}

/// One line about a job: id, state, and what there is to say about it.
fn summary(job: &Job) -> String {
    let name = job.name();
    let state = terminal::state(job.state);
    let mut line = format!("{}  {state}  {name}", job.id);
    if let Some(result) = job.result {
        let pages = terminal::count(result.pages, "page");
        let images = terminal::count(result.images, "image");
        line += &format!("  {pages}, {images}");
        if result.warnings > 0 {
            line += &format!(", {}", terminal::count(result.warnings, "warning"));
        }
    }
    if let Some(error) = &job.error {
        line += &format!("  {}: {}", error.code, error.detail);
    }
    line
}
