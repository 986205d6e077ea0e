//! The composition root: the one place that knows every part.

use std::sync::Arc;
use std::time::Duration;

use crate::catalog::{self, DynamoDbCatalog};
use crate::clock::{Clock, SystemClock};
use crate::embedding::Embedding;
use crate::entra::{EntraClient, EntraTokens};
use crate::http::HandlerContext;
use crate::ports::{AccessTokens, CatalogReader, PowerBi};
use crate::powerbi::PowerBiClient;
use crate::request::RequestContext;
use crate::secrets::{CachedSecret, FederatedPrincipal, PrincipalSource, SecretsManager};
use crate::settings::{CatalogSource, CredentialSource, Settings, TokenStore};
use crate::spans::Spans;
use crate::store::{Realm, SharedStore};
use crate::sts::StsClient;
use crate::telemetry;
use crate::token_table::TokenTable;
use crate::upstream::Http;
use crate::validation::ValidationErrors;

/// The time limit for preparing an environment; Lambda allows 10 s for its start.
const WARM_UP: Duration = Duration::from_secs(3);

/// Everything a function needs, built once before its first event.
pub struct App {
    handler: HandlerContext,
    embedding: Embedding,
    preinitialized: bool,
}

impl App {
    /// Reads the process's environment, and starts the log.
    ///
    /// If there are faults, each is logged in a separate line and the
    /// process exits: Lambda then shows them instead of failing every request.
    #[must_use]
    pub fn from_env() -> Self {
        #[expect(clippy::disallowed_methods, reason = "the one place that reads the environment")]
        let vars = |name: &str| std::env::var(name).ok();
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        telemetry::init(&vars, Arc::clone(&clock));
        Self::from_vars(&vars, clock).unwrap_or_else(|ValidationErrors(faults)| {
            for fault in faults {
                tracing::error!(place = fault.place, "{}", fault.detail);
            }
            std::process::exit(1)
        })
    }

    /// Builds the application from named variables.
    ///
    /// # Errors
    /// Every fault of the settings and of the catalog file, together.
    pub fn from_vars(vars: &dyn Fn(&str) -> Option<String>, clock: Arc<dyn Clock>) -> Result<Self, ValidationErrors> {
        let settings = Settings::from_vars(vars).map_err(|faults| with_those_of_the_catalog(faults, vars))?;
        let http = Http::new(settings.roots.as_deref(), settings.upstream_timeout);
        let (http, catalog) = open_catalog(&settings, http, &clock)?;
        let store = shared_store(&settings, &http, &clock);
        let tokens = access_tokens(&settings, &http, &clock);
        let spans = spans_of(&settings, &http)?;
        let powerbi: Arc<dyn PowerBi> =
            Arc::new(PowerBiClient::new(settings.endpoints.powerbi.clone(), http, Arc::clone(&clock)));
        let app = Self::new(&settings, catalog, tokens, powerbi, store, clock);
        Ok(Self { handler: app.handler.with_spans(spans), ..app })
    }

    /// The application with the given implementations of the ports.
    #[must_use]
    pub fn new(
        settings: &Settings,
        catalog: Arc<dyn CatalogReader>,
        tokens: Arc<dyn AccessTokens>,
        powerbi: Arc<dyn PowerBi>,
        store: Option<Arc<SharedStore>>,
        clock: Arc<dyn Clock>,
    ) -> Self {
        let handler = HandlerContext::new(settings, Arc::clone(&clock));
        let embedding = Embedding::new(settings, catalog, tokens, powerbi, store, clock);
        Self { handler, embedding, preinitialized: settings.preinitialized }
    }

    /// Prepares an environment that Lambda starts before a request needs it. The first request then finds the secret
    /// and the access token in the cache.
    ///
    /// The preparation takes 3 s at most. A failure is only logged, because the first request tries again. If Lambda
    /// starts the environment for a waiting request, nothing is prepared: that request fetches the same values at once.
    pub async fn warm_up(&self) {
        if !self.preinitialized {
            return;
        }
        let context = Arc::new(RequestContext::begin(Some(WARM_UP)));
        match self.embedding.warm_up(&context).await {
            Ok(()) => tracing::info!("the environment is ready for its first request"),
            Err(error) => {
                tracing::warn!(
                    cause = error.to_string(),
                    "the environment is not ready; its first request tries again"
                );
            }
        }
    }

    /// The state that all requests share.
    #[must_use]
    pub fn handler(&self) -> &HandlerContext {
        &self.handler
    }

    /// The service behind the routes.
    #[must_use]
    pub fn embedding(&self) -> &Embedding {
        &self.embedding
    }
}

/// Adds the faults of the catalog file to those of the settings, so that both are reported at the same start.
fn with_those_of_the_catalog(mut faults: ValidationErrors, vars: &dyn Fn(&str) -> Option<String>) -> ValidationErrors {
    if let Some(CatalogSource::File(path)) = Settings::catalog_source(vars) {
        faults.0.extend(catalog::load(&path).err().map(|of_catalog| of_catalog.0).unwrap_or_default());
    }
    faults
}

/// Opens the catalog. A catalog in DynamoDB is read through `http`.
fn open_catalog(
    settings: &Settings,
    http: Result<Http, ValidationErrors>,
    clock: &Arc<dyn Clock>,
) -> Result<(Http, Arc<dyn CatalogReader>), ValidationErrors> {
    match &settings.catalog {
        CatalogSource::File(path) => {
            let (http, catalog) = ValidationErrors::join(http, catalog::load(path))?;
            Ok((http, Arc::new(catalog)))
        }
        CatalogSource::DynamoDb(table) => {
            let http = http?;
            let catalog = DynamoDbCatalog::new(settings, table, http.clone(), Arc::clone(clock));
            Ok((http, Arc::new(catalog)))
        }
    }
}

fn spans_of(settings: &Settings, http: &Http) -> Result<Option<Spans>, ValidationErrors> {
    settings.collector.as_ref().map(|collector| Spans::new(collector, http.clone())).transpose()
}

fn shared_store(settings: &Settings, http: &Http, clock: &Arc<dyn Clock>) -> Option<Arc<SharedStore>> {
    let TokenStore(table) = settings.token_store.as_ref()?;
    let table = Arc::new(TokenTable::new(&settings.aws, table, http.clone()));
    Some(Arc::new(SharedStore::new(table, Realm::of(settings), Arc::clone(clock))))
}

fn access_tokens(settings: &Settings, http: &Http, clock: &Arc<dyn Clock>) -> Arc<dyn AccessTokens> {
    let entra = EntraClient::new(&settings.endpoints, http.clone(), Arc::clone(clock));
    Arc::new(EntraTokens::new(entra, principals(settings, http, clock), settings.min_token, Arc::clone(clock)))
}

/// The source of the service principal. With a federated credential, no client of Secrets Manager is built.
fn principals(settings: &Settings, http: &Http, clock: &Arc<dyn Clock>) -> Arc<dyn PrincipalSource> {
    match &settings.credential {
        CredentialSource::Secret(id) => {
            let store = Arc::new(SecretsManager::new(&settings.aws, id, http.clone(), Arc::clone(clock)));
            if settings.token_store.is_none() {
                store.build_client();
            }
            Arc::new(CachedSecret::new(store, settings.secret_ttl, Arc::clone(clock)))
        }
        CredentialSource::Federated(federation) => {
            let sts = StsClient::new(&settings.aws, federation, http.clone(), Arc::clone(clock));
            Arc::new(FederatedPrincipal::new(sts, federation.clone(), Arc::clone(clock)))
        }
    }
}
