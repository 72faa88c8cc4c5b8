//! The three or four registers that unwinding starts from, on each architecture.

/// Where a thread was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Registers {
    /// Program counter.
    pub(crate) pc: u64,
    /// Stack pointer.
    pub(crate) sp: u64,
    /// Frame pointer: rbp, x29.
    pub(crate) fp: u64,
    /// Link register, x30; 0 on x86_64, which has none.
    pub(crate) lr: u64,
}

impl Registers {
    /// Of a thread interrupted by a signal.
    #[cfg(target_arch = "x86_64")]
    pub(crate) fn of(context: &libc::ucontext_t) -> Self {
        let register =
            |index: libc::c_int| context.uc_mcontext.gregs[index as usize].cast_unsigned();
        Self {
            pc: register(libc::REG_RIP),
            sp: register(libc::REG_RSP),
            fp: register(libc::REG_RBP),
            lr: 0,
        }
    }

    /// Of a thread interrupted by a signal.
    #[cfg(target_arch = "aarch64")]
    pub(crate) fn of(context: &libc::ucontext_t) -> Self {
        let machine = &context.uc_mcontext;
        Self {
            pc: machine.pc,
            sp: machine.sp,
            fp: machine.regs[29],
            lr: machine.regs[30],
        }
    }

    /// As the unwinder takes them.
    #[cfg(target_arch = "x86_64")]
    pub(crate) fn for_unwinding(self) -> framehop::x86_64::UnwindRegsX86_64 {
        framehop::x86_64::UnwindRegsX86_64::new(self.pc, self.sp, self.fp)
    }

    /// As the unwinder takes them.
    #[cfg(target_arch = "aarch64")]
    pub(crate) fn for_unwinding(self) -> framehop::aarch64::UnwindRegsAarch64 {
        framehop::aarch64::UnwindRegsAarch64::new(self.lr, self.sp, self.fp)
    }
}

/// rbp.
#[cfg(target_arch = "x86_64")]
pub(crate) fn frame_pointer(registers: &NativeRegisters) -> u64 {
    registers.bp()
}

/// x29.
#[cfg(target_arch = "aarch64")]
pub(crate) fn frame_pointer(registers: &NativeRegisters) -> u64 {
    registers.fp()
}

#[cfg(target_arch = "x86_64")]
pub(crate) type NativeRegisters = framehop::x86_64::UnwindRegsX86_64;
#[cfg(target_arch = "aarch64")]
pub(crate) type NativeRegisters = framehop::aarch64::UnwindRegsAarch64;
#[cfg(target_arch = "x86_64")]
pub(crate) type NativeUnwinder<D> = framehop::x86_64::UnwinderX86_64<D>;
#[cfg(target_arch = "x86_64")]
pub(crate) type NativeCache = framehop::x86_64::CacheX86_64;
#[cfg(target_arch = "aarch64")]
pub(crate) type NativeUnwinder<D> = framehop::aarch64::UnwinderAarch64<D>;
#[cfg(target_arch = "aarch64")]
pub(crate) type NativeCache = framehop::aarch64::CacheAarch64;
