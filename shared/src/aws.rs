//! Lets the AWS SDK speak through our HTTP client and under our retry policy:
//! one TLS stack, one pool, one set of roots, loaded once.

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

/// What every AWS client of a function has in common. Retries and time limits
/// are ours, so that they fit into the request's deadline.
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

/// What requests to AWS are signed with.
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
/// The SDK would do so by itself from `_X_AMZN_TRACE_ID`, but Lambda does not set
/// that where an environment serves several requests at once.
pub(crate) fn passing_trace(context: &RequestContext) -> impl Fn(&mut HttpRequest) + Send + Sync + 'static + use<> {
    let trace = context.ids().trace.clone();
    move |request| {
        if let Some(trace) = &trace {
            // A trace that is not valid in a header is left out, because the request matters more.
            let _ = request.headers_mut().try_insert("x-amzn-trace-id", trace.clone());
        }
    }
}
