//! Unwinding where rules or registers are missing: by trying.
//!
//! The rules of some frames rest on the frame pointer, which the kernel does not show of a sleeping thread. There, each
//! place further out on the stack that may hold a frame record (saved frame pointer, return address) is tried in its
//! place, innermost first; the right one leads to the thread's first function. A function without any unwind rules, as
//! in a C library built without them, has no such record: its return address may be any that a call left there, but most
//! likely that of a call to this very function.

use super::calls::{LONGEST_CALL, called_from, ends_with_call};
use super::peek::read_own_memory;
use super::registers::Registers;
use super::unwind::{StackCopy, Unwinder, Unwound, Walk};

/// How much of the stack is searched for a return address.
const SEARCHED: u64 = 32 * 1024;
/// Places that are tried for a frame pointer.
const FRAME_POINTERS: usize = 64;
/// Places that are tried for the return address of a function without rules, which are short ones.
const RETURN_ADDRESSES: usize = 16;
const SHORT_FUNCTION: u64 = 1024;

/// Follows the stack outwards from `registers`, whose frame pointer may be [`UNKNOWN`](super::unwind::UNKNOWN), to the
/// function at `root`; 0 if that is not known either.
pub(super) fn unwind(
    unwinder: &mut Unwinder,
    registers: Registers,
    stack: StackCopy<'_>,
    root: u64,
) -> Unwound {
    let mut search = Search {
        unwinder,
        stack,
        root,
        best: Unwound {
            addresses: Vec::new(),
            complete: false,
        },
    };
    let mut walk = Walk::begin(registers);
    let _arrived = search.follow(&mut walk)
        || walk.is_innermost() && search.try_return_addresses(&walk, registers.pc)
        || search.try_frame_pointers(&walk);
    search.best
}

struct Search<'a> {
    unwinder: &'a mut Unwinder,
    stack: StackCopy<'a>,
    root: u64,
    best: Unwound,
}

impl Search<'_> {
    /// Follows a walk as far as it goes, and keeps it if it is the best. True if it leads to the thread's first function.
    /// Without a known root a wrong guess may end early by chance; the right one goes furthest.
    fn follow(&mut self, walk: &mut Walk) -> bool {
        self.unwinder.follow(walk, self.stack);
        let found = walk.clone().unwound(self.root);
        let arrived = found.complete && self.root != 0;
        let rank = |found: &Unwound| (found.complete, found.addresses.len());
        if rank(&found) > rank(&self.best) {
            self.best = found;
        }
        arrived
    }

    /// For a frame whose rule rests on the frame pointer. What it saved of that is right for all frames further out.
    fn try_frame_pointers(&mut self, walk: &Walk) -> bool {
        // On aarch64 the innermost function may have kept its return address in the link register only; the record's is
        // then that of its caller's caller, which loses one frame but finds the way.
        self.places(walk.sp(), FRAME_POINTERS).iter().any(|place| {
            let mut walk = walk.with_frame_pointer(place.address, place.return_address);
            self.follow(&mut walk)
        })
    }

    /// For a function without rules, at `pc`, whose caller may also rest on the frame pointer.
    fn try_return_addresses(&mut self, walk: &Walk, pc: u64) -> bool {
        // The first word may already be it.
        let mut places = self.places(walk.sp().saturating_sub(8), RETURN_ADDRESSES);
        places.sort_by_key(|place| way_into(place.called, pc));
        places.iter().any(|place| {
            let returned = walk.returned(place.return_address, place.address + 16);
            returned
                .is_some_and(|mut walk| self.follow(&mut walk) || self.try_frame_pointers(&walk))
        })
    }

    /// Where a frame record may lie from `start` on, the innermost first. The saved frame pointer in it may be anything: a
    /// caller without one uses the register for other things.
    fn places(&self, start: u64, most: usize) -> Vec<Place> {
        (start..start.saturating_add(SEARCHED))
            .step_by(8)
            .map_while(|address| Some((address, self.stack.word(address + 8)?)))
            .filter(|(_, word)| self.unwinder.is_code(*word))
            .filter_map(|(address, word)| Place::new(address, word))
            .take(most)
            .collect()
    }
}

/// How far `pc` is into the function that was called; the most if it is not in it. Of several calls to what may be the
/// function of `pc`, as its beginning is not known, the one to the nearest beginning is the likeliest.
fn way_into(called: Option<u64>, pc: u64) -> u64 {
    called
        .and_then(|start| pc.checked_sub(start))
        .filter(|offset| *offset < SHORT_FUNCTION)
        .unwrap_or(u64::MAX)
}

/// Two words on the stack: any, and an address that a call returns to.
struct Place {
    address: u64,
    return_address: u64,
    /// The function that was called, if the call names it.
    called: Option<u64>,
}

impl Place {
    /// `None` for an address of code that no call returns to: a pointer to a function, or chance.
    fn new(address: u64, return_address: u64) -> Option<Self> {
        let mut before = [0; LONGEST_CALL];
        let start = return_address.wrapping_sub(LONGEST_CALL as u64);
        // At the edge of what may be read nothing speaks against it.
        let is_known = matches!(read_own_memory(start, &mut before), Ok(LONGEST_CALL));
        (!is_known || ends_with_call(&before)).then(|| Self {
            address,
            return_address,
            called: called_from(&before, return_address, word_at).filter(|_| is_known),
        })
    }
}

fn word_at(address: u64) -> Option<u64> {
    let mut word = [0; size_of::<u64>()];
    let is_known = matches!(read_own_memory(address, &mut word), Ok(n) if n == word.len());
    is_known.then(|| u64::from_ne_bytes(word))
}

#[cfg(all(test, target_arch = "x86_64", not(miri)))]
mod tests {
    use std::io::{PipeReader, PipeWriter, Write};
    use std::os::fd::AsRawFd;
    use std::sync::mpsc;
    use std::thread;

    use super::*;
    use crate::capture::linux::peek::Peeker;
    use crate::slot;

    // read(2) as a C library without unwind tables has it.
    std::arch::global_asm!(
        "stall_read_without_unwind_rules:",
        "sub rsp, 40",
        "xor eax, eax",
        "syscall",
        "add rsp, 40",
        "ret",
    );

    unsafe extern "C" {
        fn stall_read_without_unwind_rules(fd: i32, buffer: *mut u8, length: usize) -> isize;
    }

    #[repr(align(64))]
    struct Aligned([u8; 64]);

    /// More alignment than a stack has by itself makes a function use the frame pointer in any build.
    #[inline(never)]
    fn reads_into_aligned_memory(pipe: &PipeReader) -> u8 {
        let mut buffer = Aligned([0; 64]);
        let start = std::hint::black_box(buffer.0.as_mut_ptr());
        // SAFETY: `read(2)` of one byte into a buffer of 64 that outlives the call; it follows the C calling convention.
        let read = unsafe { stall_read_without_unwind_rules(pipe.as_raw_fd(), start, 1) };
        assert_eq!(read, 1);
        std::hint::black_box(&buffer).0[0]
    }

    #[test]
    fn of_two_calls_the_one_to_the_nearer_function_is_likelier() {
        let before = way_into(Some(0x1000), 0x1090);
        let itself = way_into(Some(0x1080), 0x1090);
        let unknown = [None, Some(0x2000), Some(0)].map(|called| way_into(called, 0x1090));
        assert!(itself < before && unknown.iter().all(|way| before < *way));
    }

    #[test]
    fn finds_the_way_out_of_a_function_without_unwind_rules() {
        let (pipe, mut end): (PipeReader, PipeWriter) = std::io::pipe().expect("a pipe");
        let (tell, told) = mpsc::channel();
        let sleeper = thread::spawn(move || {
            tell.send(slot::current().expect("a living thread"))
                .expect("the test waits");
            reads_into_aligned_memory(&pipe)
        });
        let slot = told.recv().expect("it lives");
        let (mut peeker, mut unwinder) = (Peeker::new(), Unwinder::load());
        let stack = loop {
            match peeker.take(slot, None, &mut unwinder) {
                Ok(stack) if stack.syscall.as_deref() == Some("read") => break stack,
                _ => thread::yield_now(),
            }
        };
        end.write_all(&[7]).expect("the reader lives");
        assert_eq!(sleeper.join().expect("no panic"), 7);
        assert!(stack.complete, "{:x?}", stack.addresses);
        let caller = reads_into_aligned_memory as *const () as u64;
        assert!((caller..caller + 512).contains(&stack.addresses[1]));
    }
}
