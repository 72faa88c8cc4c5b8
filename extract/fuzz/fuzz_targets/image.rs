//! libFuzzer on [`extract::fuzzing::image`].
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| extract::fuzzing::image(data));
