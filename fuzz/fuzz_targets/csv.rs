//! Any bytes and options as a delimited file: in one piece and in many, the same rows or the same refusal.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| {
    attendb::fuzzing::csv(input);
});
