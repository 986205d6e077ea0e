//! The configuration of AWS clients: profile, single sign-on and environment, as in the AWS command line.

use std::path::Path;
use std::time::Duration;

use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, SdkConfig};
use aws_sdk_dynamodb::Client;
use dynabind::aws::Connector;
use dynabind::upstream::Http;

use super::LoaderError;

/// Long enough for a full batch of large items over a slow connection.
const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(30);

/// Enough for a new table, which throttles its first thousands of writes.
const MAX_ATTEMPTS: u32 = 10;

/// A client of DynamoDB.
///
/// # Errors
/// The error says what is wrong with the file of trusted roots.
pub async fn connect(endpoint_url: Option<&str>) -> Result<Client, LoaderError> {
    Ok(Client::new(&aws(endpoint_url).await?))
}

/// The AWS configuration: credentials, region, HTTP client, retries.
pub(crate) async fn aws(endpoint_url: Option<&str>) -> Result<SdkConfig, LoaderError> {
    let roots = std::env::var_os("SSL_CERT_FILE").filter(|path| !path.is_empty());
    let http = Http::new(roots.as_deref().map(Path::new), ATTEMPT_TIMEOUT)?;
    let timeouts = TimeoutConfig::builder().operation_attempt_timeout(ATTEMPT_TIMEOUT).build();
    let mut loader = aws_config::defaults(BehaviorVersion::latest())
        .http_client(Connector::new(http))
        .retry_config(RetryConfig::standard().with_max_attempts(MAX_ATTEMPTS))
        .timeout_config(timeouts);
    if let Some(url) = endpoint_url {
        loader = loader.endpoint_url(url);
    }
    Ok(Box::pin(loader.load()).await)
}
