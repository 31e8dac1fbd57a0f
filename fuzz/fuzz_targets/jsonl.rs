//! Any bytes as a file of JSON lines: in one piece and in many, the same rows or the same refusal.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| {
    attendb::fuzzing::jsonl(input);
});
