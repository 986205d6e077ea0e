//! moto, a Python library that emulates AWS, and clients of the AWS SDK for it.

use std::process::Command;
use std::time::Duration;

use aws_sdk_secretsmanager::Client;
use aws_sdk_secretsmanager::config::{BehaviorVersion, Credentials, Region, SharedCredentialsProvider};
use aws_types::SdkConfig;
use dynabind::aws::Connector;
use dynabind::upstream::Http;
use serde_json::Value;

use crate::process::{Server, free_port, tool};

/// The region of the tests. In moto, each region has separate resources.
pub const REGION: &str = "us-east-1";

/// Starts a moto server.
pub(crate) fn start_server() -> Server {
    let port = free_port();
    let mut command = Command::new(tool("moto_server"));
    command.args(["-H", "127.0.0.1", "-p", &port.to_string()]);
    Server::start("moto", port, &mut command)
}

/// The configuration of an AWS SDK client for a server on loopback.
pub(crate) fn sdk_config(url: &str) -> SdkConfig {
    let http = Http::new(None, Duration::from_mins(1)).unwrap();
    let credentials = Credentials::new("dev", "dev", None, None, "test");
    SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new(REGION))
        .credentials_provider(SharedCredentialsProvider::new(credentials))
        .endpoint_url(url)
        .http_client(Connector::new(http))
        .build()
}

/// AWS Secrets Manager, emulated by moto.
pub struct Moto {
    server: Server,
    client: Client,
}

impl Moto {
    /// Starts the emulator.
    #[must_use]
    pub fn start() -> Self {
        let server = start_server();
        let client = Client::new(&sdk_config(&server.url()));
        Self { server, client }
    }

    /// The endpoint URL for the AWS SDK.
    #[must_use]
    pub fn url(&self) -> String {
        self.server.url()
    }

    /// Creates a secret and returns its ARN.
    pub async fn create_secret(&self, name: &str, value: &Value) -> String {
        let request = self.client.create_secret().name(name).secret_string(value.to_string());
        request.send().await.unwrap().arn.unwrap()
    }

    /// Makes `value` the secret's current version, as a rotation does.
    pub async fn put_secret_value(&self, id: &str, value: &Value) {
        let request = self.client.put_secret_value().secret_id(id).secret_string(value.to_string());
        request.send().await.unwrap();
    }

    /// The secret's current value.
    pub async fn secret_value(&self, id: &str) -> Value {
        let secret = self.client.get_secret_value().secret_id(id).send().await.unwrap();
        serde_json::from_str(&secret.secret_string.unwrap()).unwrap()
    }
}
