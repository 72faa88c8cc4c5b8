//! Processes that a test did not start itself: the ones in which documents are read. Linux only.

use std::fs;
use std::io;

use rustix::process::Pid;

/// The living extraction processes of the worker with this process id.
///
/// # Errors
/// When there is no `/proc`.
pub fn extraction_processes(worker: u32) -> io::Result<Vec<Pid>> {
    let mut found = Vec::new();
    for entry in fs::read_dir("/proc")? {
        let name = entry?.file_name();
        let Some(pid) = name.to_str().and_then(|name| name.parse().ok()) else {
            continue;
        };
        let read = |file: &str| fs::read_to_string(format!("/proc/{pid}/{file}"));
        let (Ok(arguments), Ok(status)) = (read("cmdline"), read("status")) else {
            continue; // it ended meanwhile
        };
        let is_its_own = status.contains(&format!("PPid:\t{worker}\n"));
        if is_its_own && arguments.contains("extraction-process") && !is_zombie(&status) {
            found.extend(Pid::from_raw(pid));
        }
    }
    Ok(found)
}

/// Whether a process runs or could be made to run again.
#[must_use]
pub fn is_alive(process: Pid) -> bool {
    let status = fs::read_to_string(format!("/proc/{}/status", process.as_raw_nonzero()));
    status.is_ok_and(|status| !is_zombie(&status))
}

fn is_zombie(status: &str) -> bool {
    status.contains("State:\tZ")
}
