//! A target whose thread sleeps, and what a look at it says.

use std::sync::mpsc;

use super::super::account::Sample;
use super::*;
use crate::clock::stamp;
use crate::slot;

const LIMITS: Limits = Limits {
    threshold_ns: 1,
    hang_after_ns: None,
};

#[test]
fn a_sample_taken_after_the_end_of_its_poll_says_nothing() {
    let (ask, told) = sleeper();
    let mut threads = Threads::default();
    let (observation, before) = asleep_in_poll(&told, &mut threads);
    let mut look = || {
        let now = now_ns();
        let start = observation.start(now, now, 0);
        let mut track = Track::begin(&observation, start, before);
        track.look(now, LIMITS, &mut threads, None)
    };
    assert!(look());
    ask.send(()).expect("it waits");
    asleep(&told, &mut Threads::default());
    assert!(!look());
}

#[test]
fn a_thread_that_was_found_asleep_at_once_is_blocked() {
    let (_ask, told) = sleeper();
    let mut threads = Threads::default();
    let (observation, before) = asleep_in_poll(&told, &mut threads);
    let now = now_ns();
    let mut track = Track::begin(&observation, observation.start(now, now, 0), before);
    assert!(track.look(now, LIMITS, &mut threads, None));
    assert_eq!(track.class(track.breakdown()), Class::Blocked);
}

/// A thread that says its slot, sleeps in a poll until it is asked to end that, says so, and sleeps until nobody can
/// ask any more.
pub(super) fn sleeper() -> (mpsc::Sender<()>, mpsc::Receiver<&'static ThreadSlot>) {
    let (tell, told) = mpsc::channel();
    let (ask, asked) = mpsc::channel();
    thread::spawn(move || {
        let slot = slot::current().expect("a living thread");
        slot.begin_poll(stamp(), 0);
        tell.send(slot).expect("the test waits");
        asked.recv().expect("the test goes on");
        slot.end_poll();
        tell.send(slot).expect("the test waits");
        // Nobody can ask any more.
        let _ = asked.recv();
    });
    (ask, told)
}

/// The poll that the thread `told` comes from sleeps in, and what the thread has used by then.
pub(super) fn asleep_in_poll(
    told: &mpsc::Receiver<&'static ThreadSlot>,
    threads: &mut Threads,
) -> (Observation, Mark) {
    let (slot, before) = asleep(told, threads);
    let poll = slot.running_poll().expect("it sleeps in it");
    (Observation::of_poll(slot, poll), before)
}

/// The thread that `told` comes from, once it sleeps, and what it has used by then.
pub(super) fn asleep(
    told: &mpsc::Receiver<&'static ThreadSlot>,
    threads: &mut Threads,
) -> (&'static ThreadSlot, Mark) {
    let slot = told.recv().expect("it lives");
    loop {
        let Sample {
            at_ns,
            cpu_ns,
            run_delay_ns,
            state,
            ..
        } = threads.look(slot).expect("Linux").sample;
        if state == ThreadState::Sleeping {
            let mark = Mark {
                at_ns,
                cpu_ns,
                run_delay_ns,
            };
            return (slot, mark);
        }
        thread::yield_now();
    }
}
