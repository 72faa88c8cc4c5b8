//! The allocator of every program that links this crate.

use mimalloc::MiMalloc;

/// An event loop must not wait for a lock: glibc's arenas are shared between threads, and under load the loop stood in
/// `malloc` for up to 75 ms while a thread that was extracting held one.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

/// Has this process, and those that it starts, do without transparent huge pages (prctl(2), `PR_SET_THP_DISABLE`), which
/// the allocator asks for: the first touch of one clears 2 MiB, on an event loop as elsewhere, and a service of many
/// threads uses little of each. Without them the API under 500 uploads takes 170 MiB in place of 245, and a job no more
/// CPU. A kernel that has none is as good.
pub fn refuse_huge_pages() {
    #[cfg(target_os = "linux")]
    let _kernel_without_them = rustix::thread::disable_transparent_huge_pages(true);
}
