//! Any text that parses: printed from its tree it is of the same tree, and is printed the same again.
#![no_main]

libfuzzer_sys::fuzz_target!(|text: &str| {
    attendb::fuzzing::roundtrip(text);
});
