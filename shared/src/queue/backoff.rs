//! When the next attempt starts: exponential, with full jitter and a cap.

use std::time::Duration;

use crate::config::QueueArgs;

/// The longest wait before the attempt that follows failed attempt number `failed` (from 1): base·4^(failed − 1),
/// at most the cap.
pub(super) fn ceiling(args: &QueueArgs, failed: u32) -> Duration {
    4u32.checked_pow(failed.saturating_sub(1))
        .and_then(|factor| args.retry_base.checked_mul(factor))
        .map_or(args.retry_cap, |wait| wait.min(args.retry_cap))
}

/// What follows failed attempt number `failed` of `allowed`: a wait, or nothing when the attempts are used up.
///
/// The wait is drawn evenly from zero to the ceiling ("full jitter"), so that jobs that failed together do not come
/// back together (M. Brooker, "Exponential Backoff And Jitter", AWS Architecture Blog, 2015).
/// `draw` is a random number from 0 to 1.
pub(super) fn next_attempt(
    args: &QueueArgs,
    failed: u32,
    allowed: u32,
    draw: f64,
) -> Option<Duration> {
    (failed < allowed).then(|| ceiling(args, failed).mul_f64(draw.clamp(0.0, 1.0)))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn args() -> QueueArgs {
        QueueArgs {
            retry_base: Duration::from_secs(1),
            retry_cap: Duration::from_secs(300),
            ..QueueArgs::default()
        }
    }

    #[test]
    fn the_ceiling_quadruples_up_to_the_cap() {
        let seconds: Vec<_> = (1..=7)
            .map(|failed| ceiling(&args(), failed).as_secs())
            .collect();
        assert_eq!(seconds, [1, 4, 16, 64, 256, 300, 300]);
    }

    #[test]
    fn the_last_allowed_attempt_has_no_next() {
        assert_eq!(
            next_attempt(&args(), 3, 4, 1.0),
            Some(Duration::from_secs(16))
        );
        assert_eq!(next_attempt(&args(), 4, 4, 1.0), None);
        assert_eq!(next_attempt(&args(), 9, 4, 1.0), None);
    }

    proptest! {
        #[test]
        fn a_wait_lies_between_zero_and_the_ceiling_and_never_panics(
            failed in 1u32.., allowed: u32, draw in 0.0..=1.0f64, base_ms in 0u64..u64::MAX / 2, cap_ms: u64,
        ) {
            let args = QueueArgs {
                retry_base: Duration::from_millis(base_ms),
                retry_cap: Duration::from_millis(cap_ms),
                ..QueueArgs::default()
            };
            match next_attempt(&args, failed, allowed, draw) {
                Some(wait) => {
                    prop_assert!(failed < allowed);
                    prop_assert!(wait <= ceiling(&args, failed) && wait <= args.retry_cap);
                }
                None => prop_assert!(failed >= allowed),
            }
        }

        #[test]
        fn a_later_failure_never_has_a_lower_ceiling(failed in 1u32..100) {
            prop_assert!(ceiling(&args(), failed) <= ceiling(&args(), failed + 1));
        }
    }
}
