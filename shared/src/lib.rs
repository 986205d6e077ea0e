//! Power BI dynamic binding, served from AWS Lambda.

mod app;
pub mod clock;
pub mod fault;

pub use app::App;
