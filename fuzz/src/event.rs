//! Whole gateway events, to each of the three functions.
//!
//! Input: the event as Lambda hands it over. All upstreams grant everything, so
//! whatever stands between a caller and another tenant's data is Dynabind.

use std::sync::{Arc, LazyLock};
use std::time::Duration;

use dynabind::App;
use dynabind::catalog::{self, Catalog};
use dynabind::http::GatewayEvent;
use dynabind::ports::CatalogReader;
use serde_json::Value;

use crate::gateway::{self, Answer, FUNCTIONS};
use crate::oracle::{self, Allowed};
use crate::recorder::{Recorder, StoppedClock, settings};

const CATALOG: &str = include_str!("../../devstack/demo/catalog.json");

/// Long enough for any work without a network.
const TIME: Duration = Duration::from_secs(20);

static PARSED: LazyLock<Arc<Catalog>> = LazyLock::new(|| Arc::new(catalog::parse(CATALOG).unwrap()));
static JSON: LazyLock<Value> = LazyLock::new(|| serde_json::from_str(CATALOG).unwrap());

/// The demo's catalog before upstreams that grant everything.
pub(crate) struct Demo {
    app: Arc<App>,
    /// What was asked for.
    pub(crate) recorder: Arc<Recorder>,
}

impl Demo {
    /// Without anything kept.
    pub(crate) fn cold() -> Self {
        let recorder = Arc::new(Recorder::default());
        let catalog: Arc<dyn CatalogReader> = Arc::<Catalog>::clone(&PARSED);
        let app = App::new(&settings(&[]), catalog, recorder.clone(), recorder.clone(), Arc::new(StoppedClock));
        Self { app: Arc::new(app), recorder }
    }

    /// Hands over an event; with such upstreams only the caller can be at fault.
    pub(crate) fn send(&self, function: &'static str, event: &str) -> Option<Answer> {
        let event: GatewayEvent = serde_json::from_str(event).ok()?;
        let answer = gateway::send(&self.app, function, event, TIME, &[]);
        assert!(answer.status < 500, "{}", answer.body);
        Some(answer)
    }
}

/// What a tenant of the demo's catalog may ask for, with user names filled by `fill`.
pub(crate) fn allowed(tenant: &str, fill: impl Fn(&str) -> String) -> Allowed {
    oracle::allowed(&JSON, tenant, None, fill)
}

pub(crate) fn check(input: &[u8]) {
    let Ok(event) = std::str::from_utf8(input) else { return };
    for function in FUNCTIONS {
        let demo = Demo::cold();
        let Some(answer) = demo.send(function, event) else {
            let read: Result<Value, _> = serde_json::from_str(event);
            // Only what is no JSON at all, or nested beyond reason, is not answered.
            assert!(read.is_err(), "no answer");
            return;
        };
        let allowed = allowed(&answer.tenant, str::to_owned);
        for sent in demo.recorder.take() {
            allowed.assert_covers(&sent, false);
        }
        if answer.status == 200 && function == "datasets" {
            for dataset in answer.body["datasets"].as_array().unwrap() {
                assert!(allowed.datasets.contains(dataset["datasetId"].as_str().unwrap()), "{dataset}");
            }
            for report in answer.body["reports"].as_array().unwrap() {
                let id = JSON["reports"][report["report"].as_str().unwrap()]["reportId"].as_str().unwrap();
                assert!(allowed.reports.contains(id), "{report}");
            }
        }
    }
}
