//! Tenant isolation, as a property: whatever the catalog and the request, a
//! token request never names a dataset, report or identity outside the caller's
//! grants.
//!
//! The oracle below reads the catalog's JSON by itself and knows nothing of how
//! the product decides.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use async_trait::async_trait;
use dynabind::catalog;
use dynabind::clock::SystemClock;
use dynabind::domain::{BindingRequest, Caller, DatasetId, Mode, ReportId, TokenRequest, UserAssertion};
use dynabind::embedding::{BindingsRequest, Embedding};
use dynabind::ports::{AccessTokens, DatasetMetadata, Item, ListedDataset, PowerBi, ReportMetadata, WorkspaceMetadata};
use dynabind::request::Call;
use dynabind::settings::Settings;
use dynabind::token::{AccessToken, EmbedToken, Expiry};
use dynabind::upstream::{Effort, UpstreamError};
use proptest::prelude::*;
use serde_json::{Value, json};

const TENANTS: [&str; 3] = ["t0", "t1", "t2"];
const GROUPS: [&str; 3] = ["g0", "g1", "g2"];
const MODES: [&str; 3] = ["view", "edit", "create"];
const ITEMS: usize = 5;

/// A GUID from which kind and number can be read back.
fn guid(kind: u8, number: usize) -> String {
    format!("{kind:08x}-0000-4000-8000-{number:012x}")
}

/// Grants every token request and remembers it.
#[derive(Default)]
struct Recorder(Mutex<Vec<TokenRequest>>);

#[async_trait]
impl AccessTokens for Recorder {
    fn is_ready(&self, _: Option<&UserAssertion>) -> bool {
        true
    }

    async fn get(&self, _: &Arc<Call>, _: Option<&UserAssertion>) -> Result<AccessToken, UpstreamError> {
        Ok(AccessToken { value: "access".to_owned().into(), expiry: an_hour() })
    }

    fn discard(&self, _: Option<&UserAssertion>, _: &AccessToken) {}
}

fn an_hour() -> Expiry {
    let life = Duration::from_hours(1);
    Expiry { at: SystemTime::UNIX_EPOCH + Duration::from_secs(4_000_000_000), life }
}

#[async_trait]
impl PowerBi for Recorder {
    fn connect_ahead(&self, _: usize) {}

    async fn generate_token(
        &self,
        _: &Arc<Call>,
        _: &AccessToken,
        request: &TokenRequest,
        _: Effort,
    ) -> Result<EmbedToken, UpstreamError> {
        self.0.lock().unwrap().push(request.clone());
        Ok(EmbedToken { value: "embed".to_owned().into(), id: "id".to_owned(), expiry: an_hour() })
    }

    async fn report(
        &self,
        _: &Arc<Call>,
        _: &AccessToken,
        _: Item<ReportId>,
        _: Effort,
    ) -> Result<ReportMetadata, UpstreamError> {
        Ok(ReportMetadata { embed_url: "https://app.powerbi.com/reportEmbed".parse().unwrap(), own_dataset: None })
    }

    async fn dataset(
        &self,
        _: &Arc<Call>,
        _: &AccessToken,
        _: Item<DatasetId>,
        _: Effort,
    ) -> Result<DatasetMetadata, UpstreamError> {
        let create_report_embed_url = Some("https://app.powerbi.com/reportEmbed".parse().unwrap());
        Ok(DatasetMetadata { identity_required: false, identity_roles_required: false, create_report_embed_url })
    }

    async fn datasets(
        &self,
        _: &Arc<Call>,
        _: &AccessToken,
        item: Item<()>,
        _: Effort,
    ) -> Result<Vec<ListedDataset>, UpstreamError> {
        // Workspace `n` holds the uncatalogued dataset `n`.
        let id = item.workspace.to_string().replacen("00000001", "00000009", 1).parse().unwrap();
        let metadata =
            DatasetMetadata { identity_required: false, identity_roles_required: false, create_report_embed_url: None };
        Ok(vec![ListedDataset { id, name: "listed".to_owned(), metadata }])
    }

    async fn workspace(
        &self,
        _: &Arc<Call>,
        _: &AccessToken,
        _: Item<()>,
        _: Effort,
    ) -> Result<WorkspaceMetadata, UpstreamError> {
        Ok(WorkspaceMetadata { on_capacity: true })
    }
}

fn subset(of: &'static [&'static str], at_least: usize) -> impl Strategy<Value = Vec<&'static str>> {
    proptest::sample::subsequence(of.to_vec(), at_least..=of.len())
}

fn keys(prefix: &'static str) -> impl Strategy<Value = Vec<String>> {
    proptest::sample::subsequence((0..ITEMS).map(|n| format!("{prefix}{n}")).collect::<Vec<_>>(), 0..=3)
}

prop_compose! {
    fn grant()(
        reports in keys("r"), datasets in keys("d"), modes in subset(&MODES, 1), groups in proptest::option::of(subset(&GROUPS, 1)),
        workspaces in proptest::collection::vec(0..3_usize, 0..=1), save in proptest::option::of(0..3_usize),
    ) -> Value {
        let mut grant = json!({ "reports": reports, "datasets": datasets, "modes": modes,
            "workspaces": workspaces.into_iter().map(|n| guid(1, n)).collect::<Vec<_>>() });
        if let Some(groups) = groups { grant["groups"] = json!(groups); }
        if let Some(save) = save { grant["saveTo"] = json!(guid(1, save)); }
        grant
    }
}

prop_compose! {
    fn catalog()(
        grants in proptest::collection::vec(proptest::collection::vec(grant(), 0..4), TENANTS.len()),
        identities in proptest::collection::vec(proptest::option::of("[a-z]{1,3}-\\{(email|sub)\\}"), ITEMS),
        also_needs in proptest::collection::vec(proptest::collection::vec(20..25_usize, 0..2), ITEMS),
    ) -> Value {
        let report = |n: usize| (format!("r{n}"), json!({ "name": "R", "workspaceId": guid(1, 7), "reportId": guid(2, n) }));
        let dataset = |n: usize| {
            let more: Vec<_> = also_needs[n].iter().map(|n| guid(3, *n)).collect();
            let mut dataset = json!({ "name": "D", "workspaceId": guid(1, 7), "datasetId": guid(3, n), "alsoNeeds": more });
            if let Some(username) = &identities[n] { dataset["identity"] = json!({ "username": username }); }
            (format!("d{n}"), dataset)
        };
        let tenants = TENANTS.iter().zip(grants).map(|(tenant, grants)| ((*tenant).to_owned(), json!({ "grants": grants })));
        json!({
            "reports": Value::Object((0..ITEMS).map(report).collect()),
            "datasets": Value::Object((0..ITEMS).map(dataset).collect()),
            "tenants": Value::Object(tenants.collect()),
        })
    }
}

prop_compose! {
    fn binding()(
        report in proptest::option::weighted(0.9, 0..ITEMS), mode in 0..3_usize,
        dataset in prop_oneof![3 => (0..ITEMS).prop_map(|n| Some(format!("d{n}"))), 1 => (0..3_usize).prop_map(|n| Some(guid(9, n))), 1 => Just(None)],
    ) -> BindingRequest {
        BindingRequest {
            report: report.map(|n| format!("r{n}").parse().unwrap()),
            dataset: dataset.map(|key| key.parse().unwrap()),
            mode: [Mode::View, Mode::Edit, Mode::Create][mode],
        }
    }
}

/// What the caller's grants name, read from the JSON alone.
struct Allowed {
    reports: BTreeSet<String>,
    editable: BTreeSet<String>,
    datasets: BTreeSet<String>,
    identities: HashMap<String, Option<String>>,
    save_to: BTreeSet<String>,
}

fn allowed(catalog: &Value, tenant: &str, groups: &[&str], email: &str) -> Allowed {
    let mut allowed = Allowed {
        reports: BTreeSet::new(),
        editable: BTreeSet::new(),
        datasets: BTreeSet::new(),
        identities: HashMap::new(),
        save_to: BTreeSet::new(),
    };
    for grant in catalog["tenants"][tenant]["grants"].as_array().unwrap() {
        let wanted = grant["groups"].as_array();
        if wanted.is_some_and(|wanted| !wanted.iter().any(|group| groups.contains(&group.as_str().unwrap()))) {
            continue;
        }
        for key in grant["reports"].as_array().unwrap() {
            let id = catalog["reports"][key.as_str().unwrap()]["reportId"].as_str().unwrap().to_owned();
            if grant["modes"].as_array().unwrap().contains(&json!("edit")) {
                allowed.editable.insert(id.clone());
            }
            allowed.reports.insert(id);
        }
        for key in grant["datasets"].as_array().unwrap() {
            let dataset = &catalog["datasets"][key.as_str().unwrap()];
            let id = dataset["datasetId"].as_str().unwrap().to_owned();
            let username = dataset["identity"]["username"].as_str();
            let username = username.map(|text| text.replace("{email}", email).replace("{sub}", "the-subject"));
            allowed.identities.insert(id.clone(), username);
            allowed.datasets.insert(id);
            allowed
                .datasets
                .extend(dataset["alsoNeeds"].as_array().unwrap().iter().map(|id| id.as_str().unwrap().to_owned()));
        }
        for workspace in grant["workspaces"].as_array().unwrap() {
            allowed.datasets.insert(workspace.as_str().unwrap().replacen("00000001", "00000009", 1));
        }
        allowed.save_to.extend(grant["saveTo"].as_str().map(str::to_owned));
    }
    allowed
}

fn settings() -> Settings {
    Settings::from_vars(&|name| {
        (name.starts_with("AWS_") && !name.contains("URL") || name == "DYNABIND_SECRET_ID").then(|| "x".to_owned())
    })
    .unwrap()
}

fn caller(tenant: &str, groups: &[&str], email: &str) -> Caller {
    let groups = format!("[{}]", groups.join(" "));
    let claims = [("sub", "the-subject"), ("tenant", tenant), ("groups", &groups), ("email", email)];
    Caller::from_verified_claims(claims.map(|(k, v)| (k.to_owned(), v.to_owned())).into(), "tenant", "groups").unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn a_token_request_stays_inside_the_callers_grants(
        catalog in catalog(), tenant in proptest::sample::select(TENANTS.to_vec()), groups in subset(&GROUPS, 0),
        email in "[a-z]{1,5}", bindings in proptest::collection::vec(binding(), 1..4),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        let recorder = Arc::new(Recorder::default());
        let parsed = Arc::new(catalog::parse(&catalog.to_string()).unwrap());
        let embedding = Embedding::new(&settings(), parsed, recorder.clone(), recorder.clone(), Arc::new(SystemClock));
        let request = BindingsRequest { bindings, lifetime_minutes: None };
        let caller = caller(tenant, &groups, &email);
        let _ = runtime.block_on(async { embedding.config(&Arc::new(Call::begin(None)), &caller, &request).await });

        let allowed = allowed(&catalog, tenant, &groups, &email);
        for sent in recorder.0.lock().unwrap().iter() {
            for (report, edit) in sent.reports() {
                prop_assert!(allowed.reports.contains(&report.to_string()));
                prop_assert!(!edit || allowed.editable.contains(&report.to_string()));
            }
            for dataset in sent.datasets().keys() {
                prop_assert!(allowed.datasets.contains(&dataset.to_string()), "{dataset}");
            }
            for workspace in sent.target_workspaces() {
                prop_assert!(allowed.save_to.contains(&workspace.to_string()));
            }
            let mut under_identity = BTreeSet::new();
            for scope in sent.identities() {
                for dataset in &scope.datasets {
                    prop_assert_eq!(allowed.identities.get(&dataset.to_string()), Some(&Some(scope.identity.username.clone())));
                    prop_assert!(under_identity.insert(*dataset), "one dataset under two identities");
                }
            }
            // A dataset whose entry has an identity never goes without it.
            for dataset in sent.datasets().keys().filter(|id| allowed.identities.get(&id.to_string()).is_some_and(Option::is_some)) {
                prop_assert!(under_identity.contains(dataset));
            }
        }
    }
}

/// The property above would hold of a product that refuses everything.
#[tokio::test]
async fn what_a_grant_allows_is_granted() {
    let catalog = json!({
        "reports": { "r0": { "name": "R", "workspaceId": guid(1, 7), "reportId": guid(2, 0) } },
        "datasets": { "d0": { "name": "D", "workspaceId": guid(1, 7), "datasetId": guid(3, 0) } },
        "tenants": { "t0": { "grants": [{ "reports": ["r0"], "datasets": ["d0"], "workspaces": [guid(1, 2)] }] } },
    });
    let recorder = Arc::new(Recorder::default());
    let parsed = Arc::new(catalog::parse(&catalog.to_string()).unwrap());
    let embedding = Embedding::new(&settings(), parsed, recorder.clone(), recorder.clone(), Arc::new(SystemClock));
    for dataset in ["d0".to_owned(), guid(9, 2)] {
        let binding = BindingRequest {
            report: Some("r0".parse().unwrap()),
            dataset: Some(dataset.parse().unwrap()),
            mode: Mode::View,
        };
        let request = BindingsRequest { bindings: vec![binding], lifetime_minutes: None };
        let answer = embedding.token(&Arc::new(Call::begin(None)), &caller("t0", &[], "e"), &request).await;
        assert!(answer.is_ok(), "{answer:?}");
    }
    assert_eq!(recorder.0.lock().unwrap().len(), 2);
}
