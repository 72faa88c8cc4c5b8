//! Every kind of runtime with every kind of stall: found, told apart, and on the right line.

use std::future::Future;
use std::path::PathBuf;
use std::time::Duration;

use stall::{CaptureMethod, Class, Kind, Phase, StallReport};
use tokio::runtime::{Builder, Runtime};
use tokio::task::LocalSet;

mod culprits;
mod support;

use culprits::{Culprit, culprits};
use support::{probe, stall_of};

/// Executables without debug information have addresses only: set when this one was stripped, see `matrix.sh`.
fn is_stripped() -> bool {
    std::env::var_os("STALL_TESTS_STRIPPED").is_some()
}

/// How a stall in an unwatched task of an instrumented runtime is noticed.
const UNWATCHED: Kind = if cfg!(tokio_unstable) {
    Kind::LongPoll
} else {
    Kind::WorkerBusy
};

#[test]
fn tasks_of_a_multi_thread_runtime() {
    let runtime = multi_thread();
    runtime.block_on(probe().flush());
    for culprit in culprits("multi-thread") {
        let task = stall::scope([("case", culprit.case.as_str())], culprit.clone().run());
        runtime
            .block_on(async {
                idle_once().await;
                runtime.spawn(task).await
            })
            .expect("no panic");
        expect(&culprit, UNWATCHED);
    }
}

#[test]
fn watched_tasks_of_a_multi_thread_runtime() {
    let runtime = multi_thread();
    for culprit in culprits("watched") {
        let task = stall::scope([("case", culprit.case.as_str())], culprit.clone().run());
        runtime
            .block_on(async { runtime.spawn(probe().watch(task)).await })
            .expect("no panic");
        assert_eq!(expect(&culprit, Kind::LongPoll).worker, Some(0));
    }
}

#[test]
fn the_root_future_of_a_multi_thread_runtime() {
    let runtime = multi_thread();
    for culprit in culprits("root") {
        runtime.block_on(watched(&culprit));
        assert_eq!(expect(&culprit, Kind::LongPoll).worker, None);
    }
}

#[test]
fn the_root_future_of_a_current_thread_runtime() {
    let runtime = current_thread();
    for culprit in culprits("current-thread-root") {
        runtime.block_on(watched(&culprit));
        expect(&culprit, Kind::LongPoll);
    }
}

#[test]
fn tasks_of_a_current_thread_runtime() {
    let runtime = current_thread();
    for culprit in culprits("current-thread") {
        let task = stall::scope([("case", culprit.case.as_str())], culprit.clone().run());
        let root = async {
            idle_once().await;
            tokio::spawn(task).await
        };
        runtime.block_on(probe().watch(root)).expect("no panic");
        expect(&culprit, UNWATCHED);
    }
}

#[test]
fn tasks_of_a_runtime_that_somebody_else_built() {
    let runtime = Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime");
    probe().attach(runtime.handle(), "attached");
    for culprit in culprits("attached") {
        let task = stall::scope([("case", culprit.case.as_str())], culprit.clone().run());
        let root = async {
            idle_once().await;
            tokio::spawn(task).await
        };
        runtime.block_on(probe().watch(root)).expect("no panic");
        assert_eq!(expect(&culprit, Kind::WorkerBusy).runtime, "attached");
    }
}

#[test]
fn tasks_of_a_local_set() {
    let runtime = current_thread();
    for culprit in culprits("local-set") {
        let tasks = LocalSet::new();
        let task = stall::scope([("case", culprit.case.as_str())], culprit.clone().run());
        let root = tasks.run_until(async { tokio::task::spawn_local(task).await });
        runtime.block_on(probe().watch(root)).expect("no panic");
        expect(&culprit, Kind::LongPoll);
    }
}

#[test]
fn futures_inlined_into_each_other() {
    let runtime = current_thread();
    for culprit in culprits("inlined") {
        let outer = outer(culprit.clone());
        runtime.block_on(probe().watch(stall::scope([("case", culprit.case.as_str())], outer)));
        expect(&culprit, Kind::LongPoll);
    }
}

async fn outer(culprit: Culprit) {
    inner(culprit).await;
}

async fn inner(culprit: Culprit) {
    culprit.run().await;
}

/// The stall of `culprit` as it must be reported.
fn expect(culprit: &Culprit, kind: Kind) -> StallReport {
    let stall = stall_of(&culprit.case).unwrap_or_else(|| panic!("{} was not found", culprit.case));
    assert_eq!(
        (stall.phase, stall.kind, stall.class),
        (Phase::Ended, kind, culprit.class),
        "{stall}"
    );
    assert!(
        stall.wall_us >= stall.net_us && stall.net_us >= 10_000,
        "{stall}"
    );
    if culprit.class == Class::Blocked {
        assert_eq!(stall.capture.method, CaptureMethod::Peek, "{stall}");
        assert!(
            culprit
                .syscalls
                .contains(&stall.syscall.as_deref().unwrap_or("none")),
            "{stall}"
        );
    }
    assert!(stall.capture.complete, "{stall}\n{:#?}", stall.frames);
    if !is_stripped() {
        let frame = stall
            .user_frames
            .first()
            .unwrap_or_else(|| panic!("{stall}"));
        let file = PathBuf::from(frame.file.as_deref().expect("a file"));
        assert!(file.ends_with("culprits.rs"), "{stall}");
        assert!(
            culprit.lines.contains(&frame.line.expect("a line")),
            "{:?}: {stall}",
            culprit.lines
        );
    }
    stall
}

fn watched(culprit: &Culprit) -> impl Future<Output = ()> {
    probe().watch(stall::scope(
        [("case", culprit.case.as_str())],
        culprit.clone().run(),
    ))
}

/// A worker is known to the probe from the first time it goes idle.
async fn idle_once() {
    tokio::time::sleep(Duration::from_millis(20)).await;
}

fn multi_thread() -> Runtime {
    let mut builder = Builder::new_multi_thread();
    probe()
        .instrument(builder.worker_threads(1).enable_all(), "matrix")
        .build()
        .expect("a runtime")
}

fn current_thread() -> Runtime {
    let mut builder = Builder::new_current_thread();
    probe()
        .instrument(builder.enable_all(), "matrix")
        .build()
        .expect("a runtime")
}
