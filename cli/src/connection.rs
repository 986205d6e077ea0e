//! Connections from the command line to Entra, Power BI and Fabric, with the functions' own clients.

pub(crate) mod credential;
pub(crate) mod gate;
mod patient;
pub(crate) mod rest;
mod secret;
pub(crate) mod session;

use std::sync::Arc;

use clap::Args;
use dynabind::App;
use dynabind::clock::{Clock, SystemClock};
use dynabind::entra::{EntraClient, EntraTokens};
use dynabind::ports::AccessTokens;
use dynabind::powerbi::PowerBiClient;
use dynabind::settings::{Cloud, Settings};
use dynabind::upstream::Http;

use crate::scenario::ScenarioArguments;
use crate::source::LoadedCatalog;
use credential::{CredentialArguments, CredentialStore};
pub use gate::Gate;
pub use patient::PatientPowerBi;
pub use rest::{Rest, RestError};

const FABRIC_URL: &str = "https://api.fabric.microsoft.com";
const FABRIC_SCOPE: &str = "https://api.fabric.microsoft.com/.default";

/// Credentials and addresses.
#[derive(Args, Clone, Debug)]
pub struct ConnectionArguments {
    /// The service principal's credential.
    #[command(flatten)]
    pub credential: CredentialArguments,
    /// The cloud: public, usgov, usgov-high, usgov-dod or china.
    #[arg(long, value_name = "CLOUD", env = "DYNABIND_CLOUD")]
    pub cloud: Option<String>,
    /// The base URL of Entra, instead of the cloud's.
    #[arg(long, value_name = "URL", env = "DYNABIND_ENTRA_URL")]
    pub entra_url: Option<String>,
    /// The base URL of Power BI, instead of the cloud's.
    #[arg(long, value_name = "URL", env = "DYNABIND_POWERBI_URL")]
    pub powerbi_url: Option<String>,
    /// The base URL of Fabric; definitions are read from it.
    #[arg(long, value_name = "URL", env = "DYNABIND_FABRIC_URL")]
    pub fabric_url: Option<String>,
    /// The scope of Fabric's access tokens.
    #[arg(long, value_name = "SCOPE", env = "DYNABIND_FABRIC_SCOPE")]
    pub fabric_scope: Option<String>,
    /// The most calls at the same time.
    #[arg(long, value_name = "N", default_value_t = gate::AT_ONCE)]
    pub at_once: usize,
}

/// The clients of the upstreams, and what they share.
pub struct Connection {
    /// The functions' settings that concern upstreams.
    pub settings: Settings,
    /// Where the credential is, for messages.
    pub credential_place: String,
    /// The credential itself.
    pub(crate) credential: CredentialStore,
    /// Access tokens for Power BI.
    pub tokens: Arc<dyn AccessTokens>,
    /// Power BI, called with the functions' client.
    pub powerbi: Arc<PatientPowerBi>,
    /// Calls of Power BI that the functions' client does not have.
    pub rest: Rest,
    /// Fabric; `None` in a cloud whose Fabric address is not known.
    pub fabric: Option<Rest>,
    /// Limits the calls of all clients.
    pub gate: Arc<Gate>,
    /// The most calls at the same time.
    pub at_once: usize,
    /// The time.
    pub clock: Arc<dyn Clock>,
}

impl Connection {
    /// Creates the clients from the arguments. No upstream is called yet, except for the AWS credentials.
    ///
    /// # Errors
    /// The error says what is wrong with the arguments.
    pub async fn open(arguments: &ConnectionArguments) -> Result<Self, String> {
        let settings = settings(arguments, &arguments.credential.variables().await?)?;
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let gate = Arc::new(Gate::new(arguments.at_once));
        let http = Http::new(settings.roots.as_deref(), settings.upstream_timeout).map_err(lines)?;
        let (credential_place, credential) =
            CredentialStore::open(&arguments.credential, &settings, &http, &clock).await?;
        let base = EntraClient::new(&settings.endpoints, http.clone(), Arc::clone(&clock));
        let principals = credential.principals(&settings, &clock);
        let tokens = |entra: EntraClient| -> Arc<dyn AccessTokens> {
            Arc::new(EntraTokens::new(entra, Arc::clone(&principals), settings.min_token, Arc::clone(&clock)))
        };
        let for_powerbi = tokens(base.clone());
        let rest = |base, tokens| Rest { http: http.clone(), base, tokens, gate: Arc::clone(&gate), user: None };
        let fabric = fabric_of(arguments, settings.endpoints.cloud)?;
        let fabric = fabric.map(|(url, scope)| rest(url, tokens(base.clone().with_scope(scope))));
        let client = PowerBiClient::new(settings.endpoints.powerbi.clone(), http.clone(), Arc::clone(&clock));
        Ok(Self {
            powerbi: Arc::new(PatientPowerBi::new(client, Arc::clone(&gate))),
            rest: rest(settings.endpoints.powerbi.clone(), Arc::clone(&for_powerbi)),
            tokens: for_powerbi,
            fabric,
            credential_place,
            credential,
            gate,
            at_once: arguments.at_once.max(1),
            clock,
            settings,
        })
    }

    /// The functions' application over a catalog, with these upstreams.
    #[must_use]
    pub fn app(&self, loaded: &LoadedCatalog, scenario: ScenarioArguments) -> App {
        let ScenarioArguments { scenario, user_token } = scenario;
        App::new(
            &Settings { scenario, user_token, ..self.settings.clone() },
            Arc::clone(&loaded.catalog) as _,
            Arc::clone(&self.tokens),
            Arc::clone(&self.powerbi) as _,
            None,
            Arc::clone(&self.clock),
        )
    }
}

/// The functions' settings, with the variables of the credential.
fn settings(arguments: &ConnectionArguments, credential: &[(&'static str, String)]) -> Result<Settings, String> {
    let roots = std::env::var_os("SSL_CERT_FILE").map(|path| path.to_string_lossy().into_owned());
    let vars = |name: &str| match name {
        "DYNABIND_CLOUD" => arguments.cloud.clone(),
        "DYNABIND_ENTRA_URL" => arguments.entra_url.clone(),
        "DYNABIND_POWERBI_URL" => arguments.powerbi_url.clone(),
        "DYNABIND_UPSTREAM_TIMEOUT_MS" => Some("15000".to_owned()),
        "DYNABIND_FRESH_TOKENS_PER_MINUTE" => Some("100000".to_owned()),
        "DYNABIND_METADATA_TTL_SECONDS" => Some("86400".to_owned()),
        "SSL_CERT_FILE" => roots.clone(),
        _ => credential.iter().find(|(known, _)| *known == name).map(|(_, value)| value.clone()),
    };
    Settings::from_vars(&vars).map_err(lines)
}

fn fabric_of(arguments: &ConnectionArguments, cloud: Cloud) -> Result<Option<(reqwest::Url, &'static str)>, String> {
    let of_cloud = (cloud == Cloud::Public).then_some(FABRIC_URL);
    let Some(url) = arguments.fabric_url.as_deref().or(of_cloud) else { return Ok(None) };
    let parsed: reqwest::Url = url.parse().map_err(|_| format!("--fabric-url: `{url}` is not a URL"))?;
    let is_loopback = parsed.host_str().is_some_and(|host| host == "localhost" || host == "127.0.0.1");
    if parsed.scheme() != "https" && !(parsed.scheme() == "http" && is_loopback) {
        return Err("--fabric-url: expected https, or http on loopback".to_owned());
    }
    // The client needs a static scope; it lives as long as the process.
    let scope = arguments.fabric_scope.clone().map_or(FABRIC_SCOPE, |scope| scope.leak());
    Ok(Some((parsed, scope)))
}

fn lines(dynabind::validation::ValidationErrors(faults): dynabind::validation::ValidationErrors) -> String {
    faults.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}
