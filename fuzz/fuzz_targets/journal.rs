//! Any bytes as a journal, as they are or with hashes that fit: recovered, the same twice, or refused.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| {
    attendb::fuzzing::journal(input);
});
