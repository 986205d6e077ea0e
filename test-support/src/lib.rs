//! Parts that tests, fuzz targets and benchmarks share.

pub mod clock;
#[cfg(feature = "lambda")]
pub mod lambda;

/// Any failure of the environment of a test.
pub type Error = Box<dyn std::error::Error + Send + Sync>;
