//! libFuzzer on [`extract::fuzzing::tokenizer`].
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| extract::fuzzing::tokenizer(data));
