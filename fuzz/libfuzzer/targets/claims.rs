//! See `fuzz::TARGETS`.
#![no_main]

mod json_mutator;

use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| fuzz::run("claims", input));
