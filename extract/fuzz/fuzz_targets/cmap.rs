//! libFuzzer on [`extract::fuzzing::cmap`].
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| extract::fuzzing::cmap(data));
