//! The command `dynabind`.

use std::process::ExitCode;

use clap::Parser;
use dynabind_cli::Arguments;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    dynabind_cli::run(&Arguments::parse()).await.into()
}
