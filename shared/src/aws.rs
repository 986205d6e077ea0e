//! Makes the AWS SDK use our HTTP client and our retry policy. So there is one TLS stack, one connection pool and one
//! set of root certificates.

mod answer;
mod connector;

use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_smithy_runtime_api::client::behavior_version::BehaviorVersion;
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_runtime_api::client::stalled_stream_protection::StalledStreamProtectionConfig;
use aws_smithy_types::retry::RetryConfig;
use aws_smithy_types::timeout::TimeoutConfig;
use aws_types::SdkConfig;
use aws_types::region::Region;
use secrecy::ExposeSecret;

use crate::request::RequestContext;
use crate::settings::Aws;
use crate::upstream::Http;

pub(crate) use answer::{CONDITION_FAILED, SdkAnswer, send, status_of};
pub use connector::Connector;

/// The configuration that all AWS clients share. The SDK's own retries and time limits are off: ours fit into the
/// request's deadline.
pub(crate) fn sdk_config(aws: &Aws, http: Http) -> SdkConfig {
    SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new(aws.region.clone()))
        .credentials_provider(SharedCredentialsProvider::new(credentials(aws)))
        .http_client(Connector::new(http))
        .retry_config(RetryConfig::disabled())
        .timeout_config(TimeoutConfig::disabled())
        .stalled_stream_protection(StalledStreamProtectionConfig::disabled())
        .build()
}

/// The credentials that sign requests to AWS.
pub(crate) fn credentials(aws: &Aws) -> Credentials {
    Credentials::new(
        &aws.access_key_id,
        aws.secret_access_key.expose_secret(),
        aws.session_token.as_ref().map(|token| token.expose_secret().to_owned()),
        None,
        "environment",
    )
}

/// A client of DynamoDB.
pub(crate) fn dynamodb(aws: &Aws, http: Http) -> aws_sdk_dynamodb::Client {
    let mut config = aws_sdk_dynamodb::config::Builder::from(&sdk_config(aws, http));
    config.set_endpoint_url(aws.dynamodb_url.as_ref().map(ToString::to_string));
    aws_sdk_dynamodb::Client::from_conf(config.build())
}

/// Passes X-Ray's trace on to an AWS service, which adds its own segments.
///
/// The SDK reads the trace from the variable `_X_AMZN_TRACE_ID`. Lambda does not set this variable in an environment
/// that serves several requests at once.
pub(crate) fn passing_trace(context: &RequestContext) -> impl Fn(&mut HttpRequest) + Send + Sync + 'static + use<> {
    let trace = context.ids().trace.clone();
    move |request| {
        if let Some(trace) = &trace {
            // A trace that is not a valid header value is left out, so that the request does not fail because of it.
            let _ = request.headers_mut().try_insert("x-amzn-trace-id", trace.clone());
        }
    }
}
