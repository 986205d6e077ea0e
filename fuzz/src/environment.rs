//! An execution environment with a catalog and fake upstreams. It handles gateway events and records the token requests.

mod upstreams;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use dynabind::App;
use dynabind::clock::Clock;
use serde_json::Value;
use test_support::clock::ManualClock;

use self::upstreams::State;
use crate::fixtures::variables;
use crate::gateway::{self, Answer};
use crate::http::Server;
use crate::oracle::{Contents, Issued};
use crate::tables::Tables;

pub use self::upstreams::Fault;

/// The contents of Power BI.
#[derive(Clone, Debug, Default)]
pub struct PowerBiContents {
    /// The datasets of each workspace.
    pub contents: Contents,
    /// The dataset that each report was built on, by the id of the report.
    pub own_datasets: BTreeMap<String, String>,
}

impl PowerBiContents {
    /// The datasets of a catalog, in their workspaces.
    #[must_use]
    pub fn of_catalog(catalog: &Value) -> Self {
        let lower = |value: &Value| value.as_str().unwrap_or_default().to_lowercase();
        let mut powerbi = Self::default();
        for dataset in catalog["datasets"].as_object().into_iter().flat_map(serde_json::Map::values) {
            powerbi.contents.entry(lower(&dataset["workspaceId"])).or_default().insert(lower(&dataset["datasetId"]));
        }
        powerbi
    }
}

/// One environment: all three functions, which share one set of caches.
pub struct Environment {
    /// The clock of the functions and the upstreams.
    pub clock: Arc<ManualClock>,
    app: Arc<App>,
    variables: BTreeMap<String, String>,
    _catalog: CatalogFile,
    state: Arc<Mutex<State>>,
    _server: Server,
}

/// The table through which environments share tokens.
pub const TOKEN_TABLE: &str = "tokens";

impl Environment {
    /// A new environment.
    ///
    /// # Errors
    /// The faults of the settings or the catalog, as text.
    pub async fn open(catalog: &str, powerbi: PowerBiContents, more: &[(&str, &str)]) -> Result<Self, String> {
        let clock = Arc::<ManualClock>::default();
        let state = State::new(Arc::clone(&clock) as _, powerbi.contents, powerbi.own_datasets);
        let state = Arc::new(Mutex::new(state));
        let server = upstreams::start(Arc::clone(&state)).await;
        let file = CatalogFile::write(catalog);
        let (entra, powerbi, secrets) = (server.url("entra"), server.url("powerbi"), server.url("secretsmanager"));
        let dynamodb = server.url("dynamodb");
        let place = format!("file:{}", file.0.display());
        let mut given = vec![
            ("DYNABIND_CATALOG", place.as_str()),
            ("DYNABIND_ENTRA_URL", &entra),
            ("DYNABIND_POWERBI_URL", &powerbi),
            ("AWS_ENDPOINT_URL_SECRETS_MANAGER", &secrets),
            ("AWS_ENDPOINT_URL_DYNAMODB", &dynamodb),
        ];
        given.extend(more);
        let variables: BTreeMap<_, _> = given.iter().map(|(n, value)| ((*n).to_owned(), (*value).to_owned())).collect();
        let app = app(&variables, &clock)?;
        Ok(Self { clock, app, variables, _catalog: file, state, _server: server })
    }

    /// Continues with a new environment, with empty memory.
    ///
    /// # Panics
    /// When the application does not start a second time.
    pub fn restart(&mut self) {
        self.app = app(&self.variables, &self.clock).unwrap();
    }

    /// The tables.
    ///
    /// # Panics
    /// When a test has panicked while it changed them.
    pub fn with_tables<T>(&self, change: impl FnOnce(&mut Tables) -> T) -> T {
        change(&mut self.state().tables)
    }

    /// The application, for tests that send events themselves.
    #[must_use]
    pub fn app(&self) -> &Arc<App> {
        &self.app
    }

    /// Sends an event to a function with 20 s by the application's clock.
    ///
    /// # Panics
    /// When the answer breaks the contract.
    pub async fn send(&self, function: &'static str, event: &Value) -> Answer {
        let read = serde_json::from_value(event.clone()).unwrap();
        let deadline = self.clock.now() + Duration::from_secs(20);
        gateway::deliver(&self.app, function, read, deadline, &[]).await
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }

    /// The token with this text, and its request.
    #[must_use]
    pub fn issued(&self, token: &str) -> Option<Issued> {
        self.state().issued.get(token).cloned()
    }

    /// How many tokens Power BI has made so far.
    #[must_use]
    pub fn count_of_issued(&self) -> usize {
        self.state().issued.len()
    }

    /// Every token that Power BI has made so far.
    #[must_use]
    pub fn all_issued(&self) -> Vec<Issued> {
        self.state().issued.values().cloned().collect()
    }

    /// The upstream calls since the last call of this method, as `METHOD /path`.
    #[must_use]
    pub fn take_calls(&self) -> Vec<String> {
        std::mem::take(&mut self.state().calls)
    }

    /// Injects a fault into the next call whose `METHOD /path` contains `route`.
    pub fn fail(&self, route: &str, fault: Fault) {
        self.state().faults.push((route.to_owned(), fault));
    }

    /// Removes all faults.
    pub fn clear_faults(&self) {
        self.state().faults.clear();
    }

    /// Moves a dataset to a workspace, or out of all workspaces.
    pub fn move_dataset(&self, dataset: &str, workspace: Option<&str>) {
        let mut state = self.state();
        for datasets in state.contents.values_mut() {
            datasets.remove(dataset);
        }
        if let Some(workspace) = workspace {
            state.contents.entry(workspace.to_owned()).or_default().insert(dataset.to_owned());
        }
    }

    /// The current contents of each workspace.
    #[must_use]
    pub fn contents(&self) -> Contents {
        self.state().contents.clone()
    }

    /// Sets the lifetime of new access tokens.
    pub fn set_access_token_life(&self, life: Duration) {
        self.state().access_token_life = life;
    }
}

fn app(given: &BTreeMap<String, String>, clock: &Arc<ManualClock>) -> Result<Arc<App>, String> {
    let given: Vec<_> = given.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    let app = App::from_vars(&variables(&given), Arc::clone(clock) as _);
    app.map(Arc::new).map_err(|faults| format!("{faults:?}"))
}

/// A temporary catalog file.
struct CatalogFile(PathBuf);

impl CatalogFile {
    fn write(text: &str) -> Self {
        static COUNT: AtomicU64 = AtomicU64::new(0);
        let name = format!("dynabind-{}-{}.json", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        let path = std::env::temp_dir().join(name);
        std::fs::write(&path, text).unwrap();
        Self(path)
    }
}

impl Drop for CatalogFile {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}
