//! Any roots and page tables, their checksums right: read, or refused.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| {
    attendb::fuzzing::root(input);
});
