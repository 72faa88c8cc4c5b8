//! A guard for tests: a future that must not leave tasks behind.

use std::future::Future;

use tokio::runtime::Handle;

use crate::engine;
use crate::guard::{Action, count, warn};
use crate::watch::number_of;

/// Turns of the scheduler that tasks get to end by themselves after the future is done.
const GRACE_TURNS: u32 = 64;

/// Runs `future` and panics if tasks that it spawned are still alive when it is done.
///
/// Tasks that have been told to end (aborted, or their channel closed) get some turns of the scheduler to do so. Tasks
/// are counted per runtime: other tests have their own.
///
/// # Panics
///
/// If there are more live tasks than before.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")] async fn main() {
/// stall::deny_task_leaks(async { tokio::spawn(async {}).await }).await.expect("the task ends");
/// # }
/// ```
pub async fn deny_task_leaks<F: Future>(future: F) -> F::Output {
    deny_task_leaks_with(Action::Panic, future).await
}

/// Like [`deny_task_leaks`], with a choice of what happens.
///
/// # Panics
///
/// With [`Action::Panic`], if there are more live tasks than before.
pub async fn deny_task_leaks_with<F: Future>(action: Action, future: F) -> F::Output {
    let before = live_tasks();
    let output = future.await;
    for _ in 0..GRACE_TURNS {
        if live_tasks() <= before {
            return output;
        }
        tokio::task::yield_now().await;
    }
    let leaked = live_tasks().saturating_sub(before);
    if leaked > 0 {
        let text = format!("{} left behind", count(leaked, "task"));
        match action {
            Action::Warn => warn(&text),
            #[cfg(feature = "tracing")]
            Action::Log => tracing::warn!(target: "stall", leaked, "tasks left behind"),
            Action::Panic => panic!("{text}"),
        }
    }
    output
}

/// The program's live tasks in this runtime, without ours.
fn live_tasks() -> usize {
    let handle = Handle::current();
    let ours = engine::running()
        .and_then(|engine| engine.runtime(number_of(&handle.id())))
        .map_or(0, |runtime| runtime.own_tasks());
    handle.metrics().num_alive_tasks().saturating_sub(ours)
}
