//! What the watchdog reads of a running poll, in every order in which the two threads' loads and stores can happen.

#![expect(
    dead_code,
    reason = "the module is the crate's; not all of it is used here"
)]

use loom::sync::Arc;
use loom::sync::atomic;
use loom::thread;

#[path = "../src/slot/poll.rs"]
mod poll;

use poll::{PollCell, RunningPoll};

#[test]
fn a_poll_is_read_as_a_whole_or_not_at_all() {
    loom::model(|| {
        let cell = Arc::new(PollCell::new());
        let owner = Arc::clone(&cell);
        let polls = thread::spawn(move || {
            assert!(owner.begin(10, 1));
            owner.end(|| 15);
            assert!(owner.begin(20, 2));
            owner.end(|| 25);
        });
        let expected = |seq| {
            let number = seq / 2 + 1;
            RunningPoll {
                seq,
                start: Some(10 * number),
                task: Some(number),
            }
        };
        if let Some(poll) = cell.running() {
            assert_eq!(poll, expected(poll.seq));
        }
        polls.join().unwrap();
    });
}

#[test]
fn an_inner_poll_does_not_hide_the_outer_one() {
    loom::model(|| {
        let cell = Arc::new(PollCell::new());
        let owner = Arc::clone(&cell);
        let polls = thread::spawn(move || {
            assert!(owner.begin(10, 1));
            assert!(!owner.begin(20, 2));
            owner.end(|| 30);
        });
        if let Some(poll) = cell.running() {
            assert_eq!((poll.seq, poll.start, poll.task), (1, Some(10), Some(1)));
        }
        polls.join().unwrap();
        assert_eq!((cell.seq(), cell.running()), (2, None));
    });
}

#[test]
fn the_end_that_is_told_is_that_of_the_poll_asked_for() {
    loom::model(|| {
        let cell = Arc::new(PollCell::new());
        let owner = Arc::clone(&cell);
        let polls = thread::spawn(move || {
            assert!(owner.begin(10, 1));
            owner.end(|| 15);
            assert!(owner.begin(20, 2));
            owner.end(|| 25);
        });
        if let Some(poll) = cell.running() {
            cell.want_end_of(poll.seq);
            if cell.seq() != poll.seq {
                let end = cell.take_end();
                let right = if poll.seq == 1 { 15 } else { 25 };
                assert!(
                    end.is_none_or(|end| end == right),
                    "{end:?} of {}",
                    poll.seq
                );
            }
        }
        polls.join().unwrap();
    });
}
