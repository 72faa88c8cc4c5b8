//! The stack of a running thread: a signal makes the thread copy its registers and raw stack, nothing more.

use std::mem::MaybeUninit;
use std::ptr;
use std::sync::OnceLock;
use std::sync::atomic::Ordering::{AcqRel, Acquire, Relaxed, Release};
use std::sync::atomic::{AtomicPtr, AtomicU32, AtomicU64, AtomicUsize};
use std::thread;
use std::time::{Duration, Instant};

use super::registers::Registers;
use super::search;
use super::unwind::{StackCopy, Unwinder, Unwound};
use super::{Missed, STACK_COPY};
use crate::capture::RawStack;
use crate::report::CaptureMethod;
use crate::slot::ThreadSlot;

/// Ignored by default, and hardly used by anyone for its purpose (TCP urgent data).
const SIGNAL: libc::c_int = libc::SIGURG;
/// How long the thread has to answer: more than some time slices of a busy machine.
const ANSWER_LIMIT: Duration = Duration::from_millis(20);
const ANSWER_POLL: Duration = Duration::from_micros(20);
/// `want_seq` of a request that does not depend on a poll.
const ANY_POLL: u64 = u64::MAX;

/// States of a [`SignalCell`]. Only the watchdog leaves IDLE and returns to it; only the handler leaves REQUESTED
/// otherwise, and owns the cell and the buffer while COPYING.
mod state {
    pub(super) const IDLE: u32 = 0;
    pub(super) const REQUESTED: u32 = 1;
    pub(super) const COPYING: u32 = 2;
    pub(super) const COPIED: u32 = 3;
    pub(super) const OTHER_POLL: u32 = 4;
}

/// The slot whose thread is asked for its stack, null for none. The handler believes this, not what the signal says.
static REQUEST: AtomicPtr<ThreadSlot> = AtomicPtr::new(ptr::null_mut());
/// The handler that was installed before ours, and its flags.
static PREVIOUS: OnceLock<Option<(libc::sighandler_t, libc::c_int)>> = OnceLock::new();

/// Mailbox between the watchdog and the handler on the slot's thread.
#[derive(Debug)]
pub(crate) struct SignalCell {
    state: AtomicU32,
    want_seq: AtomicU64,
    buffer: AtomicPtr<u8>,
    pc: AtomicU64,
    sp: AtomicU64,
    fp: AtomicU64,
    lr: AtomicU64,
    length: AtomicUsize,
}

impl SignalCell {
    pub(crate) fn new() -> Self {
        Self {
            state: AtomicU32::new(state::IDLE),
            want_seq: AtomicU64::new(ANY_POLL),
            buffer: AtomicPtr::new(ptr::null_mut()),
            pc: AtomicU64::new(0),
            sp: AtomicU64::new(0),
            fp: AtomicU64::new(0),
            lr: AtomicU64::new(0),
            length: AtomicUsize::new(0),
        }
    }

    fn registers(&self) -> Registers {
        Registers {
            pc: self.pc.load(Relaxed),
            sp: self.sp.load(Relaxed),
            fp: self.fp.load(Relaxed),
            lr: self.lr.load(Relaxed),
        }
    }
}

/// Asks running threads for their stacks, one at a time.
pub(crate) struct Signaller {
    /// Where handlers copy to. Never freed: a handler may be copying when the process exits.
    buffer: *mut u8,
    installed: bool,
}

// SAFETY: `buffer` points to memory that is never freed and that only one thread reads at a time: the one that owns
// the `Signaller`, when the cell's state says that no handler writes to it.
unsafe impl Send for Signaller {}

impl Signaller {
    pub(crate) fn new() -> Self {
        Self {
            buffer: Box::leak(vec![0_u8; STACK_COPY].into_boxed_slice()).as_mut_ptr(),
            installed: install_handler(),
        }
    }

    /// The stack of the thread of `slot`, if it is (still) in the poll `seq` when it gets the signal.
    pub(super) fn take(
        &mut self,
        slot: &'static ThreadSlot,
        seq: Option<u64>,
        unwinder: &mut Unwinder,
    ) -> Result<RawStack, Missed> {
        if !self.installed {
            return Err(Missed::Failed);
        }
        let cell = &slot.signal;
        cell.want_seq.store(seq.unwrap_or(ANY_POLL), Relaxed);
        cell.buffer.store(self.buffer, Relaxed);
        REQUEST.store(ptr::from_ref(slot).cast_mut(), Release);
        cell.state.store(state::REQUESTED, Release);
        let answer = if queue_signal(slot.tid()) {
            await_answer(cell)
        } else {
            give_up(cell)
        };
        REQUEST.store(ptr::null_mut(), Release);
        cell.state.store(state::IDLE, Release);
        match answer {
            state::COPIED => Ok(self.unwind(slot, unwinder)),
            state::OTHER_POLL => Err(Missed::Moved),
            _ => Err(Missed::Failed),
        }
    }

    fn unwind(&self, slot: &ThreadSlot, unwinder: &mut Unwinder) -> RawStack {
        let registers = slot.signal.registers();
        let length = slot.signal.length.load(Relaxed).min(STACK_COPY);
        // SAFETY: the buffer is `STACK_COPY` bytes long, initialised at first and then written by the handler only, which
        // is done: the cell went to COPIED (Release) and this thread has seen it (Acquire).
        let bytes = unsafe { std::slice::from_raw_parts(self.buffer, length) };
        unwinder.know(registers.pc);
        let stack = StackCopy {
            base: registers.sp,
            bytes,
        };
        let Unwound {
            addresses,
            complete,
        } = search::unwind(unwinder, registers, stack, slot.stack_root());
        RawStack {
            addresses,
            method: CaptureMethod::Signal,
            complete,
            syscall: None,
        }
    }
}

/// Waits until the handler is done; returns the final state, IDLE if it never began.
fn await_answer(cell: &SignalCell) -> u32 {
    let asked = Instant::now();
    loop {
        match cell.state.load(Acquire) {
            answer @ (state::COPIED | state::OTHER_POLL) => return answer,
            state::REQUESTED if asked.elapsed() > ANSWER_LIMIT => return give_up(cell),
            _ => thread::sleep(ANSWER_POLL),
        }
    }
}

/// Takes the request back. If the handler has begun, waits for it: it needs microseconds of CPU, but may not have one.
fn give_up(cell: &SignalCell) -> u32 {
    loop {
        match cell
            .state
            .compare_exchange(state::REQUESTED, state::IDLE, AcqRel, Acquire)
        {
            Ok(_) => return state::IDLE,
            Err(state::COPYING) => thread::sleep(ANSWER_POLL),
            Err(answer) => return answer,
        }
    }
}

/// Sends the signal to one thread, marked as queued by this process.
fn queue_signal(tid: i32) -> bool {
    /// `siginfo_t` of rt_tgsigqueueinfo(2) on 64-bit systems.
    #[repr(C)]
    struct QueuedSignal {
        number: libc::c_int,
        errno: libc::c_int,
        code: libc::c_int,
        padding: libc::c_int,
        pid: libc::pid_t,
        uid: libc::uid_t,
        value: usize,
        rest: [u64; 12],
    }
    // SAFETY: takes no argument and cannot fail.
    let pid = unsafe { libc::getpid() };
    // SAFETY: takes no argument and cannot fail.
    let uid = unsafe { libc::getuid() };
    let signal = QueuedSignal {
        number: SIGNAL,
        errno: 0,
        code: libc::SI_QUEUE,
        padding: 0,
        pid,
        uid,
        value: 0,
        rest: [0; 12],
    };
    // SAFETY: the kernel reads 128 bytes, the size of `QueuedSignal`, which outlives the call. A thread that has ended
    // gives ESRCH; should its id belong to another thread by now, the handler there sees that it is not the one asked.
    let failed = unsafe {
        libc::syscall(
            libc::SYS_rt_tgsigqueueinfo,
            pid,
            tid,
            SIGNAL,
            &raw const signal,
        )
    };
    failed == 0
}

fn install_handler() -> bool {
    let mut action = MaybeUninit::<libc::sigaction>::zeroed();
    // SAFETY: all-zero bytes are a valid `sigaction`: integers and an optional function.
    let action = unsafe { action.assume_init_mut() };
    action.sa_sigaction = on_signal as *const () as libc::sighandler_t;
    action.sa_flags = libc::SA_SIGINFO | libc::SA_RESTART | libc::SA_ONSTACK;
    let mut previous = MaybeUninit::<libc::sigaction>::uninit();
    // SAFETY: `action` is filled in, `previous` outlives the call, and `on_signal` does only what a handler may do.
    if unsafe { libc::sigaction(SIGNAL, action, previous.as_mut_ptr()) } != 0 {
        return false;
    }
    // SAFETY: the call succeeded, so it filled `previous` in.
    let previous = unsafe { previous.assume_init() };
    let is_function = ![libc::SIG_DFL, libc::SIG_IGN].contains(&previous.sa_sigaction);
    PREVIOUS.get_or_init(|| is_function.then_some((previous.sa_sigaction, previous.sa_flags)));
    true
}

/// The handler. Async-signal-safe: atomics, a copy of memory, `gettid`; no allocation, no lock, no unwinding.
extern "C" fn on_signal(
    number: libc::c_int,
    info: *mut libc::siginfo_t,
    context: *mut libc::c_void,
) {
    // SAFETY: the C library gives each thread its own errno, valid for the thread's life.
    let errno = unsafe { libc::__errno_location() };
    // SAFETY: see above; this thread cannot access it in between.
    let saved = unsafe { errno.read() };
    if !answer_request(context) {
        chain(number, info, context);
    }
    // SAFETY: see above.
    unsafe { errno.write(saved) };
}

/// True if this signal was for us.
fn answer_request(context: *mut libc::c_void) -> bool {
    let slot = REQUEST.load(Acquire);
    // SAFETY: `REQUEST` is null or points to a slot, and slots are never freed.
    let Some(slot) = (unsafe { slot.as_ref() }) else {
        return false;
    };
    // SAFETY: takes no argument and cannot fail.
    if slot.tid() != unsafe { libc::gettid() } {
        return false;
    }
    let cell = &slot.signal;
    if cell
        .state
        .compare_exchange(state::REQUESTED, state::COPYING, Acquire, Relaxed)
        .is_err()
    {
        return false;
    }
    let want_seq = cell.want_seq.load(Relaxed);
    if want_seq != ANY_POLL && slot.seq() != want_seq {
        cell.state.store(state::OTHER_POLL, Release);
        return true;
    }
    // SAFETY: the kernel passes a `ucontext_t` to a handler installed with SA_SIGINFO, valid until the handler returns.
    let registers = Registers::of(unsafe { &*context.cast::<libc::ucontext_t>() });
    cell.pc.store(registers.pc, Relaxed);
    cell.sp.store(registers.sp, Relaxed);
    cell.fp.store(registers.fp, Relaxed);
    cell.lr.store(registers.lr, Relaxed);
    cell.length
        .store(copy_stack(cell, slot, registers.sp), Relaxed);
    cell.state.store(state::COPIED, Release);
    true
}

/// Copies the stack from `sp` to its end, or as much as fits. Returns the number of bytes.
fn copy_stack(cell: &SignalCell, slot: &ThreadSlot, sp: u64) -> usize {
    let length = slot.stack_end().saturating_sub(sp as usize).min(STACK_COPY);
    // An `sp` far below means that the thread runs on another stack than its own (a coroutine's): copy nothing.
    if slot.stack_end() == 0 || slot.stack_end() - length != sp as usize && length < STACK_COPY {
        return 0;
    }
    let source = ptr::with_exposed_provenance::<u8>(sp as usize);
    // SAFETY: this is the thread that owns the stack, interrupted at `sp`, so all bytes from `sp` to the end of the
    // stack (known from the C library) are mapped and nobody else writes them. The buffer is `STACK_COPY` bytes long,
    // and the state COPYING gives it to this handler alone. Bytes, initialised or not, are only copied.
    unsafe { ptr::copy_nonoverlapping(source, cell.buffer.load(Relaxed), length) };
    length
}

/// Calls the handler that was there before.
fn chain(number: libc::c_int, info: *mut libc::siginfo_t, context: *mut libc::c_void) {
    let Some(Some((handler, flags))) = PREVIOUS.get() else {
        return;
    };
    let handler = ptr::with_exposed_provenance::<()>(*handler);
    if flags & libc::SA_SIGINFO != 0 {
        type WithInfo = extern "C" fn(libc::c_int, *mut libc::siginfo_t, *mut libc::c_void);
        // SAFETY: `sigaction` reported this function as installed with SA_SIGINFO, so it has this signature.
        let handler = unsafe { std::mem::transmute::<*const (), WithInfo>(handler) };
        handler(number, info, context);
    } else {
        // SAFETY: `sigaction` reported this function as installed without SA_SIGINFO, so it has this signature.
        let handler =
            unsafe { std::mem::transmute::<*const (), extern "C" fn(libc::c_int)>(handler) };
        handler(number);
    }
}
