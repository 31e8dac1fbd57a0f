//! Any text as a statement on a small graph in memory: an answer or an error, within its limits; never a panic, a hang or an
//! overflowing stack.
#![no_main]

libfuzzer_sys::fuzz_target!(|text: &str| {
    attendb::fuzzing::run(text);
});
