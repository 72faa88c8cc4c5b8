//! What the system does to a program, and whose fault it is: other programs, a debugger, SIGSTOP, memory, a call for ever.

use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::thread;
use std::time::{Duration, Instant};

use stall::{Class, Kind, StallProbe};
use tokio::runtime::{Builder, Runtime};

mod child;
mod page_fault;
mod support;

use child::{in_a_child, is_child};
use page_fault::SlowPage;
use support::{probe, stall_of};

const THRESHOLD: Duration = Duration::from_millis(10);

#[test]
fn a_busy_machine_makes_nobody_guilty_and_hides_nobody() {
    let output = in_a_child("be_polite_among_hogs");
    assert!(
        output.contains("innocents accused: 0, stalls found: 20 of 20"),
        "{output}"
    );
}

/// Run by `a_busy_machine_makes_nobody_guilty_and_hides_nobody`: three busy processes for each CPU, tasks that compute
/// 100 µs at a time, and stalls of 50 ms between them.
#[test]
fn be_polite_among_hogs() {
    if !is_child() {
        return;
    }
    let cpus = thread::available_parallelism().map_or(2, std::num::NonZero::get);
    let hogs: Vec<Hog> = (0..3 * cpus).map(|_| Hog::start()).collect();
    let runtime = multi_thread("hogs");
    for _ in 0..8 {
        runtime.spawn(polite());
    }
    let mut found = 0;
    for number in 0..20 {
        let case = format!("real {number}");
        let real = stall::scope([("case", case.as_str())], async {
            thread::sleep(5 * THRESHOLD)
        });
        runtime
            .block_on(runtime.spawn(probe().watch(real)))
            .expect("no panic");
        found += usize::from(stall_of(&case).is_some());
    }
    let stalls = probe().recent();
    let accused = stalls
        .iter()
        .filter(|stall| !stall.fields.contains_key("case"));
    accused.clone().for_each(|stall| println!("{stall}"));
    println!(
        "innocents accused: {}, stalls found: {found} of 20",
        accused.count()
    );
    drop(hogs);
    runtime.shutdown_background();
}

async fn polite() {
    loop {
        for number in 0..20_000_u64 {
            std::hint::black_box(number);
        }
        tokio::task::yield_now().await;
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}

/// A process that takes all the CPU it gets, until it is dropped.
struct Hog(Child);

impl Hog {
    fn start() -> Self {
        let endless = Command::new("sh")
            .args(["-c", "while :; do :; done"])
            .spawn();
        Self(endless.expect("a shell"))
    }
}

impl Drop for Hog {
    fn drop(&mut self) {
        self.0.kill().expect("our child");
        self.0.wait().expect("our child");
    }
}

#[test]
fn a_stopped_process_reports_nothing() {
    let output = in_a_child("be_stopped");
    assert!(output.contains("stalls: 0"), "{output}");
}

/// Run by `a_stopped_process_reports_nothing`: polls all the time and is stopped meanwhile.
#[test]
fn be_stopped() {
    if !is_child() {
        return;
    }
    let pid = std::process::id();
    let script = format!("sleep 0.3; kill -STOP {pid}; sleep 0.5; kill -CONT {pid}");
    let stopper = Command::new("sh").args(["-c", &script]).spawn();
    println!("{}", work_beside(&mut stopper.expect("a shell")));
}

#[test]
fn a_thread_in_a_debugger_reports_nothing() {
    let output = in_a_child("be_debugged");
    assert!(output.contains("stalls: 0"), "{output}");
}

/// Run by `a_thread_in_a_debugger_reports_nothing`: another process traces the runtime's thread, which sleeps meanwhile,
/// and then holds it for a while.
#[test]
fn be_debugged() {
    if !is_child() {
        return;
    }
    let probe = probe();
    // SAFETY: takes numbers only: any process may trace this one, as a debugger that is its child otherwise may not.
    unsafe { libc::prctl(libc::PR_SET_PTRACER, libc::PR_SET_PTRACER_ANY) };
    // SAFETY: takes no argument and cannot fail.
    let tid = unsafe { libc::gettid() };
    let this = std::env::current_exe().expect("this executable");
    let mut debugger = Command::new(this)
        .args(["--exact", "debug", "--nocapture"])
        .env("STALL_TEST_DEBUGGED", tid.to_string())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("a debugger");
    // Kept to the end: the debugger has more to say.
    let mut said = BufReader::new(debugger.stdout.take().expect("piped")).lines();
    let attached = said.any(|line| line.is_ok_and(|line| line.ends_with("attached")));
    assert!(attached, "the debugger ended before");
    let runtime = current_thread("debugged");
    runtime.block_on(probe.watch(async { thread::sleep(5 * THRESHOLD) }));
    drop(debugger.stdin.take());
    println!("{}", work_beside(&mut debugger));
}

/// Run by `be_debugged`: attaches to a thread, which goes on; when told to, stops it, and lets go half a second later.
#[test]
fn debug() {
    let Ok(tid) = std::env::var("STALL_TEST_DEBUGGED") else {
        return;
    };
    let tid: libc::pid_t = tid.parse().expect("a thread id");
    let trace = |request| {
        let none = std::ptr::null_mut::<libc::c_void>();
        // SAFETY: these requests take no memory of ours; the thread belongs to the process that started this one.
        unsafe { libc::ptrace(request, tid, none, none) }
    };
    assert_eq!(trace(libc::PTRACE_SEIZE), 0);
    println!("attached");
    std::io::stdin()
        .read_to_end(&mut Vec::new())
        .expect("the end");
    assert_eq!(trace(libc::PTRACE_INTERRUPT), 0);
    // SAFETY: a null status is not written to.
    let stopped = unsafe { libc::waitpid(tid, std::ptr::null_mut(), libc::__WALL) };
    assert_eq!(stopped, tid);
    thread::sleep(Duration::from_millis(500));
    assert_eq!(trace(libc::PTRACE_DETACH), 0);
}

/// Polls of half a millisecond until `other` ends; says what was reported.
fn work_beside(other: &mut Child) -> String {
    let runtime = current_thread("beside");
    runtime.block_on(probe().watch(async {
        while other.try_wait().expect("our child").is_none() {
            let begun = Instant::now();
            while begun.elapsed() < Duration::from_micros(500) {
                std::hint::black_box(begun);
            }
            tokio::task::yield_now().await;
        }
        probe().flush().await;
    }));
    assert!(other.wait().expect("our child").success());
    let stalls: String = probe()
        .recent()
        .iter()
        .map(|stall| format!("{stall}\n"))
        .collect();
    format!("{stalls}stalls: {}", probe().stalls_total())
}

#[test]
fn waiting_for_a_page_of_memory_is_a_stall_with_its_line() {
    let Some(page) = SlowPage::new(10 * THRESHOLD) else {
        println!("not run: this system does not let a program handle its page faults");
        return;
    };
    let runtime = current_thread("page fault");
    let first = line!() + 1;
    runtime.block_on(probe().watch(stall::scope([("case", "page fault")], async {
        std::hint::black_box(page.touch());
    })));
    let stall = stall_of("page fault").expect("found");
    assert_eq!(stall.class, Class::Blocked, "{stall}");
    assert_eq!(stall.syscall.as_deref(), Some("page fault"), "{stall}");
    let lines = stall.user_frames.iter().filter(|frame| {
        let file = frame.file.as_deref().unwrap_or_default();
        file.ends_with("page_fault.rs") || file.ends_with("system.rs") && frame.line >= Some(first)
    });
    assert!(lines.count() > 0, "{stall}");
}

#[test]
fn a_stall_without_end_is_reported_again_and_again_and_as_a_hang() {
    let output = in_a_child("hang");
    let reports: Vec<Vec<&str>> = output
        .lines()
        .filter_map(|line| line.split("report: ").nth(1))
        .map(|line| line.split(' ').collect())
        .collect();
    let kinds: Vec<&[&str]> = reports.iter().map(|report| &report[..2]).collect();
    assert_eq!(kinds[0], ["started", "long_poll"], "{output}");
    assert!(kinds.contains(&&["ongoing", "hang"][..]), "{output}");
    let net_ms = reports
        .iter()
        .map(|report| report[2].parse::<u64>().expect("a number"));
    // A busy machine may skip a level, but none is told before it is reached.
    for (times, net_ms) in net_ms.enumerate() {
        assert!(net_ms >= (10 << times).min(500), "{output}");
    }
    assert!(reports.len() >= 3, "{output}");
}

/// Run by `a_stall_without_end_is_reported_again_and_again_and_as_a_hang`.
#[test]
fn hang() {
    if !is_child() {
        return;
    }
    let told = Arc::new(AtomicBool::new(false));
    let tells = Arc::clone(&told);
    let probe = StallProbe::builder()
        .threshold(THRESHOLD)
        .hang_after(50 * THRESHOLD)
        .on_stall(move |report| {
            let net_ms = report.net_us / 1000;
            println!("report: {} {} {net_ms}", report.phase, report.kind);
            tells.fetch_or(report.kind == Kind::Hang, Relaxed);
        })
        .install()
        .expect("the first probe of this process");
    let runtime = multi_thread_of(&probe, "hang");
    runtime.spawn(probe.watch(async {
        loop {
            thread::park();
        }
    }));
    let begun = Instant::now();
    while !told.load(Relaxed) && begun.elapsed() < support::PATIENCE {
        thread::sleep(THRESHOLD);
    }
    assert_eq!(probe.recent()[0].kind, Kind::Hang);
    runtime.shutdown_background();
}

fn multi_thread(name: &str) -> Runtime {
    multi_thread_of(probe(), name)
}

fn multi_thread_of(probe: &StallProbe, name: &str) -> Runtime {
    let mut builder = Builder::new_multi_thread();
    probe
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
