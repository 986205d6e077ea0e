//! The command `catalog`.

use std::io::{self, Write as _};
use std::process::ExitCode;
use std::time::Duration;

use aws_config::BehaviorVersion;
use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_sdk_dynamodb::Client;
use catalog::{Arguments, LoaderError, Verdict};
use clap::Parser;
use dynabind::aws::Connector;
use dynabind::upstream::Http;

/// A full batch of large items over a slow line takes a while.
const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(30);

/// A table that has just been created throttles its first thousands of writes.
const MAX_ATTEMPTS: u32 = 10;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let arguments = Arguments::parse();
    match work(&arguments).await {
        Ok(Verdict::Good) => ExitCode::SUCCESS,
        Ok(Verdict::Bad) => ExitCode::from(1),
        Err(error) => {
            let _ = writeln!(io::stderr(), "catalog: {error}");
            ExitCode::from(2)
        }
    }
}

async fn work(arguments: &Arguments) -> Result<Verdict, LoaderError> {
    let client = connect(arguments.command.endpoint_url()).await?;
    catalog::run(&arguments.command, &client, &mut io::stdout().lock()).await
}

/// Connects as the AWS command line would: profile, single sign-on, environment.
async fn connect(endpoint_url: Option<&str>) -> Result<Client, LoaderError> {
    let roots = std::env::var_os("SSL_CERT_FILE").filter(|path| !path.is_empty());
    let http = Http::new(roots.as_deref().map(AsRef::as_ref), ATTEMPT_TIMEOUT)?;
    let timeouts = TimeoutConfig::builder().operation_attempt_timeout(ATTEMPT_TIMEOUT).build();
    let mut loader = aws_config::defaults(BehaviorVersion::latest())
        .http_client(Connector::new(http))
        .retry_config(RetryConfig::standard().with_max_attempts(MAX_ATTEMPTS))
        .timeout_config(timeouts);
    if let Some(url) = endpoint_url {
        loader = loader.endpoint_url(url);
    }
    Ok(Client::new(&Box::pin(loader.load()).await))
}
