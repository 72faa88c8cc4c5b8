//! Clocks that leap: the time of day that a process sees, by libfaketime. How long things take stays true.

use std::ffi::OsString;
use std::fs;
use std::io;
use std::path::PathBuf;

use rustix::process::Pid;
use tempfile::TempDir;

use crate::processes::is_alive;
use crate::redis::RedisServer;

/// Names the library.
const LIBRARY: &str = "FAKETIME_LIBRARY";
/// What the library makes for each process, and leaves there when the process is killed.
const LEFT_BEHIND: (&str, [&str; 2]) = ("/dev/shm", ["faketime_shm_", "sem.faketime_sem_"]);

/// Programs started with [`Clock::environment`] see the time of day that this one shows.
#[derive(Debug)]
pub(super) struct Clock {
    library: PathBuf,
    folder: TempDir,
}

impl Clock {
    /// One that shows the true time; `None` where there is no libfaketime.
    pub(super) fn find() -> io::Result<Option<Self>> {
        let Some(library) = library() else {
            return Ok(None);
        };
        let clock = Self {
            library,
            folder: tempfile::tempdir()?,
        };
        clock.set(0)?;
        Ok(Some(clock))
    }

    /// For a program that is to follow it. glibc's allocator goes before the program's own, which asks for the time
    /// before the library knows it.
    pub(super) fn environment(&self) -> [(&'static str, OsString); 4] {
        sweep();
        let mut preload = self.library.clone().into_os_string();
        preload.push(":libc.so.6");
        [
            ("LD_PRELOAD", preload),
            ("FAKETIME_TIMESTAMP_FILE", self.file().into_os_string()),
            ("FAKETIME_NO_CACHE", "1".into()),
            ("FAKETIME_DONT_FAKE_MONOTONIC", "1".into()),
        ]
    }

    /// Lets it show the true time and `seconds` more.
    pub(super) fn set(&self, seconds: i64) -> io::Result<()> {
        let next = self.folder.path().join("next");
        fs::write(&next, format!("{seconds:+}\n"))?;
        fs::rename(next, self.file())
    }

    /// Whether Redis follows it; one with an allocator of its own linked in does not.
    pub(super) async fn moves(&self, redis: &RedisServer) -> anyhow::Result<bool> {
        const FAR: i64 = 100_000;
        let mut connection = redis.connection().await?;
        let mut time = async || -> anyhow::Result<i64> {
            let (seconds, _): (i64, i64) = redis::cmd("TIME").query_async(&mut connection).await?;
            Ok(seconds)
        };
        let before = time().await?;
        self.set(FAR)?;
        let after = time().await?;
        self.set(0)?;
        Ok(after - before >= FAR)
    }

    fn file(&self) -> PathBuf {
        self.folder.path().join("clock")
    }
}

impl Drop for Clock {
    fn drop(&mut self) {
        sweep();
    }
}

/// Where `./run` found or put it.
fn library() -> Option<PathBuf> {
    let library = PathBuf::from(std::env::var_os(LIBRARY)?);
    library.is_file().then_some(library)
}

/// Removes what killed processes left: one that got the id of such a one would not start.
fn sweep() {
    let (folder, prefixes) = LEFT_BEHIND;
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let name = entry.file_name();
        let pid = prefixes
            .iter()
            .find_map(|prefix| name.to_str()?.strip_prefix(prefix));
        let pid = pid.and_then(|pid| pid.parse().ok()).and_then(Pid::from_raw);
        if pid.is_some_and(|pid| !is_alive(pid)) {
            let _another_was_faster = fs::remove_file(entry.path());
        }
    }
}
