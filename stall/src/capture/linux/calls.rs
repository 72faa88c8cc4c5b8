//! Is an address one that a call returns to? By the instruction before it; decoded, not executed.

/// How many bytes before a return address matter.
pub(super) const LONGEST_CALL: usize = 8;

/// True if the code that ends with `before` ends with a call.
pub(super) fn ends_with_call(before: &[u8; LONGEST_CALL]) -> bool {
    #[cfg(target_arch = "x86_64")]
    return x86_64(before);
    #[cfg(target_arch = "aarch64")]
    return aarch64(before);
}

/// The function that the call named which returns to `return_address` and ends with `before`, should it name one, or a
/// place of its address, as for a function that the linker may put elsewhere: `word_at` reads it.
pub(super) fn called_from(
    before: &[u8; LONGEST_CALL],
    return_address: u64,
    word_at: impl FnOnce(u64) -> Option<u64>,
) -> Option<u64> {
    let [.., z, a, b, c, d, e] = *before;
    #[cfg(target_arch = "x86_64")]
    {
        let offset = i32::from_le_bytes([b, c, d, e]);
        let named = return_address.wrapping_add_signed(offset.into());
        match (z, a) {
            (_, 0xe8) => Some(named),
            (0xff, 0x15) => word_at(named),
            _ => None,
        }
    }
    #[cfg(target_arch = "aarch64")]
    {
        let _ = (z, a, word_at);
        let instruction = u32::from_le_bytes([b, c, d, e]);
        let is_direct = instruction & 0xfc00_0000 == 0x9400_0000;
        // 26 bits, in words, from the call itself.
        let offset = (instruction << 6).cast_signed() >> 4;
        is_direct.then(|| {
            return_address
                .wrapping_sub(4)
                .wrapping_add_signed(offset.into())
        })
    }
}

/// `CALL rel32` (E8) and `CALL r/m64` (FF /2), see Intel's Software Developer's Manual, volume 2, CALL and chapter 2.1.
#[cfg(any(test, target_arch = "x86_64"))]
fn x86_64(before: &[u8; LONGEST_CALL]) -> bool {
    let direct = before[LONGEST_CALL - 5] == 0xe8;
    direct || (2..=7).any(|length| is_indirect_call(&before[LONGEST_CALL - length..]))
}

#[cfg(any(test, target_arch = "x86_64"))]
fn is_indirect_call(code: &[u8]) -> bool {
    let [0xff, mod_rm, rest @ ..] = code else {
        return false;
    };
    let (mode, operation, base) = (mod_rm >> 6, mod_rm >> 3 & 7, mod_rm & 7);
    let has_sib = mode != 3 && base == 4;
    let displacement = match mode {
        0 if base == 5 => 4,
        0 if has_sib && rest.first().is_some_and(|sib| sib & 7 == 5) => 4,
        1 => 1,
        2 => 4,
        _ => 0,
    };
    operation == 2 && rest.len() == usize::from(has_sib) + displacement
}

/// `BL`, `BLR` and its variants with pointer authentication, see the Arm Architecture Reference Manual, C6.2.
#[cfg(any(test, target_arch = "aarch64"))]
fn aarch64(before: &[u8; LONGEST_CALL]) -> bool {
    let [.., a, b, c, d] = *before;
    let instruction = u32::from_le_bytes([a, b, c, d]);
    instruction & 0xfc00_0000 == 0x9400_0000
        || instruction & 0xffff_fc1f == 0xd63f_0000
        || instruction & 0xfeff_f800 == 0xd63f_0800
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ending_with(code: &[u8]) -> [u8; LONGEST_CALL] {
        let mut before = [0x90; LONGEST_CALL];
        before[LONGEST_CALL - code.len()..].copy_from_slice(code);
        before
    }

    #[test]
    fn knows_the_calls_of_x86_64() {
        let calls: [&[u8]; 8] = [
            &[0xe8, 0x10, 0x20, 0x30, 0x00],             // call +0x302010
            &[0xff, 0xd0],                               // call *%rax
            &[0x41, 0xff, 0xd4],                         // call *%r12
            &[0xff, 0x50, 0x18],                         // call *0x18(%rax)
            &[0xff, 0x15, 0x01, 0x02, 0x03, 0x00],       // call *0x30201(%rip)
            &[0xff, 0x54, 0x24, 0x08],                   // call *0x8(%rsp)
            &[0xff, 0x94, 0x24, 0x80, 0x00, 0x00, 0x00], // call *0x80(%rsp)
            &[0xff, 0x14, 0xc5, 0x00, 0x10, 0x40, 0x00], // call *0x401000(,%rax,8)
        ];
        for call in calls {
            assert!(x86_64(&ending_with(call)), "{call:02x?}");
        }
    }

    #[cfg(target_arch = "x86_64")]
    #[test]
    fn knows_what_a_call_calls_that_names_it() {
        let call = ending_with(&[0xe8, 0xf0, 0xff, 0xff, 0xff]);
        let word_at = |place| (place == 0x3010).then_some(0x7000);
        assert_eq!(called_from(&call, 0x1000, word_at), Some(0xff0));
        let by_table = ending_with(&[0xff, 0x15, 0x10, 0x20, 0, 0]);
        assert_eq!(called_from(&by_table, 0x1000, word_at), Some(0x7000));
        let by_register = ending_with(&[0xff, 0xd0]);
        assert_eq!(called_from(&by_register, 0x1000, word_at), None);
    }

    #[test]
    fn other_instructions_of_x86_64_are_no_calls() {
        let others: [&[u8]; 4] = [
            &[0xc3],                               // ret
            &[0xff, 0xe0],                         // jmp *%rax
            &[0xff, 0x25, 0x01, 0x02, 0x03, 0x00], // jmp *0x30201(%rip)
            &[0x48, 0x89, 0xe5],                   // mov %rsp,%rbp
        ];
        for other in others {
            assert!(!x86_64(&ending_with(other)), "{other:02x?}");
        }
    }

    #[test]
    fn knows_the_calls_of_aarch64() {
        for call in [0x9400_0123_u32, 0xd63f_0100, 0xd73f_0901] {
            assert!(aarch64(&ending_with(&call.to_le_bytes())), "{call:#x}");
        }
        // b, ret, nop
        for other in [0x1400_0123_u32, 0xd65f_03c0, 0xd503_201f] {
            assert!(!aarch64(&ending_with(&other.to_le_bytes())), "{other:#x}");
        }
    }
}
