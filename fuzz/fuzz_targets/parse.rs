//! Any text to the parser: a tree or an error; never a panic or an overflowing stack, in time linear in its length.
#![no_main]

libfuzzer_sys::fuzz_target!(|text: &str| {
    attendb::fuzzing::parse(text);
});
