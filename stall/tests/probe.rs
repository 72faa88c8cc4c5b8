//! What the probe promises beyond finding stalls: silence where nothing is wrong, no harm, complete reports.

use std::io::{ErrorKind, Read, Write};
use std::os::unix::net::UnixStream;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

#[cfg(feature = "metrics")]
use metrics_exporter_prometheus::PrometheusBuilder;
use stall::{CaptureMode, Kind, Phase, StallProbe, StallReport, ThreadHooks};
use tokio::runtime::{Builder, Runtime};
use tower::{Service, ServiceBuilder, ServiceExt};

#[cfg(feature = "metrics")]
mod child;
mod support;

#[cfg(feature = "metrics")]
use child::{in_a_child, is_child};
use support::{PATIENCE, probe, stall_of, stall_so_far};

const LONG: Duration = Duration::from_millis(100);

#[test]
fn stacks_can_be_taken_here() {
    assert_eq!(probe().capture_mode(), CaptureMode::PeekAndSignal);
}

#[test]
fn there_is_one_probe_per_process() {
    let again = StallProbe::builder()
        .threshold(Duration::from_secs(7))
        .install()
        .expect("the same probe");
    assert_eq!(again.threshold(), probe().threshold());
}

#[test]
fn settings_that_contradict_each_other_are_refused() {
    let refused = StallProbe::builder()
        .threshold(Duration::from_millis(1))
        .tick(Duration::from_millis(1))
        .install();
    assert_eq!(
        refused.err().map(|error| error.to_string()).as_deref(),
        Some("the threshold of 1ms is shorter than four ticks of 1ms")
    );
}

#[test]
fn blocking_threads_are_silent() {
    let runtime = multi_thread("blocking");
    let task = stall::scope([("case", "spawn_blocking")], async {
        tokio::task::spawn_blocking(|| thread::sleep(LONG)).await
    });
    runtime.block_on(probe().watch(task)).expect("no panic");
    assert_eq!(stall_of("spawn_blocking"), None);
}

#[test]
fn block_in_place_is_silent() {
    let runtime = multi_thread("in place");
    for case in ["block_in_place", "watched block_in_place"] {
        let task = stall::scope([("case", case)], async {
            tokio::task::block_in_place(|| thread::sleep(LONG))
        });
        let spawned = if case.starts_with("watched") {
            runtime.spawn(probe().watch(task))
        } else {
            runtime.spawn(task)
        };
        runtime.block_on(spawned).expect("no panic");
        assert_eq!(stall_of(case), None);
    }
}

#[test]
fn a_blocked_read_with_a_timeout_is_not_interrupted() {
    let runtime = current_thread("reads");
    let interrupted = runtime.block_on(probe().watch(stall::scope([("case", "reads")], async {
        (0..3).filter(|_| read_was_interrupted()).count()
    })));
    assert_eq!(interrupted, 0);
    let stall = stall_of("reads").expect("the reads are stalls");
    assert_eq!(stall.syscall.as_deref(), Some("recvfrom"));
}

/// A read on a socket with SO_RCVTIMEO fails with EINTR on any signal, even under SA_RESTART.
fn read_was_interrupted() -> bool {
    let (mut here, mut there) = UnixStream::pair().expect("a socket pair");
    here.set_read_timeout(Some(Duration::from_secs(20)))
        .expect("a timeout");
    let writer = thread::spawn(move || {
        thread::sleep(LONG);
        there.write_all(b"x")
    });
    let outcome = here.read(&mut [0]);
    drop(writer);
    outcome.is_err_and(|error| error.kind() == ErrorKind::Interrupted)
}

#[test]
fn a_stall_is_reported_while_it_lasts_and_again_at_its_end() {
    let runtime = current_thread("phases");
    let ended = Arc::new(AtomicBool::new(false));
    let held = Arc::clone(&ended);
    let watcher = thread::spawn(move || {
        let asked = Instant::now();
        while asked.elapsed() < PATIENCE {
            if let Some(stall) =
                stall_so_far("phases").filter(|stall| stall.phase == Phase::Ongoing)
            {
                held.store(true, Relaxed);
                return Some(stall);
            }
            thread::sleep(Duration::from_millis(1));
        }
        None
    });
    runtime.block_on(probe().watch(stall::scope([("case", "phases")], async {
        while !ended.load(Relaxed) && !watcher.is_finished() {
            thread::sleep(Duration::from_millis(1));
        }
    })));
    let ongoing = watcher
        .join()
        .expect("no panic")
        .expect("reported while it lasted, a second time at twice the threshold");
    assert!(ongoing.net_us >= 20_000, "{ongoing}");
    let over = stall_of("phases").expect("still there");
    assert_eq!((over.id, over.phase), (ongoing.id, Phase::Ended));
    assert!(
        over.wall_us >= ongoing.wall_us && !over.frames.is_empty(),
        "{over}"
    );
}

#[test]
fn a_stall_names_what_it_was_about() {
    let runtime = current_thread("fields");
    let stage = stall::scope([("stage", "decode"), ("case", "inner")], async {
        thread::sleep(LONG)
    });
    runtime.block_on(probe().watch(stall::scope([("job.id", "7"), ("case", "outer")], stage)));
    let stall = stall_of("inner").expect("found");
    let fields: Vec<_> = stall
        .fields
        .iter()
        .map(|(key, value)| (key.as_str(), value.as_str()))
        .collect();
    assert_eq!(
        fields,
        [("case", "inner"), ("job.id", "7"), ("stage", "decode")]
    );
}

#[cfg(feature = "json")]
#[test]
fn a_report_survives_json() {
    let runtime = current_thread("json");
    runtime.block_on(probe().watch(stall::scope([("case", "json")], async {
        thread::sleep(LONG)
    })));
    let stall = stall_of("json").expect("found");
    let text = stall::to_json(std::slice::from_ref(&stall));
    assert!(
        text.contains(r#""kind":"long_poll","class":"blocked""#),
        "{text}"
    );
    let back: Vec<StallReport> = serde_json::from_str(&text).expect("what was written");
    assert_eq!(back, [stall]);
}

#[test]
fn equal_stalls_share_a_fingerprint_and_fold_into_one_line() {
    let runtime = current_thread("folds");
    // The runtime is known by its name from the first time it goes idle.
    runtime.block_on(async { tokio::time::sleep(Duration::from_millis(1)).await });
    let stalls: Vec<StallReport> = ["fold 1", "fold 2"]
        .map(|case| {
            runtime.block_on(probe().watch(stall::scope([("case", case)], async {
                thread::sleep(LONG)
            })));
            stall_of(case).expect("found")
        })
        .into();
    assert_eq!(stalls[0].fingerprint, stalls[1].fingerprint);
    assert_eq!(stalls[1].count, stalls[0].count + 1);
    let folded = stall::folded(&stalls);
    let (stack, weight) = folded
        .trim_end()
        .rsplit_once(' ')
        .expect("stack and weight");
    assert!(
        stack.starts_with("folds;") && stack.contains("sleep"),
        "{folded}"
    );
    assert_eq!(weight.parse(), Ok(stalls[0].net_us + stalls[1].net_us));
    assert_eq!(stall::group(&stalls)[0].count, 2);
}

#[test]
fn a_service_is_watched_by_the_layer() {
    let runtime = current_thread("service");
    runtime.block_on(async {
        let handler = |case: &'static str| {
            stall::scope([("case", case)], async {
                thread::sleep(LONG);
                Ok::<_, std::io::Error>(())
            })
        };
        let mut service = ServiceBuilder::new()
            .layer(probe().layer())
            .service_fn(handler);
        service
            .ready()
            .await
            .expect("ready")
            .call("service")
            .await
            .expect("no error");
    });
    assert_eq!(stall_of("service").expect("found").kind, Kind::LongPoll);
}

#[test]
fn the_programs_own_hooks_are_kept() {
    let called = Arc::new(Mutex::new(Vec::new()));
    let (parks, unparks) = (Arc::clone(&called), Arc::clone(&called));
    let hooks = ThreadHooks::default()
        .on_thread_park(move || parks.lock().expect("no panic").push("park"))
        .on_thread_unpark(move || unparks.lock().expect("no panic").push("unpark"));
    let mut builder = Builder::new_current_thread();
    let runtime = probe()
        .instrument_with(builder.enable_all(), "hooks", &hooks)
        .build()
        .expect("a runtime");
    runtime.block_on(async { tokio::time::sleep(Duration::from_millis(5)).await });
    assert!(
        called
            .lock()
            .expect("no panic")
            .starts_with(&["park", "unpark"])
    );
}

#[test]
fn the_time_between_two_runs_of_a_current_thread_runtime_is_no_stall() {
    let runtime = current_thread("between");
    for _ in 0..2 {
        runtime
            .block_on(probe().watch(async { tokio::time::sleep(Duration::from_millis(5)).await }));
        thread::sleep(LONG);
    }
    assert!(
        !probe()
            .recent()
            .iter()
            .any(|stall| stall.runtime == "between")
    );
}

#[cfg(feature = "metrics")]
#[test]
fn metrics_are_exported() {
    let output = in_a_child("export_metrics");
    for metric in [
        r#"tokio_worker_stalls_total{runtime="exported",worker="0"} 1"#,
        r#"tokio_worker_stalled_seconds{runtime="exported",worker="0"} 0"#,
        r#"tokio_worker_stall_seconds_count{runtime="exported",worker="0",class="blocked"} 1"#,
        r#"tokio_runtime_schedule_latency_seconds_count{runtime="exported"}"#,
        r#"stall_probe_captures_total{method="peek",result="complete"}"#,
        r#"stall_probe_capture_ready{method="signal"} 1"#,
        "tests/probe.rs:",
        "stall_probe_suppressed_total 0",
        "stall_probe_cpu_seconds_total ",
    ] {
        assert!(output.contains(metric), "{metric} is not in\n{output}");
    }
}

/// Run by `metrics_are_exported` in a process of its own: a recorder is global.
#[cfg(feature = "metrics")]
#[test]
fn export_metrics() {
    if !is_child() {
        return;
    }
    let recorder = PrometheusBuilder::new()
        .install_recorder()
        .expect("no recorder yet");
    let runtime = current_thread("exported");
    runtime.block_on(probe().watch(async {
        // The runtime is known by its name from the first time it goes idle.
        tokio::time::sleep(Duration::from_millis(1)).await;
        thread::sleep(LONG);
        // How soon schedule latency is measured for the first time is the system's affair.
        let measured = async {
            while !recorder.render().contains("schedule_latency_seconds_count") {
                tokio::time::sleep(Duration::from_millis(20)).await;
                probe().flush().await;
            }
        };
        let _ = tokio::time::timeout(Duration::from_secs(20), measured).await;
        probe().flush().await;
    }));
    println!("{}", recorder.render());
}

fn multi_thread(name: &str) -> Runtime {
    let mut builder = Builder::new_multi_thread();
    probe()
        .instrument(builder.worker_threads(2).enable_all(), name)
        .build()
        .expect("a runtime")
}

fn current_thread(name: &str) -> Runtime {
    let mut builder = Builder::new_current_thread();
    probe()
        .instrument(builder.enable_all(), name)
        .build()
        .expect("a runtime")
}
