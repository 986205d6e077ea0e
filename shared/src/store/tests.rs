//! The store over a table in memory that can be slow, broken or full of garbage.

mod subjects;
mod turns;

use std::collections::HashMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;
use serde_json::{Value, json};

use super::*;
use crate::domain::Expiry;
use crate::domain::{
    Authorization, BindingRequest, Caller, Entries, Found, OwnDatasets, ProfileId, ReportId, Viewer, WorkspaceId,
};
use crate::gateway::VerifiedClaims;
use crate::ports::{ActorKey, SharedItem};
use crate::settings::Settings;
use crate::upstream::{Upstream, UpstreamError, UpstreamErrorKind};

const MINUTE: Duration = Duration::from_mins(1);

#[derive(Debug)]
struct Hands(Mutex<SystemTime>);

impl Hands {
    fn advance(&self, by: Duration) {
        *self.0.lock().unwrap() += by;
    }
}

impl Clock for Hands {
    fn now(&self) -> SystemTime {
        *self.0.lock().unwrap()
    }
}

/// How the table behaves.
#[derive(Clone, Copy, Default)]
struct Behaviour {
    read: Option<Trouble>,
    write: Option<Trouble>,
}

#[derive(Clone, Copy, Debug)]
enum Trouble {
    Slow(Duration),
    Fails,
}

#[derive(Default)]
struct Memory {
    items: Mutex<HashMap<String, SharedSlot>>,
    behaviour: Mutex<Behaviour>,
    reads: AtomicUsize,
    writes: AtomicUsize,
}

impl Memory {
    async fn suffer(trouble: Option<Trouble>, limit: Duration) -> Result<(), UpstreamError> {
        let error = || Err(UpstreamError::new(Upstream::TokenStore, UpstreamErrorKind::Failed, "scripted failure"));
        match trouble {
            None => Ok(()),
            Some(Trouble::Fails) => error(),
            Some(Trouble::Slow(by)) => match tokio::time::timeout(limit, tokio::time::sleep(by)).await {
                Ok(()) => Ok(()),
                Err(_) => error(),
            },
        }
    }

    fn only(&self) -> SharedItem {
        let items = self.items.lock().unwrap();
        let SharedSlot::Item(item) = items.values().next().unwrap() else { panic!("no item") };
        item.clone()
    }

    fn set(&self, change: impl FnOnce(&mut SharedItem)) {
        let mut items = self.items.lock().unwrap();
        let SharedSlot::Item(item) = items.values_mut().next().unwrap() else { panic!("no item") };
        change(item);
    }
}

#[async_trait]
impl SharedTable for Memory {
    async fn get(&self, _: &RequestContext, key: &str, limit: Duration) -> Result<SharedSlot, UpstreamError> {
        self.reads.fetch_add(1, Ordering::Relaxed);
        let trouble = self.behaviour.lock().unwrap().read;
        Self::suffer(trouble, limit).await?;
        Ok(self.items.lock().unwrap().get(key).cloned().unwrap_or(SharedSlot::Empty))
    }

    async fn put(
        &self,
        _: &RequestContext,
        key: &str,
        item: SharedItem,
        condition: PutCondition,
        limit: Duration,
    ) -> Result<bool, UpstreamError> {
        self.writes.fetch_add(1, Ordering::Relaxed);
        let trouble = self.behaviour.lock().unwrap().write;
        Self::suffer(trouble, limit).await?;
        let mut items = self.items.lock().unwrap();
        let holds = match (condition, items.get(key)) {
            (PutCondition::Always, _) | (PutCondition::IfEmpty, None) => true,
            (PutCondition::IfVersion(version), Some(SharedSlot::Item(item))) => item.version == version,
            _ => false,
        };
        if holds {
            items.insert(key.to_owned(), SharedSlot::Item(item));
        }
        Ok(holds)
    }
}

struct Bench {
    table: Arc<Memory>,
    clock: Arc<Hands>,
    request: TokenRequest,
}

impl Bench {
    fn new() -> Self {
        let clock = Arc::new(Hands(Mutex::new(SystemTime::UNIX_EPOCH + Duration::from_hours(498_747))));
        Self { table: Arc::default(), clock, request: request("contoso", None) }
    }

    /// Another environment over the same table.
    fn environment(&self) -> SharedStore {
        SharedStore::new(Arc::clone(&self.table) as _, realm(&[]), Arc::clone(&self.clock) as _)
    }

    fn token(&self, id: &str, life: Duration) -> EmbedToken {
        let expiry = Expiry { at: self.clock.now() + life, life };
        EmbedToken { value: format!("token-{id}").into(), id: id.to_owned(), expiry }
    }

    async fn turn(&self, store: &SharedStore, in_memory: Option<EmbedToken>) -> Turn {
        store.token(&context(), &self.request, in_memory, margin).await
    }

    /// Makes a token in an environment of its own and shares it.
    async fn share(&self, id: &str, life: Duration) {
        let store = self.environment();
        let Turn::Make { .. } = self.turn(&store, None).await else { panic!("there is one") };
        let context = context();
        store.keep_token(&context, &self.request, &self.token(id, life));
        store.settle(&context).await;
    }
}

fn margin(life: Duration) -> Duration {
    (15 * MINUTE).min(life / 2)
}

fn context() -> Arc<RequestContext> {
    Arc::new(RequestContext::begin(None))
}

fn realm(more: &[(&str, &str)]) -> Realm {
    let needed = ["DYNABIND_SECRET_ID", "AWS_REGION", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"];
    let more: HashMap<_, _> = more.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    let vars = |name: &str| more.get(name).cloned().or_else(|| needed.contains(&name).then(|| "x".to_owned()));
    Realm::of(&Settings::from_vars(&vars).unwrap())
}

fn guid(kind: u8, number: u8) -> String {
    format!("{kind:08}-0000-4000-8000-{number:012}")
}

fn request(email: &str, lifetime_minutes: Option<u16>) -> TokenRequest {
    let dataset = json!({
        "name": "D", "workspaceId": guid(1, 1), "datasetId": guid(3, 1), "identity": { "username": "{email}" },
    });
    request_for(&dataset, &json!({ "reports": ["r"], "datasets": ["d"] }), email, lifetime_minutes)
}

fn request_for(dataset: &Value, grant: &Value, email: &str, lifetime_minutes: Option<u16>) -> TokenRequest {
    let catalog = json!({
        "reports": { "r": { "name": "R", "workspaceId": guid(1, 1), "reportId": guid(2, 1) } },
        "datasets": { "d": dataset },
        "tenants": { "t": { "profileId": dataset.get("profile"), "grants": [grant] } },
    });
    let mut catalog = catalog;
    let profile = catalog["datasets"]["d"].as_object_mut().unwrap().remove("profile");
    let tenant = catalog["tenants"]["t"].as_object_mut().unwrap();
    match profile {
        Some(profile) => drop(tenant.insert("profileId".to_owned(), profile)),
        None => drop(tenant.remove("profileId")),
    }
    let catalog = crate::catalog::parse(&catalog.to_string()).unwrap();
    let claims = VerifiedClaims::for_test(&json!({ "sub": "u", "tenant": "t", "email": email }));
    let caller = Caller::new(claims, "tenant", "groups").unwrap();
    let mode = grant["modes"][0].as_str().unwrap_or("view").parse().unwrap();
    let binding = BindingRequest { report: Some("r".parse().unwrap()), dataset: Some("d".parse().unwrap()), mode };
    let begun = Authorization::begin(&caller, &catalog.tenants["t"], &[binding]).unwrap();
    let entries = Entries { reports: catalog.reports.clone(), datasets: catalog.datasets.clone() };
    let bindings = begun.complete(&entries, &Found::default(), Viewer::Customer).unwrap();
    TokenRequest::sharing(&bindings, &OwnDatasets::new(), lifetime_minutes).unwrap()
}
