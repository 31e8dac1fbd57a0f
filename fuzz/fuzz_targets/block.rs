//! Any record of any kind of block, its checksum right: pinned and read to the end, or refused.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| {
    attendb::fuzzing::block(input);
});
