//! The ways in which a thread is held, each with its lines.

use std::fs::File;
use std::io::{Read, Write};
use std::ops::RangeInclusive;
use std::os::unix::net::UnixStream;
use std::sync::{Arc, Mutex, mpsc};
use std::thread;
use std::time::Instant;

use super::STALL;

/// One of them.
pub(crate) struct Kind {
    pub(crate) name: &'static str,
    /// Where in this file its culprit is.
    pub(crate) lines: RangeInclusive<u32>,
    pub(crate) hold: fn(),
    /// Spends its time asleep in the kernel, rather than computing.
    pub(crate) sleeps: bool,
}

/// All of them.
pub(crate) fn kinds() -> [Kind; 5] {
    [
        Kind {
            name: "sleep",
            lines: SLEEP,
            hold: sleep,
            sleeps: true,
        },
        Kind {
            name: "cpu",
            lines: CPU,
            hold: cpu,
            sleeps: false,
        },
        Kind {
            name: "socket read",
            lines: READ,
            hold: socket_read,
            sleeps: true,
        },
        Kind {
            name: "mutex",
            lines: MUTEX,
            hold: mutex,
            sleeps: true,
        },
        Kind {
            name: "file",
            lines: FILE,
            hold: file,
            sleeps: true,
        },
    ]
}

const SLEEP_FROM: u32 = line!();
#[inline(never)]
fn sleep() {
    let begun = Instant::now();
    thread::sleep(STALL);
    // Without something after the call it would be a tail call, which leaves no frame.
    std::hint::black_box(begun.elapsed());
}
const SLEEP: RangeInclusive<u32> = SLEEP_FROM..=line!();

const CPU_FROM: u32 = line!();
#[inline(never)]
fn cpu() {
    let begun = Instant::now();
    while begun.elapsed() < STALL {
        (0..1000_u64).for_each(|number| {
            std::hint::black_box(number);
        });
    }
}
const CPU: RangeInclusive<u32> = CPU_FROM..=line!();

const READ_FROM: u32 = line!();
#[inline(never)]
fn socket_read() {
    let (mut here, mut there) = UnixStream::pair().expect("a socket pair");
    let writer = thread::spawn(move || {
        thread::sleep(STALL);
        there.write_all(b"x")
    });
    here.read_exact(&mut [0]).expect("one byte");
    drop(writer);
}
const READ: RangeInclusive<u32> = READ_FROM..=line!();

const MUTEX_FROM: u32 = line!();
#[inline(never)]
fn mutex() {
    let lock = Arc::new(Mutex::new(()));
    let theirs = Arc::clone(&lock);
    let (locked, is_locked) = mpsc::channel();
    let holder = thread::spawn(move || {
        let _held = theirs.lock();
        locked.send(()).expect("the other side lives");
        thread::sleep(STALL);
    });
    is_locked.recv().expect("the holder lives");
    drop(lock.lock());
    drop(holder);
}
const MUTEX: RangeInclusive<u32> = MUTEX_FROM..=line!();

const FILE_FROM: u32 = line!();
#[inline(never)]
fn file() {
    let path = std::env::temp_dir().join(format!("stall-bench-{}", std::process::id()));
    let mut written = File::create(&path).expect("a file");
    let begun = Instant::now();
    while begun.elapsed() < STALL {
        written.write_all(&[7; 4096]).expect("written");
        written.sync_all().expect("on disk");
    }
    drop(std::fs::remove_file(path));
}
const FILE: RangeInclusive<u32> = FILE_FROM..=line!();
