//! A place to run functions in: upstreams, a distance to them, and the variables that lead there.

use std::fs;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use tempfile::TempDir;

use crate::lambda::Variables;
use crate::tls::{HOST, Tls};
use crate::upstream::{FakeServices, Greeting, Service, WORKSPACE};
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
    /// Whether the functions are proved by STS, and not by a secret.
    pub federated: bool,
}

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
        let upstreams = FakeServices::new(network.delay, network.greeting);
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
        variables.push(("DYNABIND_CATALOG".to_owned(), format!("file:{}", catalog.display())));
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
        Service::Sts => "AWS_ENDPOINT_URL_STS",
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
