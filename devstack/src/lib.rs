//! The local development stack.
