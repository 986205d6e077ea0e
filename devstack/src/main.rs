//! The local development stack.

fn main() {}
