//! The surroundings of a function: upstreams, the network to them, and the environment variables.

use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use tempfile::TempDir;
use test_support::lambda::Environment;

use crate::tls::{HOST, Tls};
use crate::upstream::{CATALOG_TABLE, FakeServices, Greeting, Service, TOKEN_TABLE, Tables, WORKSPACE};
use crate::{Error, catalog, relay};

/// The environment variables of a function.
pub type Variables = Vec<(String, String)>;

/// The network to the upstreams.
#[derive(Clone, Copy, Debug)]
pub struct Network {
    /// The time of an upstream for each answer.
    pub delay: Duration,
    /// Whether connections use TLS, as in production.
    pub tls: bool,
    /// The round trip to each upstream, which a relay adds; zero: no relay.
    pub round_trip: Duration,
    /// How an upstream treats a connection that is opened early.
    pub greeting: Greeting,
    /// What is in DynamoDB.
    pub dynamodb: InDynamoDb,
    /// Whether the credential of the functions is a token of STS instead of a secret.
    pub federated: bool,
}

/// The use of DynamoDB, with its own delay for each answer.
#[derive(Clone, Copy, Debug, Default)]
pub struct InDynamoDb {
    /// The delay.
    pub delay: Duration,
    /// Whether the catalog is in DynamoDB.
    pub catalog: bool,
    /// Whether environments share tokens and look-ups in DynamoDB.
    pub store: bool,
}

/// DynamoDB is not used.
pub const NO_DYNAMODB: InDynamoDb = InDynamoDb { delay: Duration::ZERO, catalog: false, store: false };

/// Stand-ins and the environment variables of a function that uses them.
pub struct Testbed {
    /// The upstreams.
    pub upstreams: FakeServices,
    variables: Variables,
    _files: TempDir,
}

impl Testbed {
    /// Starts the upstreams.
    ///
    /// # Errors
    /// When a port or a file cannot be opened.
    pub async fn start(network: Network) -> Result<Self, Error> {
        let tables = Tables::with_catalog(&catalog::text(10))?;
        let upstreams = FakeServices::new(network.delay, network.dynamodb.delay, tables, network.greeting);
        let tls = if network.tls { Some(Tls::new()?) } else { None };
        let files = tempfile::tempdir()?;
        let mut variables = lambda_variables();
        for service in Service::ALL {
            let acceptor = tls.as_ref().map(|tls| tls.acceptor.clone());
            let address = upstreams.serve(service, acceptor).await?;
            let address = at_a_distance(address, network.round_trip)?;
            variables.push((variable_of(service).to_owned(), url(address, network.tls)));
        }
        let catalog = write(&files, "catalog.json", &catalog::text(10))?;
        let place = if network.dynamodb.catalog {
            format!("dynamodb:{CATALOG_TABLE}")
        } else {
            format!("file:{}", catalog.display())
        };
        variables.push(("DYNABIND_CATALOG".to_owned(), place));
        if network.dynamodb.store {
            variables.push(("DYNABIND_TOKEN_STORE".to_owned(), format!("dynamodb:{TOKEN_TABLE}")));
        }
        if let Some(tls) = &tls {
            let roots = write(&files, "roots.pem", &tls.root_pem)?;
            variables.push(("SSL_CERT_FILE".to_owned(), roots.display().to_string()));
        }
        let mut ours = vec![("DYNABIND_FRESH_TOKENS_PER_MINUTE", "100000")];
        if network.federated {
            ours.push(("DYNABIND_CREDENTIAL", "federated"));
            ours.extend([("DYNABIND_ENTRA_TENANT_ID", WORKSPACE), ("DYNABIND_ENTRA_CLIENT_ID", WORKSPACE)]);
        } else {
            ours.push(("DYNABIND_SECRET_ID", "bench"));
        }
        variables.extend(ours.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())));
        Ok(Self { upstreams, variables, _files: files })
    }

    /// The environment variables of a function here.
    #[must_use]
    pub fn variables(&self) -> &Variables {
        &self.variables
    }
}

/// Starts an environment of a function.
///
/// # Errors
/// When it cannot be started.
pub async fn start_environment(binary: &Path, variables: &Variables) -> Result<Environment, Error> {
    Environment::start(binary, variables.iter().cloned(), Stdio::null()).await
}

fn at_a_distance(address: SocketAddr, round_trip: Duration) -> Result<SocketAddr, Error> {
    if round_trip.is_zero() { Ok(address) } else { relay::start(address, round_trip) }
}

fn write(files: &TempDir, name: &str, text: &str) -> Result<PathBuf, Error> {
    let path = files.path().join(name);
    fs::write(&path, text)?;
    Ok(path)
}

fn variable_of(service: Service) -> &'static str {
    match service {
        Service::SecretsManager => "AWS_ENDPOINT_URL_SECRETS_MANAGER",
        Service::DynamoDb => "AWS_ENDPOINT_URL_DYNAMODB",
        Service::Sts => "AWS_ENDPOINT_URL_STS",
        Service::Entra => "DYNABIND_ENTRA_URL",
        Service::PowerBi => "DYNABIND_POWERBI_URL",
    }
}

fn url(address: SocketAddr, tls: bool) -> String {
    if tls { format!("https://{HOST}:{}", address.port()) } else { format!("http://{address}") }
}

/// The variables that Lambda sets for every function. The bare function needs no others.
#[must_use]
pub fn lambda_variables() -> Variables {
    [
        ("AWS_LAMBDA_FUNCTION_NAME", "bench"),
        ("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST"),
        ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "256"),
        ("AWS_LAMBDA_INITIALIZATION_TYPE", "on-demand"),
        ("AWS_REGION", "eu-west-1"),
        ("AWS_DEFAULT_REGION", "eu-west-1"),
        ("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE"),
        ("AWS_SECRET_ACCESS_KEY", "wJalrXUtnFEMI"),
        ("AWS_SESSION_TOKEN", "session"),
    ]
    .map(|(name, value)| (name.to_owned(), value.to_owned()))
    .to_vec()
}
