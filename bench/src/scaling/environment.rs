//! One execution environment: the real service, with its own cache.

use std::ops::Range;
use std::sync::Arc;
use std::time::SystemTime;

use dynabind::domain::{BindingRequest, Caller, Mode};
use dynabind::embedding::{BindingsRequest, Embedding, TokenAnswer};
use dynabind::ports::{AccessTokens, PowerBi, SharedTable};
use dynabind::request::RequestContext;
use dynabind::settings::Settings;
use dynabind::store::{Realm, SharedStore};
use serde_json::{Map, Value, json};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::table::CountedTable;
use super::upstreams::{Counted, Counters};
use super::{Load, Sharing};
use crate::Error;
use crate::upstream::WORKSPACE;

pub(super) struct Environment {
    embedding: Embedding,
}

impl Environment {
    pub(super) fn start(load: &Load, counters: &Arc<Counters>, table: &Arc<CountedTable>) -> Result<Self, Error> {
        let settings = Settings::from_vars(&variable).map_err(|faults| format!("{faults:?}"))?;
        let catalog = dynabind::catalog::parse(&catalog(load)).map_err(|faults| format!("{faults:?}"))?;
        let upstreams = Arc::new(Counted::new(Arc::clone(counters)));
        let embedding = Embedding::new(
            &settings,
            Arc::new(catalog),
            Arc::clone(&upstreams) as Arc<dyn AccessTokens>,
            upstreams as Arc<dyn PowerBi>,
            load.store.then(|| store(&settings, counters, table)),
            counters.clock(),
        );
        Ok(Self { embedding })
    }

    /// Requests a token, and returns the range of times, in milliseconds, of the page's next request.
    pub(super) async fn ask(&self, caller: &Caller) -> Result<Range<u64>, Error> {
        let tenant = caller.tenant().unwrap_or_default();
        let binding =
            BindingRequest { report: Some("report".parse()?), dataset: Some(tenant.parse()?), mode: Mode::View };
        let request = BindingsRequest { bindings: vec![binding], lifetime_minutes: None };
        let context = Arc::new(RequestContext::begin(None));
        let answer = self.embedding.token(&context, caller, &request).await.map_err(|error| format!("{error:?}"))?;
        asks_again(&answer)
    }
}

fn store(settings: &Settings, counters: &Counters, table: &Arc<CountedTable>) -> Arc<SharedStore> {
    let table = Arc::clone(table) as Arc<dyn SharedTable>;
    Arc::new(SharedStore::new(table, Realm::of(settings), counters.clock()))
}

/// The same calculation as in the TypeScript client: a time in the first half of the lifetime that is left after
/// `refreshAfter`.
fn asks_again(answer: &TokenAnswer) -> Result<Range<u64>, Error> {
    let answer = serde_json::to_value(answer)?;
    let (earliest, end) = (millis_of(&answer["refreshAfter"])?, millis_of(&answer["expiration"])?);
    Ok(earliest..earliest + (end - earliest).max(2) / 2)
}

fn millis_of(instant: &Value) -> Result<u64, Error> {
    let at: SystemTime = OffsetDateTime::parse(instant.as_str().unwrap_or_default(), &Rfc3339)?.into();
    Ok(u64::try_from(at.duration_since(SystemTime::UNIX_EPOCH)?.as_millis())?)
}

fn variable(name: &str) -> Option<String> {
    let required = ["DYNABIND_SECRET_ID", "AWS_REGION", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"];
    required.contains(&name).then(|| "simulated".to_owned())
}

/// A user of one of the tenants.
pub(super) fn caller(load: &Load, user: usize) -> Result<Caller, Error> {
    let (tenant, email) = (tenant(user % load.tenants), format!("user-{user}@example.com"));
    crate::catalog::caller(&json!({ "sub": email, "email": email, "tenant": tenant }))
}

fn tenant(number: usize) -> String {
    format!("tenant-{number}")
}

/// A dataset for each tenant, of the same name.
fn catalog(load: &Load) -> String {
    let entries = |entry: &dyn Fn(usize) -> Value| -> Map<String, Value> {
        (0..load.tenants).map(|number| (tenant(number), entry(number))).collect()
    };
    let dataset = |number: usize| {
        let id = format!("00000000-0000-4000-8000-{number:012x}");
        let mut dataset = json!({"name": tenant(number), "workspaceId": WORKSPACE, "datasetId": id});
        if load.sharing == Sharing::PerUser {
            dataset["identity"] = json!({"username": "{email}", "roles": ["Reader"]});
        }
        dataset
    };
    let grants = |number: usize| json!({"grants": [{"reports": ["report"], "datasets": [tenant(number)]}]});
    json!({
        "reports": {"report": {"name": "Sales", "workspaceId": WORKSPACE, "reportId": WORKSPACE}},
        "datasets": entries(&dataset),
        "tenants": entries(&grants),
    })
    .to_string()
}
