//! Finds and ends a Redis that an earlier run left behind, by the lock on its log.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::path::Path;
use std::time::Duration;

use tokio::process::Command;
use tokio::time::{Instant, sleep};

use super::super::child;
use super::{RedisError, STOP_TIMEOUT};

/// Opens the log and locks it. Redis inherits the descriptor and with it the lock, so that a lock
/// that is taken means a Redis of an earlier run is alive and `redis.pid` is its process id.
pub(super) async fn claim_log(folder: &Path) -> Result<File, RedisError> {
    let cannot = |source| RedisError::Folder {
        path: folder.to_owned(),
        source,
    };
    let log = OpenOptions::new()
        .create(true)
        .append(true)
        .open(folder.join("redis.log"))
        .map_err(cannot)?;
    let deadline = Instant::now() + STOP_TIMEOUT;
    let mut told_to_end = false;
    loop {
        match log.try_lock() {
            Ok(()) => break,
            Err(TryLockError::Error(error)) => return Err(cannot(error)),
            Err(TryLockError::WouldBlock) if Instant::now() > deadline => {
                return Err(RedisError::Stuck {
                    folder: folder.to_owned(),
                });
            }
            Err(TryLockError::WouldBlock) => {
                told_to_end = told_to_end || end_orphan(folder).await;
                sleep(Duration::from_millis(20)).await;
            }
        }
    }
    log.set_len(0).map_err(cannot)?;
    Ok(log)
}

/// Sends SIGTERM to the process in `redis.pid`; whether there was one.
async fn end_orphan(folder: &Path) -> bool {
    let text = fs::read_to_string(folder.join("redis.pid")).unwrap_or_default();
    let Ok(process_id) = text.trim().parse::<u32>() else {
        return false;
    };
    let mut kill = Command::new("/bin/sh");
    kill.args(["-c", "kill -TERM \"$1\"", "sh", &process_id.to_string()]);
    child::output(kill)
        .await
        .is_ok_and(|output| output.status.success())
}
