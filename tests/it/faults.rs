//! Upstreams in trouble: every failure of every call, in every state of the caches.

mod answers;
mod cell;
mod failure;
mod matrix;
mod route;
