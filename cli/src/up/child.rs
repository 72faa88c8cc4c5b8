//! Starts programs from a thread that may wait: the kernel holds the caller until the new process has its program.

use std::io;
use std::process::{Output, Stdio};

use tokio::process::{Child, Command};
use tokio::task::spawn_blocking;

/// `command` as a running process.
pub(crate) async fn spawn(mut command: Command) -> io::Result<Child> {
    #[expect(
        clippy::disallowed_methods,
        reason = "a handful of processes, one at a time"
    )]
    let spawned = spawn_blocking(move || command.spawn()).await;
    spawned.map_err(io::Error::other)?
}

/// What `command` prints until it ends.
pub(super) async fn output(mut command: Command) -> io::Result<Output> {
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    spawn(command).await?.wait_with_output().await
}
