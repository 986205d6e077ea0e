//! See `fuzz::TARGETS`.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| fuzz::run("identity_templates", input));
