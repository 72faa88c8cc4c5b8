//! What the operating system says about a thread: id, stack, CPU clock. Linux; zeros elsewhere.

/// The calling thread as the kernel and the C library know it.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Thread {
    pub(crate) tid: i32,
    /// The clock that counts this thread's CPU time, for `clock_gettime` from any thread.
    pub(crate) cpu_clock: i32,
    /// One past the highest address of the stack.
    pub(crate) stack_end: usize,
    /// Return address of the outermost frame: every complete stack of this thread contains it. 0 if unknown.
    pub(crate) stack_root: u64,
}

#[cfg(target_os = "linux")]
pub(crate) use linux::{cpu_time_ns, own_cpu_time_ns, own_sleeps, run_promptly, this_thread};

#[cfg(not(target_os = "linux"))]
pub(crate) use elsewhere::{cpu_time_ns, own_cpu_time_ns, own_sleeps, run_promptly, this_thread};

#[cfg(target_os = "linux")]
mod linux {
    use std::mem::MaybeUninit;
    use std::ptr;

    use super::Thread;

    /// Identifies the calling thread.
    pub(crate) fn this_thread() -> Thread {
        // SAFETY: takes no argument and cannot fail.
        let tid = unsafe { libc::gettid() };
        let mut cpu_clock = 0;
        // SAFETY: takes no argument; the handle is that of the calling, hence living, thread.
        let this = unsafe { libc::pthread_self() };
        // SAFETY: `this` is a living thread and `cpu_clock` outlives the call.
        let failed = unsafe { libc::pthread_getcpuclockid(this, &raw mut cpu_clock) };
        let cpu_clock = if failed == 0 {
            cpu_clock
        } else {
            libc::CLOCK_MONOTONIC
        };
        Thread {
            tid,
            cpu_clock,
            stack_end: stack_end(this),
            stack_root: stack_root(),
        }
    }

    /// Walks this thread's own stack once, by the unwinder that the standard library brings for panics.
    fn stack_root() -> u64 {
        type OnFrame = extern "C" fn(*mut libc::c_void, *mut libc::c_void) -> libc::c_int;
        unsafe extern "C" {
            // The interface of the Itanium C++ ABI, chapter 1.3, and its common extension by GCC.
            fn _Unwind_Backtrace(on_frame: OnFrame, argument: *mut libc::c_void) -> libc::c_int;
            fn _Unwind_GetIP(context: *mut libc::c_void) -> usize;
        }
        extern "C" fn keep_last(
            context: *mut libc::c_void,
            last: *mut libc::c_void,
        ) -> libc::c_int {
            // SAFETY: the unwinder passes the context of the current frame.
            let address = unsafe { _Unwind_GetIP(context) };
            if address != 0 {
                // SAFETY: `last` is the pointer that `stack_root` gave, to a variable that outlives the walk.
                unsafe { last.cast::<u64>().write(address as u64) };
            }
            0
        }
        let mut last = 0_u64;
        // SAFETY: `keep_last` does not unwind, and `last` is a `u64` that outlives the call.
        unsafe { _Unwind_Backtrace(keep_last, (&raw mut last).cast()) };
        last
    }

    fn stack_end(this: libc::pthread_t) -> usize {
        let mut attributes = MaybeUninit::<libc::pthread_attr_t>::uninit();
        // SAFETY: `this` is the calling thread; on success the call initialises `attributes`.
        if unsafe { libc::pthread_getattr_np(this, attributes.as_mut_ptr()) } != 0 {
            return 0;
        }
        let (mut base, mut size) = (ptr::null_mut(), 0);
        // SAFETY: `attributes` was initialised above; both outputs outlive the call.
        let failed = unsafe {
            libc::pthread_attr_getstack(attributes.as_ptr(), &raw mut base, &raw mut size)
        };
        // SAFETY: initialised above and not used after this.
        unsafe { libc::pthread_attr_destroy(attributes.as_mut_ptr()) };
        if failed == 0 { base.addr() + size } else { 0 }
    }

    /// CPU time that the owner of `clock` has used, `None` once that thread is gone.
    pub(crate) fn cpu_time_ns(clock: i32) -> Option<u64> {
        let mut time = libc::timespec {
            tv_sec: 0,
            tv_nsec: 0,
        };
        // SAFETY: any clock id is allowed (a stale one gives EINVAL); `time` outlives the call.
        let failed = unsafe { libc::clock_gettime(clock, &raw mut time) };
        let seconds = u64::try_from(time.tv_sec).ok()?;
        let nanos = u64::try_from(time.tv_nsec).ok()?;
        (failed == 0).then(|| seconds * 1_000_000_000 + nanos)
    }

    /// CPU time that the calling thread has used.
    pub(crate) fn own_cpu_time_ns() -> u64 {
        cpu_time_ns(libc::CLOCK_THREAD_CPUTIME_ID).unwrap_or(0)
    }

    /// How often the calling thread has gone to sleep by itself.
    pub(crate) fn own_sleeps() -> u64 {
        let mut usage = MaybeUninit::<libc::rusage>::zeroed();
        // SAFETY: the kernel fills in `usage`, which outlives the call.
        unsafe { libc::getrusage(libc::RUSAGE_THREAD, usage.as_mut_ptr()) };
        // SAFETY: all-zero bytes are a valid `rusage`: integers.
        let usage = unsafe { usage.assume_init() };
        u64::try_from(usage.ru_nvcsw).unwrap_or(0)
    }

    /// Lets the calling thread, which runs shortly and seldom, get a CPU as soon as it wakes on a busy machine: the lowest
    /// real-time priority where that is allowed (CAP_SYS_NICE), as a nice value counts only among the threads of its own
    /// session or control group. Else the shortest time slice of the normal scheduling class, which needs no privilege
    /// (Linux 6.12 and later; no effect before).
    pub(crate) fn run_promptly() {
        const SLICE_NS: u64 = 100_000;
        const TIMER_SLACK_NS: libc::c_ulong = 10_000;
        // SAFETY: takes numbers only, and is about the calling thread: its timers may be late by this many nanoseconds.
        unsafe { libc::prctl(libc::PR_SET_TIMERSLACK, TIMER_SLACK_NS) };
        let real_time = SchedAttr {
            sched_policy: libc::SCHED_RR as u32,
            // A thread or process started by this one is a normal one.
            sched_flags: libc::SCHED_FLAG_RESET_ON_FORK as u64,
            sched_priority: 1,
            ..SchedAttr::default()
        };
        if set_own_scheduling(&real_time) {
            return;
        }
        // SAFETY: 0 is the calling thread, which exists.
        let nice = unsafe { libc::getpriority(libc::PRIO_PROCESS, 0) };
        set_own_scheduling(&SchedAttr {
            sched_nice: nice,
            sched_runtime: SLICE_NS,
            ..SchedAttr::default()
        });
    }

    /// False if that is not allowed; then nothing has changed.
    fn set_own_scheduling(attributes: &SchedAttr) -> bool {
        // SAFETY: pid 0 is the calling thread; the kernel reads `size` bytes of a struct that outlives the call.
        unsafe { libc::syscall(libc::SYS_sched_setattr, 0, ptr::from_ref(attributes), 0) == 0 }
    }

    /// `struct sched_attr` of sched_setattr(2), first published version.
    #[repr(C)]
    struct SchedAttr {
        size: u32,
        sched_policy: u32,
        sched_flags: u64,
        sched_nice: i32,
        sched_priority: u32,
        sched_runtime: u64,
        sched_deadline: u64,
        sched_period: u64,
    }

    impl Default for SchedAttr {
        fn default() -> Self {
            Self {
                size: size_of::<Self>() as u32,
                sched_policy: libc::SCHED_OTHER as u32,
                sched_flags: 0,
                sched_nice: 0,
                sched_priority: 0,
                sched_runtime: 0,
                sched_deadline: 0,
                sched_period: 0,
            }
        }
    }
}

#[cfg(not(target_os = "linux"))]
mod elsewhere {
    use super::Thread;

    pub(crate) fn this_thread() -> Thread {
        Thread::default()
    }

    pub(crate) fn cpu_time_ns(_clock: i32) -> Option<u64> {
        None
    }

    pub(crate) fn own_cpu_time_ns() -> u64 {
        0
    }

    pub(crate) fn own_sleeps() -> u64 {
        0
    }

    pub(crate) fn run_promptly() {}
}
