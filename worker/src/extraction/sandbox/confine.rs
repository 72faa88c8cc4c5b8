//! What an extraction process gives up before it sees a document: everything but computing and answering.

use std::collections::BTreeMap;
use std::io;

use libc::c_long;
use rustix::process::{
    DumpableBehavior, Resource, Rlimit, Signal, set_dumpable_behavior,
    set_parent_process_death_signal, setrlimit,
};
use seccompiler::{
    BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter,
    SeccompRule,
};
use thiserror::Error;

/// A step that the kernel refused.
#[derive(Debug, Error)]
pub(super) enum ConfineError {
    #[error("resource limits: {0}")]
    Limits(#[from] io::Error),
    #[error("seccomp: {0}")]
    Filter(#[from] seccompiler::BackendError),
    #[error("seccomp: {0}")]
    Install(#[from] seccompiler::Error),
}

/// Confines this process for good: it dies with the thread that started it, may use `memory` bytes more than it does
/// now, leaves no core file, opens nothing, and makes no system call but those of [`ALLOWED`].
pub(super) fn confine(memory: u64) -> Result<(), ConfineError> {
    let io_error = |error: rustix::io::Errno| ConfineError::Limits(error.into());
    set_parent_process_death_signal(Some(Signal::KILL)).map_err(io_error)?;
    set_dumpable_behavior(DumpableBehavior::NotDumpable).map_err(io_error)?;
    limit(Resource::As, memory.saturating_add(address_space()?))?;
    limit(Resource::Core, 0)?;
    limit(Resource::Fsize, 0)?;
    limit(Resource::Nofile, 0)?;
    // Sets PR_SET_NO_NEW_PRIVS as well.
    seccompiler::apply_filter(&filter()?)?;
    Ok(())
}

fn limit(resource: Resource, most: u64) -> io::Result<()> {
    let limit = Rlimit {
        current: Some(most),
        maximum: Some(most),
    };
    Ok(setrlimit(resource, limit)?)
}

/// Bytes of address space in use: the first number of `statm` counts pages (proc_pid_statm(5)).
fn address_space() -> io::Result<u64> {
    let statm = std::fs::read_to_string("/proc/self/statm")?;
    let pages = statm.split(' ').next().and_then(|pages| pages.parse().ok());
    let pages: u64 = pages.ok_or(io::ErrorKind::InvalidData)?;
    Ok(pages.saturating_mul(rustix::param::page_size() as u64))
}

/// What is left: reading requests, writing answers, memory without executable pages, time, and dying.
const ALLOWED: &[c_long] = &[
    libc::SYS_read,
    libc::SYS_readv,
    libc::SYS_pread64, // each source, from the beginning of the memory that it lies in
    libc::SYS_write,
    libc::SYS_writev,
    libc::SYS_close,
    libc::SYS_munmap,
    libc::SYS_mremap,
    libc::SYS_madvise,
    libc::SYS_brk,
    libc::SYS_futex,
    libc::SYS_clock_gettime,
    libc::SYS_getrandom,
    libc::SYS_sched_yield,
    libc::SYS_sigaltstack,
    libc::SYS_rt_sigaction,
    libc::SYS_rt_sigprocmask,
    libc::SYS_rt_sigreturn,
    libc::SYS_restart_syscall,
    libc::SYS_getpid,
    libc::SYS_gettid,
    libc::SYS_tgkill, // abort(3); there is no process but this one that it could reach with its rights
    libc::SYS_exit,
    libc::SYS_exit_group,
];

/// Everything else fails with EPERM, so that a library that tries to open a file goes on without it.
fn filter() -> Result<BpfProgram, seccompiler::BackendError> {
    let mut rules: BTreeMap<i64, Vec<SeccompRule>> =
        ALLOWED.iter().map(|call| (*call, Vec::new())).collect();
    for call in [libc::SYS_mmap, libc::SYS_mprotect] {
        rules.insert(call, vec![not_executable()?]);
    }
    let refuse = SeccompAction::Errno(libc::EPERM as u32);
    let target = std::env::consts::ARCH.try_into()?;
    SeccompFilter::new(rules, refuse, SeccompAction::Allow, target)?.try_into()
}

/// Both calls take the protection as their third argument.
fn not_executable() -> Result<SeccompRule, seccompiler::BackendError> {
    let executable = libc::PROT_EXEC as u64;
    let without = SeccompCondition::new(
        2,
        SeccompCmpArgLen::Dword,
        SeccompCmpOp::MaskedEq(executable),
        0,
    )?;
    SeccompRule::new(vec![without])
}
