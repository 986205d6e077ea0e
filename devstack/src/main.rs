//! Starts the development stack and serves it until Ctrl-C.

use std::io::{self, Write};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use clap::Parser as _;
use devstack::Stack;
use devstack::cli::{self, Arguments};
use dynabind::clock::SystemClock;
use dynabind::telemetry;
use tokio::signal::unix::{SignalKind, signal};
use tracing::Level;

/// The time between two checks of the catalog for changes.
const CATALOG_INTERVAL: Duration = Duration::from_millis(500);

#[tokio::main]
async fn main() -> ExitCode {
    let options = match Arguments::parse().options() {
        Ok(options) => options,
        Err(detail) => {
            let _ = writeln!(io::stderr(), "devstack: {detail}");
            return ExitCode::from(2);
        }
    };
    log_functions();
    let stack = match Stack::start(options.clone()).await {
        Ok(stack) => stack,
        Err(error) => {
            let _ = writeln!(io::stderr(), "devstack: {error}");
            return ExitCode::FAILURE;
        }
    };
    // If nobody reads the output, the stack continues.
    let _ = cli::greet(&stack, &options, &mut io::stdout().lock());
    tokio::select! {
        () = until_ended() => {}
        () = watch_catalog(&stack) => {}
    }
    drop(stack);
    ExitCode::SUCCESS
}

/// Writes the functions' log lines to standard error, in the format that Lambda gets.
fn log_functions() {
    let sink = Arc::new(|line: &str| {
        let _ = io::stderr().lock().write_all(line.as_bytes());
    });
    let subscriber = telemetry::subscriber(Level::INFO, Arc::new(SystemClock), sink);
    let _ = tracing::subscriber::set_global_default(subscriber);
}

/// Checks the catalog regularly, so that its editor sees errors without a request.
async fn watch_catalog(stack: &Stack) {
    loop {
        tokio::time::sleep(CATALOG_INTERVAL).await;
        stack.look_at_catalog();
    }
}

/// Waits for Ctrl-C or `SIGTERM`.
async fn until_ended() {
    match signal(SignalKind::terminate()) {
        Ok(mut terminate) => {
            tokio::select! {
                _ = tokio::signal::ctrl_c() => {}
                _ = terminate.recv() => {}
            }
        }
        Err(_) => {
            let _ = tokio::signal::ctrl_c().await;
        }
    }
}
