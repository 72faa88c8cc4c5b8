//! The guards of the test suite themselves: they must fail when they should, with the right line, and else be silent.

use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::thread;
use std::time::Duration;

use stall::{deny_stalls, deny_task_leaks};
use tokio::runtime::Builder;

const THRESHOLD: Duration = Duration::from_millis(10);
/// Far over the threshold, so that no load of the machine hides it.
const LONG: Duration = Duration::from_millis(100);

/// What the guard says about `future` on a current-thread runtime; empty if it is content.
fn verdict<F: Future>(future: F) -> String {
    let runtime = Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime");
    let outcome = catch_unwind(AssertUnwindSafe(|| {
        runtime.block_on(deny_stalls(THRESHOLD, future))
    }));
    outcome
        .err()
        .map(|panic| *panic.downcast::<String>().expect("a message"))
        .unwrap_or_default()
}

#[test]
fn a_blocking_call_fails_the_test_with_its_line() {
    let line = line!() + 1;
    let verdict = verdict(async { thread::sleep(LONG) });
    assert!(verdict.contains("1 stall of 10ms or longer"), "{verdict}");
    assert!(verdict.contains("blocked in clock_nanosleep"), "{verdict}");
    assert!(
        verdict.contains(&format!("tests/guard.rs:{line}")),
        "{verdict}"
    );
}

#[test]
fn a_computation_fails_the_test_with_its_line() {
    let start = line!();
    let verdict = verdict(async {
        // CPU time: on a busy machine the loop must still compute for that long.
        let enough = thread_cpu_time() + LONG;
        while thread_cpu_time() < enough {
            for number in 0..20_000_u64 {
                std::hint::black_box(number);
            }
        }
    });
    let lines: Vec<String> = (start..start + 9)
        .map(|line| format!("tests/guard.rs:{line}"))
        .collect();
    assert!(lines.iter().any(|line| verdict.contains(line)), "{verdict}");
}

/// CPU time that this thread has used, from the scheduler's statistics.
fn thread_cpu_time() -> Duration {
    let schedstat = std::fs::read_to_string("/proc/thread-self/schedstat").expect("Linux");
    let nanos = schedstat.split(' ').next().expect("three numbers").parse();
    Duration::from_nanos(nanos.expect("a number"))
}

#[test]
fn a_stall_in_a_spawned_task_fails_the_test() {
    let verdict = verdict(async { tokio::spawn(async { thread::sleep(LONG) }).await });
    assert!(verdict.contains("blocked in clock_nanosleep"), "{verdict}");
}

#[test]
fn waiting_is_fine() {
    let verdict = verdict(async {
        tokio::time::sleep(Duration::from_millis(40)).await;
        tokio::task::yield_now().await;
        tokio::task::spawn_blocking(|| thread::sleep(Duration::from_millis(40))).await
    });
    assert_eq!(verdict, "");
}

#[stall::test(threshold = "10ms")]
async fn the_attribute_runs_an_async_test() {
    tokio::time::sleep(Duration::from_millis(20)).await;
}

#[stall::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_attribute_takes_a_flavor() -> Result<(), tokio::task::JoinError> {
    tokio::spawn(tokio::time::sleep(Duration::from_millis(20))).await
}

#[stall::test(threshold = "10ms")]
#[should_panic(expected = "1 stall of 10ms or longer")]
async fn the_attribute_fails_a_test_that_blocks() {
    thread::sleep(LONG);
}

#[stall::test(flavor = "multi_thread")]
#[should_panic(expected = "blocked in clock_nanosleep")]
async fn the_attribute_fails_a_test_whose_task_blocks_a_worker() {
    // The worker is known from the first time it goes idle.
    tokio::time::sleep(Duration::from_millis(20)).await;
    tokio::spawn(async { thread::sleep(LONG) }).await.unwrap();
}

#[tokio::test]
#[should_panic(expected = "1 task left behind")]
async fn a_task_left_behind_fails_the_test() {
    let spawn = async { drop(tokio::spawn(std::future::pending::<()>())) };
    deny_task_leaks(spawn).await;
}

#[tokio::test]
async fn a_task_that_was_aborted_is_not_left_behind() {
    deny_task_leaks(async { tokio::spawn(std::future::pending::<()>()).abort() }).await;
}
