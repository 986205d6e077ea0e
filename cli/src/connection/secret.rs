//! The two sources of the service principal's secret: a file, or AWS Secrets Manager.

use std::path::PathBuf;
use std::sync::Arc;

use async_trait::async_trait;
use aws_sdk_secretsmanager::Client;
use aws_sdk_secretsmanager::error::DisplayErrorContext;
use dynabind::request::RequestContext;
use dynabind::secrets::{Secret, SecretStore};
use dynabind::upstream::{RetryBudget, Upstream, UpstreamError, UpstreamErrorKind};

/// A secret in a file.
#[derive(Debug)]
pub(super) struct SecretFile(pub(super) PathBuf);

/// A secret in AWS Secrets Manager, read with the operator's own rights.
#[derive(Debug)]
pub(super) struct SecretOfAws {
    pub(super) client: Client,
    pub(super) id: String,
}

#[async_trait]
impl SecretStore for SecretFile {
    async fn read(&self, _: &Arc<RequestContext>, _: RetryBudget) -> Result<Secret, UpstreamError> {
        let text = std::fs::read_to_string(&self.0);
        let text = text.map_err(|error| unavailable(&format!("{}: {error}", self.0.display())))?;
        Ok(Secret { version: "file".to_owned(), text: text.into() })
    }
}

#[async_trait]
impl SecretStore for SecretOfAws {
    async fn read(&self, _: &Arc<RequestContext>, _: RetryBudget) -> Result<Secret, UpstreamError> {
        let request = self.client.get_secret_value().secret_id(&self.id).version_stage("AWSCURRENT");
        let output = Box::pin(request.send()).await;
        let output = output.map_err(|error| unavailable(&DisplayErrorContext(error).to_string()))?;
        let text = output.secret_string.ok_or_else(|| unavailable("the secret is binary; store it as a JSON text"))?;
        Ok(Secret { version: output.version_id.unwrap_or_default(), text: text.into() })
    }
}

fn unavailable(cause: &str) -> UpstreamError {
    UpstreamError::new(Upstream::SecretsManager, UpstreamErrorKind::CredentialsUnavailable, cause)
}
