//! Catalogs, well and badly written.
//!
//! Input: the file's text. One that is refused is refused with places that
//! exist; one that is taken allows exactly what its grants say.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;
use std::time::Duration;

use dynabind::catalog::{self, Catalog};
use dynabind::domain::{BindingRequest, Caller, Denial, Mode};
use dynabind::embedding::{BindingsRequest, Embedding, EmbeddingError};
use dynabind::json::JsonFault;
use dynabind::request::Call;
use serde_json::{Value, json};

use crate::identity_templates::filled;
use crate::oracle;
use crate::recorder::{Recorder, StoppedClock, dataset_of_workspace, settings};
use crate::{gateway, log};

/// How many faults are told at once.
const MOST_FAULTS: usize = 50;

/// Of each kind of thing in a catalog, this many are tried.
const TRIED: usize = 3;

const MODES: [(&str, Mode); 3] = [("view", Mode::View), ("edit", Mode::Edit), ("create", Mode::Create)];

pub(crate) fn check(input: &[u8]) {
    let Ok(text) = std::str::from_utf8(input) else { return };
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let json = serde_json::from_str::<Value>(text).ok();
    match (catalog::parse(text), json) {
        (Err(faults), json) => check_faults(&faults, json.as_ref()),
        (Ok(catalog), Some(json)) => check_grants(Arc::new(catalog), &json),
        (Ok(_), None) => panic!("taken, and no JSON"),
    }
}

fn check_faults(faults: &[JsonFault], json: Option<&Value>) {
    assert!((1..=MOST_FAULTS).contains(&faults.len()), "{} faults", faults.len());
    // Of two fields of one name, the one that is kept here may be another than the one at fault.
    let is_repeated = faults.len() == MOST_FAULTS || faults.iter().any(|fault| fault.detail.contains("stands twice"));
    for fault in faults {
        assert!(!fault.detail.is_empty());
        let there = json.is_none_or(|json| json.pointer(&fault.pointer).is_some());
        assert!(there || is_repeated, "{} is no place of the file", fault.pointer);
    }
}

/// A caller of the catalog's, in one group at most.
struct Asking<'c> {
    json: &'c Value,
    tenant: &'c str,
    groups: Vec<&'c str>,
    claims: HashMap<String, String>,
}

impl<'c> Asking<'c> {
    fn new(json: &'c Value, tenant: &'c str, group: Option<&'c str>) -> Self {
        let groups: Vec<_> = group.into_iter().collect();
        let listed = json!(groups).to_string();
        let claims = [("sub", "s"), ("email", "e@x"), ("tenant", tenant), ("groups", &listed)];
        Self { json, tenant, groups, claims: claims.map(|(name, value)| (name.to_owned(), value.to_owned())).into() }
    }

    /// Whether one grant has it all: group, mode, report and dataset.
    fn is_granted(&self, report: Option<&str>, dataset: &str, mode: &str) -> bool {
        let grants = self.json["tenants"][self.tenant]["grants"].as_array().unwrap();
        grants.iter().any(|grant| {
            let has = |list: &str, wanted: &str| texts(&grant[list]).any(|text| text == wanted);
            let in_group = grant["groups"].is_null() || self.groups.iter().any(|group| has("groups", group));
            let in_mode = if grant["modes"].is_null() { mode == "view" } else { has("modes", mode) };
            let by_workspace =
                || texts(&grant["workspaces"]).any(|id| dataset_of_workspace(id) == dataset.to_lowercase());
            in_group
                && in_mode
                && report.is_none_or(|report| has("reports", report))
                && (has("datasets", dataset) || by_workspace())
        })
    }
}

fn texts(json: &Value) -> impl Iterator<Item = &str> {
    json.as_array().into_iter().flatten().filter_map(Value::as_str)
}

fn keys(json: &Value) -> impl Iterator<Item = &str> {
    json.as_object().unwrap().keys().map(String::as_str)
}

fn check_grants(catalog: Arc<Catalog>, json: &Value) {
    log::begin();
    let recorder = Arc::new(Recorder::default());
    let embedding = Embedding::new(
        &settings(&[("DYNABIND_FRESH_TOKENS_PER_MINUTE", "100000")]),
        catalog,
        recorder.clone(),
        recorder.clone(),
        Arc::new(StoppedClock),
    );
    for tenant in keys(&json["tenants"]).take(TRIED) {
        let grants = json["tenants"][tenant]["grants"].as_array().unwrap();
        let groups: BTreeSet<_> = grants.iter().flat_map(|grant| texts(&grant["groups"])).take(TRIED).collect();
        for group in groups.into_iter().map(Some).chain([None]) {
            check_caller(&embedding, &recorder, &Asking::new(json, tenant, group));
        }
    }
    log::end(&[]);
}

fn check_caller(embedding: &Embedding, recorder: &Recorder, asking: &Asking<'_>) {
    let Some(caller) = Caller::from_verified_claims(asking.claims.clone(), "tenant", "groups") else { return };
    let grants = asking.json["tenants"][asking.tenant]["grants"].as_array().unwrap();
    let opened = grants.iter().flat_map(|grant| texts(&grant["workspaces"])).map(dataset_of_workspace).take(TRIED);
    let datasets: Vec<_> = keys(&asking.json["datasets"]).take(TRIED).map(str::to_owned).chain(opened).collect();
    let reports: Vec<_> = keys(&asking.json["reports"]).take(TRIED).map(Some).chain([None]).collect();
    for (mode_name, mode) in MODES {
        for report in reports.iter().filter(|report| report.is_some() || mode == Mode::Create) {
            for dataset in datasets.iter().map(Some).chain([None]) {
                let Some(binding) = binding(*report, dataset, mode) else { continue };
                let answer = ask(embedding, &caller, binding);
                let granted = dataset.map(|dataset| asking.is_granted(*report, dataset, mode_name));
                assert_is_answer_to(granted, &answer);
            }
        }
    }
    let fill = |template: &str| filled(template, &asking.claims).unwrap_or_default();
    let allowed = oracle::allowed(asking.json, asking.tenant, Some(&asking.groups), fill);
    for sent in recorder.take() {
        allowed.assert_covers(&sent, true);
    }
}

fn binding(report: Option<&str>, dataset: Option<&String>, mode: Mode) -> Option<BindingRequest> {
    let report = report.map(|key| key.parse().expect("a key of a good catalog"));
    // Without hyphens it is no key, but the id of a workspace with a strange GUID always is one.
    let dataset = dataset.map(|key| key.parse()).transpose().ok()?;
    Some(BindingRequest { report, dataset, mode })
}

fn ask(embedding: &Embedding, caller: &Caller, binding: BindingRequest) -> Result<(), EmbeddingError> {
    let request = BindingsRequest { bindings: vec![binding], lifetime_minutes: None };
    gateway::block_on(async {
        let call = Arc::new(Call::begin(Some(Duration::from_secs(20))));
        embedding.token(&call, caller, &request).await.map(drop)
    })
}

/// `granted` is what the grants say; `None` where the dataset was left to them.
fn assert_is_answer_to(granted: Option<bool>, answer: &Result<(), EmbeddingError>) {
    let is_denied = match answer {
        // What is granted may still lack a claim, or need more datasets than one token takes.
        Ok(())
        | Err(EmbeddingError::Unshareable(_) | EmbeddingError::Denied { denial: Denial::ClaimMissing { .. }, .. }) => {
            false
        }
        Err(EmbeddingError::Denied { denial: Denial::NotEntitled, .. }) => true,
        Err(EmbeddingError::Denied { denial: Denial::DatasetRequired, .. }) if granted.is_none() => return,
        Err(error) => panic!("{error:?}"),
    };
    assert!(granted.is_none_or(|granted| granted != is_denied), "granted: {granted:?}, answered: {answer:?}");
}
