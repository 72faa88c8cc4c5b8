//! File descriptors: as many as the configuration needs, and room for them while there is one thread.

use std::fs::File;
use std::io;

use rustix::io::fcntl_dupfd_cloexec;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tracing::warn;

/// Lets this process open `count` files and connections, as far as its hard limit goes (getrlimit(2), `RLIMIT_NOFILE`),
/// and has the kernel make room for them. It warns when that is not to be had: who runs the service can mend it.
///
/// It belongs before the first thread. A table of descriptors that threads share grows when the kernel has seen every core
/// pass a quiet point (an RCU grace period); the event loop that accepts a connection just then stands still for 15 ms.
pub fn reserve(count: u64) {
    match raise_and_make_room(count) {
        Ok(allowed) if allowed < count => {
            warn!(
                allowed,
                wanted = count,
                "may open fewer files and connections than the configuration needs"
            );
        }
        Ok(_) => {}
        Err(error) => warn!(%error, "no room is kept for open files and connections"),
    }
}

fn raise_and_make_room(count: u64) -> io::Result<u64> {
    let limit = getrlimit(Resource::Nofile);
    let allowed = limit.current.unwrap_or(u64::MAX);
    let wanted = count.min(limit.maximum.unwrap_or(u64::MAX));
    if allowed < wanted {
        let raised = Rlimit {
            current: Some(wanted),
            ..limit
        };
        setrlimit(Resource::Nofile, raised)?;
    }
    if let Some(highest) = wanted.checked_sub(1) {
        let highest = i32::try_from(highest).unwrap_or(i32::MAX);
        drop(fcntl_dupfd_cloexec(File::open("/dev/null")?, highest)?);
    }
    Ok(allowed.max(wanted))
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn there_is_room_before_there_is_need() {
        let allowed = raise_and_make_room(3_000).unwrap();
        let status = std::fs::read_to_string("/proc/self/status").unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("FDSize:"));
        let room: u64 = line.unwrap().trim().parse().unwrap();
        assert!(room >= allowed.min(3_000), "{room} of {allowed}");
    }
}
