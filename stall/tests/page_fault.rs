//! A page of memory that takes its time: its first reader waits in a page fault, by userfaultfd(2).

use std::fs::File;
use std::os::fd::{AsRawFd, FromRawFd};
use std::ptr;
use std::thread;
use std::time::Duration;

const PAGE: usize = 4096;
/// `UFFD_USER_MODE_ONLY`: needs no privilege.
const USER_MODE_ONLY: libc::c_int = 1;
/// `UFFDIO_API`, `UFFDIO_REGISTER`, `UFFDIO_ZEROPAGE`.
const API: libc::c_ulong = 0xc018_aa3f;
const REGISTER: libc::c_ulong = 0xc020_aa00;
const ZERO_PAGE: libc::c_ulong = 0xc020_aa04;
/// `UFFDIO_REGISTER_MODE_MISSING`.
const MISSING: u64 = 1;

/// One page; reading it waits.
pub(crate) struct SlowPage {
    address: *mut u8,
    faults: File,
    delay: Duration,
}

impl SlowPage {
    /// A page whose first reader waits for `delay`. `None` where the system does not allow that.
    pub(crate) fn new(delay: Duration) -> Option<Self> {
        // SAFETY: takes numbers only.
        let descriptor =
            unsafe { libc::syscall(libc::SYS_userfaultfd, libc::O_CLOEXEC | USER_MODE_ONLY) };
        if descriptor < 0 {
            return None;
        }
        // SAFETY: the kernel has just opened it for us.
        let faults = unsafe { File::from_raw_fd(descriptor as libc::c_int) };
        // SAFETY: asks for new memory wherever there is room.
        let address = unsafe {
            libc::mmap(
                ptr::null_mut(),
                PAGE,
                libc::PROT_READ,
                libc::MAP_PRIVATE | libc::MAP_ANONYMOUS,
                -1,
                0,
            )
        };
        assert_ne!(address, libc::MAP_FAILED);
        let page = Self {
            address: address.cast(),
            faults,
            delay,
        };
        page.control(API, &mut [0xaa, 0, 0])?;
        page.control(REGISTER, &mut [page.start(), PAGE as u64, MISSING, 0])?;
        Some(page)
    }

    /// Reads the page; another thread brings it after the delay.
    #[inline(never)]
    pub(crate) fn touch(&self) -> u8 {
        thread::scope(|threads| {
            threads.spawn(|| {
                thread::sleep(self.delay);
                self.control(ZERO_PAGE, &mut [self.start(), PAGE as u64, 0, 0])
            });
            // SAFETY: mapped for reading until `self` is dropped.
            unsafe { self.address.read_volatile() }
        })
    }

    fn start(&self) -> u64 {
        self.address.addr() as u64
    }

    fn control<const WORDS: usize>(
        &self,
        request: libc::c_ulong,
        words: &mut [u64; WORDS],
    ) -> Option<()> {
        // SAFETY: each request reads and writes a struct of that many 64-bit words, which outlives the call.
        let failed = unsafe { libc::ioctl(self.faults.as_raw_fd(), request as _, words) };
        (failed == 0).then_some(())
    }
}

// SAFETY: the page is only ever read, and the kernel lets any thread handle its faults.
unsafe impl Sync for SlowPage {}

impl Drop for SlowPage {
    fn drop(&mut self) {
        // SAFETY: the page was mapped by `new`, and nobody refers to it any more.
        unsafe { libc::munmap(self.address.cast(), PAGE) };
    }
}
