//! The stack of a sleeping thread, read from outside. The thread notices nothing: no signal, no EINTR.

use std::fs;
use std::io;

use super::registers::Registers;
use super::search;
use super::syscalls;
use super::unwind::{StackCopy, UNKNOWN, Unwinder, Unwound};
use super::{Missed, STACK_COPY};
use crate::capture::RawStack;
use crate::report::{CaptureMethod, PAGE_FAULT};
use crate::slot::ThreadSlot;

/// Reads stacks from outside.
pub(crate) struct Peeker {
    buffer: Vec<u8>,
}

impl Peeker {
    pub(crate) fn new() -> Self {
        Self {
            buffer: vec![0; STACK_COPY],
        }
    }

    /// The stack, if the thread slept in the same place before and after it was read (and in the poll `seq`).
    pub(super) fn take(
        &mut self,
        slot: &ThreadSlot,
        seq: Option<u64>,
        unwinder: &mut Unwinder,
    ) -> Result<RawStack, Missed> {
        let before = Asleep::read(slot.tid())?;
        let length = (slot.stack_end() as u64)
            .checked_sub(before.sp)
            .ok_or(Missed::Failed)?;
        let length = usize::try_from(length).map_or(STACK_COPY, |length| length.min(STACK_COPY));
        let copied =
            read_own_memory(before.sp, &mut self.buffer[..length]).map_err(|_| Missed::Failed)?;
        if Asleep::read(slot.tid())? != before || seq.is_some_and(|seq| slot.seq() != seq) {
            return Err(Missed::Moved);
        }
        let stack = StackCopy {
            base: before.sp,
            bytes: &self.buffer[..copied],
        };
        unwinder.know(before.pc);
        let registers = Registers {
            pc: before.pc,
            sp: before.sp,
            fp: UNKNOWN,
            lr: 0,
        };
        let Unwound {
            addresses,
            complete,
        } = search::unwind(unwinder, registers, stack, slot.stack_root());
        let syscall = before.number.map_or(PAGE_FAULT.to_owned(), syscalls::name);
        Ok(RawStack {
            addresses,
            method: CaptureMethod::Peek,
            complete,
            syscall: Some(syscall),
        })
    }
}

/// Where a sleeping thread is, from `/proc/self/task/TID/syscall`.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Asleep {
    /// The system call; `None` if it sleeps for another reason: a page fault.
    number: Option<i64>,
    arguments: Vec<u64>,
    sp: u64,
    pc: u64,
}

impl Asleep {
    fn read(tid: i32) -> Result<Self, Missed> {
        let text = fs::read_to_string(format!("/proc/self/task/{tid}/syscall"))
            .map_err(|_| Missed::Failed)?;
        if text.starts_with("running") {
            return Err(Missed::Moved);
        }
        Self::parse(&text).ok_or(Missed::Failed)
    }

    /// `number arg1 … arg6 sp pc`, or `-1 sp pc` outside of system calls; see proc_pid_syscall(5).
    fn parse(text: &str) -> Option<Self> {
        let mut fields = text.split_ascii_whitespace();
        let number: i64 = fields.next()?.parse().ok()?;
        let mut rest = fields
            .map(|field| u64::from_str_radix(field.trim_start_matches("0x"), 16))
            .collect::<Result<Vec<_>, _>>()
            .ok()?;
        let pc = rest.pop()?;
        let sp = rest.pop()?;
        (sp != 0).then_some(Self {
            number: (number >= 0).then_some(number),
            arguments: rest,
            sp,
            pc,
        })
    }
}

/// Copies this process's memory at `address` into `buffer`; returns how much could be read.
///
/// # Errors
///
/// If not even the first byte is mapped, or the system call is forbidden.
pub(super) fn read_own_memory(address: u64, buffer: &mut [u8]) -> io::Result<usize> {
    let local = libc::iovec {
        iov_base: buffer.as_mut_ptr().cast(),
        iov_len: buffer.len(),
    };
    let remote = libc::iovec {
        iov_base: std::ptr::with_exposed_provenance_mut(address as usize),
        iov_len: buffer.len(),
    };
    // SAFETY: takes no argument and cannot fail.
    let pid = unsafe { libc::getpid() };
    // SAFETY: the kernel writes at most `iov_len` bytes into `buffer`, which is borrowed mutably for the call. The source
    // is only read, by the kernel, which checks it: an unmapped page ends the copy. Another thread may change these
    // bytes meanwhile; they are plain bytes to us and are thrown away if the thread has moved.
    let read = unsafe { libc::process_vm_readv(pid, &raw const local, 1, &raw const remote, 1, 0) };
    usize::try_from(read).map_err(|_| io::Error::last_os_error())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_a_system_call_line() {
        let asleep =
            Asleep::parse("230 0x1 0x0 0x7f01 0x7f02 0x0 0x0 0x7ffd10 0x7f34c0\n").expect("a line");
        assert_eq!(
            (asleep.number, asleep.sp, asleep.pc, asleep.arguments.len()),
            (Some(230), 0x7ffd10, 0x7f34c0, 6)
        );
    }

    #[test]
    fn reads_a_page_fault_line() {
        let asleep = Asleep::parse("-1 0x7ffd10 0x7f34c0\n").expect("a line");
        assert_eq!((asleep.number, asleep.sp), (None, 0x7ffd10));
    }

    #[test]
    fn a_kernel_thread_or_nonsense_gives_nothing() {
        assert_eq!(Asleep::parse("0\n"), None);
        assert_eq!(Asleep::parse("202 0x0 zz 0x1\n"), None);
    }

    #[test]
    fn unmapped_memory_is_an_error_not_a_crash() {
        assert!(read_own_memory(8, &mut [0; 8]).is_err());
    }
}
