//! Starts the development stack and keeps it up until Ctrl-C.

use std::io::{self, Write};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use devstack::cli::{self, Command};
use devstack::{Stack, StackOptions};
use dynabind::clock::SystemClock;
use dynabind::telemetry;
use tokio::signal::unix::{SignalKind, signal};
use tracing::Level;

/// How soon an edit of the catalog is noticed.
const CATALOG_PAUSE: Duration = Duration::from_millis(500);

#[tokio::main]
async fn main() -> ExitCode {
    match cli::command(std::env::args().skip(1)) {
        Command::Start(options) => run(*options).await,
        Command::Print(text, code) => {
            let _ = io::stderr().write_all(text.as_bytes());
            ExitCode::from(code)
        }
    }
}

async fn run(options: StackOptions) -> ExitCode {
    log_functions();
    let stack = match Stack::start(options.clone()).await {
        Ok(stack) => stack,
        Err(error) => {
            let _ = writeln!(io::stderr(), "devstack: {error}");
            return ExitCode::FAILURE;
        }
    };
    // A reader that has gone does not end the stack.
    let _ = cli::greet(&stack, &options, &mut io::stdout().lock());
    tokio::select! {
        () = until_told() => {}
        () = watch_catalog(&stack) => {}
    }
    drop(stack);
    ExitCode::SUCCESS
}

/// Writes the functions' own log lines, as Lambda would get them, to standard error.
fn log_functions() {
    let sink = Arc::new(|line: &str| {
        let _ = writeln!(io::stderr().lock(), "{line}");
    });
    let subscriber = telemetry::subscriber(Level::INFO, Arc::new(SystemClock), sink);
    let _ = tracing::subscriber::set_global_default(subscriber);
}

/// Looks at the catalog now and then, so that its editor sees the faults without a request.
async fn watch_catalog(stack: &Stack) {
    loop {
        tokio::time::sleep(CATALOG_PAUSE).await;
        stack.look_at_catalog();
    }
}

/// Waits for Ctrl-C or a polite request to end.
async fn until_told() {
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
