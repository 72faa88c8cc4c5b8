//! libFuzzer on [`extract::fuzzing::document`].
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| extract::fuzzing::document(data));
