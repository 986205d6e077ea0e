//! Upstreams that grant everything and remember what they were asked for.

use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use async_trait::async_trait;
use dynabind::clock::Clock;
use dynabind::domain::{DatasetId, EmbedUrl, ReportId, TokenRequest, UserAssertion};
use dynabind::ports::{AccessTokens, DatasetMetadata, Item, ListedDataset, PowerBi, ReportMetadata, WorkspaceMetadata};
use dynabind::request::Call;
use dynabind::settings::Settings;
use dynabind::token::{AccessToken, EmbedToken, Expiry};
use dynabind::upstream::{Effort, UpstreamError};

/// What no answer and no log line may hold. It stands in no corpus, and chance does not find it.
pub const ACCESS_TOKEN: &str = "aTk8Q~the-access-token-of-the-service-principal";

/// What no log line may hold.
pub const EMBED_TOKEN: &str = "eTk8Q~the-embed-token-of-the-page";

/// Grants every token request and remembers it.
#[derive(Default)]
pub struct Recorder(Mutex<Vec<TokenRequest>>);

impl Recorder {
    /// The token requests since the last time of asking.
    #[must_use]
    pub fn take(&self) -> Vec<TokenRequest> {
        std::mem::take(&mut *self.0.lock().unwrap())
    }
}

/// The one dataset that a workspace holds for whom it is granted as a whole.
///
/// GUIDs of the tests begin with their kind: 1 is a workspace, 9 what it holds.
#[must_use]
pub fn dataset_of_workspace(workspace: &str) -> String {
    workspace.to_lowercase().replacen("00000001", "00000009", 1)
}

/// A clock that stands still at 2026-11-24T03:00:00Z.
#[derive(Debug)]
pub struct StoppedClock;

impl Clock for StoppedClock {
    fn now(&self) -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::from_hours(498_747)
    }
}

/// The least settings that there are, and `more`.
#[must_use]
pub fn settings(more: &[(&str, &str)]) -> Settings {
    let needed = ["AWS_REGION", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "DYNABIND_SECRET_ID"];
    let vars = |name: &str| {
        let given = more.iter().find(|(given, _)| *given == name).map(|(_, value)| (*value).to_owned());
        given.or_else(|| needed.contains(&name).then(|| "x".to_owned()))
    };
    Settings::from_vars(&vars).unwrap()
}

fn an_hour() -> Expiry {
    let life = Duration::from_hours(1);
    Expiry { at: StoppedClock.now() + life, life }
}

fn embed_url() -> EmbedUrl {
    "https://app.powerbi.com/reportEmbed".parse().unwrap()
}

#[async_trait]
impl AccessTokens for Recorder {
    fn is_ready(&self, _: Option<&UserAssertion>) -> bool {
        true
    }

    async fn get(&self, _: &Arc<Call>, _: Option<&UserAssertion>) -> Result<AccessToken, UpstreamError> {
        Ok(AccessToken { value: ACCESS_TOKEN.to_owned().into(), expiry: an_hour() })
    }

    fn discard(&self, _: Option<&UserAssertion>, _: &AccessToken) {}
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
        Ok(EmbedToken { value: EMBED_TOKEN.to_owned().into(), id: "id".to_owned(), expiry: an_hour() })
    }

    async fn report(
        &self,
        _: &Arc<Call>,
        _: &AccessToken,
        _: Item<ReportId>,
        _: Effort,
    ) -> Result<ReportMetadata, UpstreamError> {
        Ok(ReportMetadata { embed_url: embed_url(), own_dataset: None })
    }

    async fn dataset(
        &self,
        _: &Arc<Call>,
        _: &AccessToken,
        _: Item<DatasetId>,
        _: Effort,
    ) -> Result<DatasetMetadata, UpstreamError> {
        let create_report_embed_url = Some(embed_url());
        Ok(DatasetMetadata { identity_required: Some(false), identity_roles_required: false, create_report_embed_url })
    }

    async fn datasets(
        &self,
        _: &Arc<Call>,
        _: &AccessToken,
        item: Item<()>,
        _: Effort,
    ) -> Result<Vec<ListedDataset>, UpstreamError> {
        let id = dataset_of_workspace(&item.workspace.to_string()).parse().unwrap();
        let metadata = DatasetMetadata {
            identity_required: Some(false),
            identity_roles_required: false,
            create_report_embed_url: Some(embed_url()),
        };
        Ok(vec![ListedDataset { id, name: "listed".to_owned(), metadata }])
    }

    async fn workspace(
        &self,
        _: &Arc<Call>,
        _: &AccessToken,
        _: Item<()>,
        _: Effort,
    ) -> Result<WorkspaceMetadata, UpstreamError> {
        Ok(WorkspaceMetadata { on_capacity: Some(true) })
    }
}
