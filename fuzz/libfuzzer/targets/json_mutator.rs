//! The mutator of the targets that read JSON. Most changes keep the input valid JSON; the others come from libFuzzer.

use libfuzzer_sys::{fuzz_mutator, fuzzer_mutate};

fuzz_mutator!(|data: &mut [u8], size: usize, max_size: usize, seed: u32| {
    match fuzz::mutate::changed(&data[..size], seed) {
        Some(changed) if seed % 4 != 0 && changed.len() <= max_size => {
            data[..changed.len()].copy_from_slice(&changed);
            changed.len()
        }
        _ => fuzzer_mutate(data, size, max_size),
    }
});
