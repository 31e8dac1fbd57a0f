//! A whole database with any bytes changed and every checksum made right: refused, found unsound, or sound for good.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| {
    attendb::fuzzing::directory(input);
});
