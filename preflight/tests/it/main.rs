//! Reports and models, compared as the command does it.

#![expect(clippy::unwrap_used, reason = "a failed step is a failed test")]

mod faults;
mod hostile;
mod info_view;
mod legacy;
mod quiet;
mod relationships;
mod support;
mod unread;
