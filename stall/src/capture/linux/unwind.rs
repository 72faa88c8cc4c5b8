//! Registers and a copy of the stack → return addresses, by the call frame information of the modules.

use std::time::{Duration, Instant};

use framehop::{FrameAddress, Unwinder as _};

use super::modules::{self, LoadedModule, Section};
use super::registers::{self, NativeCache, NativeRegisters, NativeUnwinder, Registers};

/// Modules are looked for at most this often: code without a module (a JIT's) would have it done for each stack.
const RELOAD_INTERVAL: Duration = Duration::from_secs(1);
/// Frames beyond this depth are cut off.
const MAX_FRAMES: usize = 512;
/// In place of a frame pointer that is not known: no stack lies there, so a rule that needs it fails.
pub(crate) const UNKNOWN: u64 = 8;

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

    /// Goes on outwards as far as the unwind rules lead, from code to code.
    pub(crate) fn follow(&mut self, walk: &mut Walk, stack: StackCopy<'_>) {
        while walk.addresses.len() < MAX_FRAMES {
            // A rule that fails half way may have changed some of them.
            let mut registers = walk.registers;
            let mut read_word = |address| stack.word(address).ok_or(());
            let caller = self.tables.unwind_frame(
                walk.frame,
                &mut registers,
                &mut self.cache,
                &mut read_word,
            );
            walk.ended = matches!(caller, Ok(None));
            let Some(caller) = caller
                .ok()
                .flatten()
                .and_then(FrameAddress::from_return_address)
            else {
                return;
            };
            self.know(caller.address());
            if !self.is_code(caller.address()) {
                return;
            }
            walk.registers = registers;
            walk.enter(caller);
        }
    }
}

/// A stack followed up to some frame.
#[derive(Clone)]
pub(crate) struct Walk {
    addresses: Vec<u64>,
    /// The outermost frame reached, and the registers there.
    frame: FrameAddress,
    registers: NativeRegisters,
    /// The rules say that it is the last one.
    ended: bool,
}

impl Walk {
    /// At the innermost frame.
    pub(crate) fn begin(registers: Registers) -> Self {
        let frame = FrameAddress::from_instruction_pointer(registers.pc);
        Self {
            addresses: vec![frame.address_for_lookup()],
            frame,
            registers: registers.for_unwinding(),
            ended: false,
        }
    }

    fn enter(&mut self, caller: FrameAddress) {
        self.addresses.push(caller.address_for_lookup());
        self.frame = caller;
    }

    /// True until the first frame has been left.
    pub(crate) fn is_innermost(&self) -> bool {
        self.addresses.len() == 1
    }

    /// The stack pointer in the outermost frame reached.
    pub(crate) fn sp(&self) -> u64 {
        self.registers.sp()
    }

    /// The same, should the frame pointer in the outermost frame reached be `fp`, and the link register `lr`.
    pub(crate) fn with_frame_pointer(&self, fp: u64, lr: u64) -> Self {
        let registers = Registers {
            pc: self.frame.address(),
            sp: self.sp(),
            fp,
            lr,
        };
        Self {
            registers: registers.for_unwinding(),
            ..self.clone()
        }
    }

    /// The caller of the outermost frame reached, should its return address lie just below `sp` and be `return_address`,
    /// and the frame pointer not have been changed since.
    pub(crate) fn returned(&self, return_address: u64, sp: u64) -> Option<Self> {
        let caller = FrameAddress::from_return_address(return_address)?;
        let registers = Registers {
            pc: return_address,
            sp,
            fp: registers::frame_pointer(&self.registers),
            lr: return_address,
        };
        let mut walk = Self {
            registers: registers.for_unwinding(),
            ..self.clone()
        };
        walk.enter(caller);
        Some(walk)
    }

    /// What was found, for a thread whose outermost function returns to `root` (0 if that is not known).
    pub(crate) fn unwound(self, root: u64) -> Unwound {
        // A return address is looked up one byte before itself, inside of the call.
        let complete = if root == 0 {
            self.ended
        } else {
            self.addresses.contains(&root.wrapping_sub(1))
        };
        Unwound {
            addresses: self.addresses,
            complete,
        }
    }
}
