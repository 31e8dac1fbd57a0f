//! Any catalog, counts and facts: applied, or refused.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| {
    attendb::fuzzing::catalog(input);
});
