//! Registers and a copy of the stack → return addresses, by the call frame information of the modules.

use std::time::{Duration, Instant};

use framehop::Unwinder as _;

use super::modules::{self, LoadedModule, Section};
use super::registers::{NativeCache, NativeUnwinder, Registers};

/// Modules are looked for at most this often: code without a module (a JIT's) would have it done for each stack.
const RELOAD_INTERVAL: Duration = Duration::from_secs(1);
/// Frames beyond this depth are cut off.
const MAX_FRAMES: usize = 512;

/// A copied stack: the bytes from `base` upwards.
#[derive(Clone, Copy)]
pub(crate) struct StackCopy<'a> {
    pub(crate) base: u64,
    pub(crate) bytes: &'a [u8],
}

impl StackCopy<'_> {
    /// The 8 bytes at `address`, if they were copied.
    pub(crate) fn word(&self, address: u64) -> Option<u64> {
        let offset = usize::try_from(address.checked_sub(self.base)?).ok()?;
        let bytes = self.bytes.get(offset..offset.checked_add(8)?)?;
        Some(u64::from_ne_bytes(bytes.try_into().ok()?))
    }
}

/// The addresses found, and whether the thread's first function was reached.
pub(crate) struct Unwound {
    pub(crate) addresses: Vec<u64>,
    pub(crate) complete: bool,
}

/// The unwind tables of this process.
pub(crate) struct Unwinder {
    tables: NativeUnwinder<Section>,
    cache: NativeCache,
    modules: Vec<LoadedModule>,
    loaded: Instant,
}

impl Unwinder {
    /// Reads the tables of all modules mapped now.
    pub(crate) fn load() -> Self {
        let modules = modules::loaded();
        let mut tables = NativeUnwinder::new();
        for module in modules.iter().filter_map(LoadedModule::for_unwinding) {
            tables.add_module(module);
        }
        Self {
            tables,
            cache: NativeCache::new(),
            modules,
            loaded: Instant::now(),
        }
    }

    /// Reads the tables anew if `pc` lies in no known module: a library was loaded since.
    pub(crate) fn know(&mut self, pc: u64) {
        if !self.is_code(pc) && self.loaded.elapsed() > RELOAD_INTERVAL {
            *self = Self::load();
        }
    }

    /// True if `address` lies in the code of a known module.
    pub(crate) fn is_code(&self, address: u64) -> bool {
        self.modules
            .iter()
            .any(|module| module.code.contains(&address))
    }

    /// Follows the stack outwards from `registers`, to the function at `root` if that is known (not 0).
    pub(crate) fn unwind(
        &mut self,
        registers: Registers,
        stack: StackCopy<'_>,
        root: u64,
    ) -> Unwound {
        let mut read_word = |address| stack.word(address).ok_or(());
        let mut frames = self.tables.iter_frames(
            registers.pc,
            registers.for_unwinding(),
            &mut self.cache,
            &mut read_word,
        );
        let mut addresses = Vec::with_capacity(64);
        let ended = loop {
            match frames.next() {
                Ok(Some(frame)) if addresses.len() < MAX_FRAMES => {
                    addresses.push(frame.address_for_lookup())
                }
                Ok(None) => break true,
                Ok(Some(_)) | Err(_) => break false,
            }
        };
        // A return address is looked up one byte before itself, inside of the call.
        let complete = if root == 0 {
            ended
        } else {
            addresses.contains(&root.wrapping_sub(1))
        };
        Unwound {
            addresses,
            complete,
        }
    }
}
