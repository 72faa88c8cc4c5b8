//! Stack → 16 hex digits that stay the same when the same functions stall again.

use super::Frame;

/// How many of the innermost frames count: enough to tell call paths apart, few enough to survive recursion.
const FRAMES: usize = 12;

/// Hashes the functions, not the lines: two samples of one loop are the same stall. FNV-1a, 64 bits.
pub(crate) fn fingerprint(user_frames: &[Frame], frames: &[Frame]) -> String {
    let stack = if user_frames.is_empty() {
        frames
    } else {
        user_frames
    };
    if stack.is_empty() {
        return String::new();
    }
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    for frame in stack.iter().take(FRAMES) {
        for byte in frame.function.bytes().chain([0]) {
            hash = (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        }
    }
    format!("{hash:016x}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(function: &str, line: u32) -> Frame {
        Frame {
            function: function.into(),
            file: None,
            line: Some(line),
            inlined: false,
            module: None,
            address: 0,
        }
    }

    #[test]
    fn the_same_functions_at_other_lines_are_the_same_stall() {
        assert_eq!(
            fingerprint(&[frame("a", 1), frame("b", 2)], &[]),
            fingerprint(&[frame("a", 9), frame("b", 2)], &[])
        );
    }

    #[test]
    fn other_functions_or_another_order_are_another_stall() {
        let one = fingerprint(&[frame("a", 1), frame("b", 2)], &[]);
        assert_ne!(one, fingerprint(&[frame("b", 1), frame("a", 2)], &[]));
        assert_ne!(one, fingerprint(&[frame("ab", 1)], &[]));
    }

    #[test]
    fn no_stack_has_no_fingerprint() {
        assert_eq!(fingerprint(&[], &[]), "");
    }
}
