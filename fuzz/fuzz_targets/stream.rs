//! Any bytes as the stream of a database, as they are or with checksums that fit: loaded and sound, or refused.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| {
    attendb::fuzzing::stream(input);
});
