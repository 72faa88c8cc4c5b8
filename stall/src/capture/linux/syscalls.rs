//! Names of the system calls in which a thread sleeps.

macro_rules! name_table {
    ($number:expr; $($constant:ident => $name:literal),+ $(,)?) => {
        match $number { $(libc::$constant => Some($name),)+ _ => None }
    };
}

/// The name of a system call, or its number as text if it is not one that usually sleeps.
pub(crate) fn name(number: i64) -> String {
    common(number)
        .or_else(|| older(number))
        .map_or_else(|| format!("syscall {number}"), str::to_owned)
}

fn common(number: i64) -> Option<&'static str> {
    name_table!(number;
        SYS_accept => "accept", SYS_accept4 => "accept4", SYS_clock_nanosleep => "clock_nanosleep",
        SYS_clone => "clone", SYS_clone3 => "clone3", SYS_connect => "connect", SYS_copy_file_range => "copy_file_range", SYS_epoll_pwait => "epoll_pwait",
        SYS_fallocate => "fallocate", SYS_fdatasync => "fdatasync", SYS_flock => "flock", SYS_fsync => "fsync",
        SYS_ftruncate => "ftruncate", SYS_futex => "futex", SYS_getdents64 => "getdents64", SYS_ioctl => "ioctl",
        SYS_linkat => "linkat", SYS_madvise => "madvise", SYS_mkdirat => "mkdirat", SYS_mmap => "mmap",
        SYS_mprotect => "mprotect", SYS_munmap => "munmap", SYS_nanosleep => "nanosleep", SYS_openat => "openat",
        SYS_ppoll => "ppoll", SYS_pread64 => "pread64", SYS_preadv => "preadv", SYS_pselect6 => "pselect6",
        SYS_pwrite64 => "pwrite64", SYS_pwritev => "pwritev", SYS_read => "read", SYS_readv => "readv",
        SYS_recvfrom => "recvfrom", SYS_recvmmsg => "recvmmsg", SYS_recvmsg => "recvmsg", SYS_renameat2 => "renameat2",
        SYS_sendfile => "sendfile", SYS_sendmsg => "sendmsg", SYS_sendto => "sendto", SYS_statx => "statx",
        SYS_sync_file_range => "sync_file_range", SYS_unlinkat => "unlinkat", SYS_wait4 => "wait4",
        SYS_waitid => "waitid", SYS_write => "write", SYS_writev => "writev", SYS_fcntl => "fcntl",
        SYS_rt_sigtimedwait => "rt_sigtimedwait", SYS_sched_yield => "sched_yield", SYS_newfstatat => "newfstatat",
    )
}

/// Calls that only x86_64 still has.
#[cfg(target_arch = "x86_64")]
fn older(number: i64) -> Option<&'static str> {
    name_table!(number;
        SYS_open => "open", SYS_stat => "stat", SYS_lstat => "lstat", SYS_poll => "poll", SYS_select => "select",
        SYS_epoll_wait => "epoll_wait", SYS_rename => "rename", SYS_unlink => "unlink", SYS_mkdir => "mkdir",
        SYS_rmdir => "rmdir", SYS_link => "link", SYS_pause => "pause", SYS_vfork => "vfork", SYS_fork => "fork",
    )
}

#[cfg(not(target_arch = "x86_64"))]
fn older(_number: i64) -> Option<&'static str> {
    None
}

#[cfg(test)]
mod tests {
    #[test]
    fn knows_names_and_falls_back_to_numbers() {
        assert_eq!(super::name(libc::SYS_futex), "futex");
        assert_eq!(super::name(99_999), "syscall 99999");
    }
}
