//! Fuzz targets, the security oracle, and an environment whose answers are compared with it.
//!
//! `libfuzzer/` runs the targets with generated inputs, and a test of this package replays their corpus. [`oracle`] decides what
//! a token may allow, and [`environment`] runs the functions with gateway events and HTTP upstreams.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::missing_panics_doc,
    reason = "a violated property causes a panic"
)]

mod catalog;
mod claims;
pub mod environment;
mod event;
pub mod events;
pub mod fixtures;
pub mod gateway;
mod http;
mod identity_templates;
mod log;
pub mod mutate;
pub mod oracle;
pub mod tables;
mod upstream_bodies;

/// The function that checks one input.
pub type Check = fn(&[u8]);

/// Every target: the name of its corpus, and its check.
pub const TARGETS: [(&str, Check); 5] = [
    ("event", event::check),
    ("claims", claims::check),
    ("catalog", catalog::check),
    ("upstream_bodies", upstream_bodies::check),
    ("identity_templates", identity_templates::check),
];

/// Runs a target on one input. Inputs that contain one of the secret texts are skipped: libFuzzer observes comparisons and
/// would find these texts.
pub fn run(name: &str, input: &[u8]) {
    let knows = |text: &str| input.windows(text.len()).any(|part| part == text.as_bytes());
    if ![fixtures::ACCESS_TOKEN, fixtures::EMBED_TOKEN, identity_templates::UNNAMED].into_iter().any(knows) {
        TARGETS.into_iter().find(|(found, _)| *found == name).expect("a target's name").1(input);
    }
}
