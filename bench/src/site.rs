//! A place to run functions in: upstreams, a distance to them, and the variables that lead there.

use std::fs;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use tempfile::TempDir;

use crate::lambda::Variables;
use crate::tls::{HOST, Tls};
use crate::upstream::{CATALOG_TABLE, FakeServices, Greeting, Service, TOKEN_TABLE, Tables};
use crate::{Error, catalog, relay};

/// How the upstreams are reached.
#[derive(Clone, Copy, Debug)]
pub struct Network {
    /// What an upstream takes for each answer.
    pub delay: Duration,
    /// Whether connections are TLS, as they are outside of benchmarks.
    pub tls: bool,
    /// The round trip to each upstream, if a relay shall add one.
    pub round_trip: Duration,
    /// What an upstream does with a connection that is opened early.
    pub greeting: Greeting,
    /// What is in DynamoDB.
    pub dynamodb: InDynamoDb,
}

/// What is in DynamoDB, which takes its own time for each answer.
#[derive(Clone, Copy, Debug, Default)]
pub struct InDynamoDb {
    /// The time.
    pub delay: Duration,
    /// Whether the catalog is there.
    pub catalog: bool,
    /// Whether environments share tokens and look-ups there.
    pub store: bool,
}

/// Nothing is there.
pub const NO_DYNAMODB: InDynamoDb = InDynamoDb { delay: Duration::ZERO, catalog: false, store: false };

/// Stand-ins and what a function has to know to use them.
pub struct Site {
    /// The upstreams.
    pub upstreams: FakeServices,
    variables: Variables,
    _files: TempDir,
}

impl Site {
    /// Starts the upstreams.
    ///
    /// # Errors
    /// When there are no ports or files to be had.
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
        let ours = [("DYNABIND_SECRET_ID", "bench"), ("DYNABIND_FRESH_TOKENS_PER_MINUTE", "100000")];
        variables.extend(ours.map(|(name, value)| (name.to_owned(), value.to_owned())));
        Ok(Self { upstreams, variables, _files: files })
    }

    /// The environment variables of a function here.
    #[must_use]
    pub fn variables(&self) -> &Variables {
        &self.variables
    }
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
        Service::Entra => "DYNABIND_ENTRA_URL",
        Service::PowerBi => "DYNABIND_POWERBI_URL",
    }
}

fn url(address: SocketAddr, tls: bool) -> String {
    if tls { format!("https://{HOST}:{}", address.port()) } else { format!("http://{address}") }
}

/// What Lambda sets for every function, and all that the bare function needs.
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
