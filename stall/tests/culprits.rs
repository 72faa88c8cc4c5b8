//! The ways to hold a runtime thread, each with the lines on which it does.

use std::fs::File;
use std::io::{Read, Write};
use std::ops::RangeInclusive;
use std::os::unix::net::UnixStream;
use std::process::Command;
use std::sync::{Arc, Mutex, mpsc};
use std::thread;
use std::time::Duration;

use stall::Class;

/// Ten times the threshold of the tests: no load of the machine hides it.
pub(crate) const LONG: Duration = Duration::from_millis(100);

/// One way to hold a thread.
#[derive(Clone)]
pub(crate) struct Culprit {
    /// Unique in the process; the `case` field of its report.
    pub(crate) case: String,
    pub(crate) class: Class,
    /// The system calls in which it may be found.
    pub(crate) syscalls: &'static [&'static str],
    /// Where its innermost user frame must be.
    pub(crate) lines: RangeInclusive<u32>,
    hold: fn(),
}

impl Culprit {
    /// Holds the thread for [`LONG`].
    pub(crate) async fn run(self) {
        (self.hold)();
    }
}

/// All of them, as cases of `place`.
pub(crate) fn culprits(place: &str) -> Vec<Culprit> {
    let culprit = |name, class, syscalls, lines, hold| Culprit {
        case: format!("{place} {name}"),
        class,
        syscalls,
        lines,
        hold,
    };
    vec![
        culprit(
            "sleep",
            Class::Blocked,
            &["clock_nanosleep", "nanosleep"],
            SLEEP,
            sleep as fn(),
        ),
        culprit(
            "socket read",
            Class::Blocked,
            &["recvfrom", "read"],
            SOCKET,
            socket_read,
        ),
        culprit(
            "file read",
            Class::Blocked,
            &["read", "openat", "open"],
            FIFO,
            file_read,
        ),
        culprit("mutex", Class::Blocked, &["futex"], MUTEX, mutex),
        culprit("computation", Class::Cpu, &[], COMPUTE, compute),
    ]
}

const SLEEP_FROM: u32 = line!();
#[inline(never)]
fn sleep() {
    thread::sleep(LONG);
    // Without something after it, the call would be a tail call in a release build, which leaves no frame.
    drop(std::hint::black_box(thread::current()));
}
const SLEEP: RangeInclusive<u32> = SLEEP_FROM..=line!();

const SOCKET_FROM: u32 = line!();
#[inline(never)]
fn socket_read() {
    let (mut here, mut there) = UnixStream::pair().expect("a socket pair");
    let writer = thread::spawn(move || {
        thread::sleep(LONG);
        there.write_all(b"x")
    });
    here.read_exact(&mut [0]).expect("one byte");
    drop(writer);
}
const SOCKET: RangeInclusive<u32> = SOCKET_FROM..=line!();

const FIFO_FROM: u32 = line!();
#[inline(never)]
fn file_read() {
    let path = std::env::temp_dir().join(format!(
        "stall-{}-{:?}",
        std::process::id(),
        thread::current().id()
    ));
    assert!(
        Command::new("mkfifo")
            .arg(&path)
            .status()
            .expect("mkfifo")
            .success()
    );
    let (opened, open) = mpsc::channel();
    let writer_path = path.clone();
    let writer = thread::spawn(move || {
        let mut writer = File::create(writer_path)?;
        open.recv().map_err(std::io::Error::other)?;
        thread::sleep(LONG);
        writer.write_all(b"x")
    });
    let mut reader = File::open(&path).expect("the pipe");
    opened.send(()).expect("the writer lives");
    reader.read_exact(&mut [0]).expect("one byte");
    drop((writer, std::fs::remove_file(path)));
}
const FIFO: RangeInclusive<u32> = FIFO_FROM..=line!();

const MUTEX_FROM: u32 = line!();
#[inline(never)]
fn mutex() {
    let lock = Arc::new(Mutex::new(()));
    let (locked, is_locked) = mpsc::channel();
    let theirs = Arc::clone(&lock);
    let holder = thread::spawn(move || {
        let _held = theirs.lock();
        locked.send(()).expect("the other side lives");
        thread::sleep(LONG);
    });
    is_locked.recv().expect("the holder lives");
    drop(lock.lock());
    drop(holder);
}
const MUTEX: RangeInclusive<u32> = MUTEX_FROM..=line!();

const COMPUTE_FROM: u32 = line!();
#[inline(never)]
fn compute() {
    // CPU time, not wall time: on a busy machine the loop must still compute for that long.
    let enough = thread_cpu_time() + LONG / 2;
    let mut number = 1_u64;
    while thread_cpu_time() < enough {
        for addend in 0..20_000 {
            number = std::hint::black_box(
                number
                    .wrapping_mul(6_364_136_223_846_793_005)
                    .wrapping_add(addend),
            );
        }
    }
}

/// CPU time that this thread has used, from the scheduler's statistics.
#[inline(always)]
fn thread_cpu_time() -> Duration {
    let schedstat = std::fs::read_to_string("/proc/thread-self/schedstat").expect("Linux");
    let nanos = schedstat
        .split(' ')
        .next()
        .and_then(|number| number.parse().ok())
        .expect("a number");
    Duration::from_nanos(nanos)
}
const COMPUTE: RangeInclusive<u32> = COMPUTE_FROM..=line!();
