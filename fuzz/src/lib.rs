//! Fuzz targets, the security oracle, and an environment to hold against it.
//!
//! `libfuzzer/` runs the targets with generated inputs; an ordinary test of this
//! package replays their corpus. [`oracle`] says what a token may allow, and [`site`]
//! runs the functions between gateway events and upstreams at the level of HTTP.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::missing_panics_doc,
    reason = "a property that does not hold says so by panicking"
)]

mod catalog;
mod claims;
mod event;
pub mod events;
pub mod fixtures;
pub mod gateway;
mod identity_templates;
mod log;
pub mod mutate;
pub mod oracle;
pub mod site;
pub mod tables;
mod upstream_bodies;

/// What a target does with one input.
pub type Body = fn(&[u8]);

/// Every target: the name of its corpus, and its body.
pub const TARGETS: [(&str, Body); 5] = [
    ("event", event::check),
    ("claims", claims::check),
    ("catalog", catalog::check),
    ("upstream_bodies", upstream_bodies::check),
    ("identity_templates", identity_templates::check),
];

/// Runs a target on one input, unless the input holds what no input may know: a fuzzer
/// sees with which texts its output is compared.
pub fn run(name: &str, input: &[u8]) {
    let knows = |text: &str| input.windows(text.len()).any(|part| part == text.as_bytes());
    if ![fixtures::ACCESS_TOKEN, fixtures::EMBED_TOKEN, identity_templates::UNNAMED].into_iter().any(knows) {
        TARGETS.into_iter().find(|(found, _)| *found == name).expect("a target's name").1(input);
    }
}
