//! Failures of upstream calls, in every state of the caches.

mod answers;
mod cell;
mod failure;
mod matrix;
mod route;
