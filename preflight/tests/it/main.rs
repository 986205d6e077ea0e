//! Compares reports and models as the command does.

#![expect(clippy::unwrap_used, reason = "a failed step is a failed test")]

mod demo;
mod faults;
mod hostile;
mod info_view;
mod legacy;
mod quiet;
mod relationships;
mod support;
mod unread;
