//! libFuzzer on [`extract::fuzzing::font`].
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| extract::fuzzing::font(data));
