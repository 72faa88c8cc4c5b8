//! The allocator of every program that links this crate.

use mimalloc::MiMalloc;

/// An event loop must not wait for a lock: glibc's arenas are shared between threads, and under load the loop stood in
/// `malloc` for up to 75 ms while a thread that was extracting held one.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;
