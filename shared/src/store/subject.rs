//! What an item of the store is for, and the key that follows from it.

use ring::digest::{SHA256, digest};
use serde::Serialize;

use crate::domain::{TokenRequest, WorkspaceId};
use crate::ports::{ActorKey, Item};
use crate::settings::{CredentialSource, Federation, Scenario, Settings};

/// The version of the format. It changes whenever the meaning of a part of a subject or of a value changes.
const FORMAT: u8 = 1;

/// The deployment in which tokens are made: who makes them, and where.
///
/// A secret is identified by its name, because it has not been read yet when a key is needed.
#[derive(Clone, Debug, Serialize)]
pub struct Realm {
    #[serde(flatten)]
    principal: Principal,
    entra: String,
    powerbi: String,
    cloud: String,
    scenario: &'static str,
}

/// The service principal that makes tokens.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
enum Principal {
    /// The name or ARN of its secret.
    Secret(String),
    /// The application that trusts the functions' roles.
    Federated { tenant_id: String, client_id: String },
}

impl Principal {
    fn of(source: &CredentialSource) -> Self {
        match source {
            CredentialSource::Secret(id) => Self::Secret(id.clone()),
            CredentialSource::Federated(Federation { tenant_id, client_id, .. }) => {
                // A GUID is the same in upper and lower case.
                let [tenant_id, client_id] = [tenant_id, client_id].map(|id| id.to_ascii_lowercase());
                Self::Federated { tenant_id, client_id }
            }
        }
    }
}

impl Realm {
    /// The realm that the settings describe.
    #[must_use]
    pub fn of(settings: &Settings) -> Self {
        let endpoints = &settings.endpoints;
        Self {
            principal: Principal::of(&settings.credential),
            entra: endpoints.entra.to_string(),
            powerbi: endpoints.powerbi.to_string(),
            cloud: format!("{:?}", endpoints.cloud),
            scenario: match settings.scenario {
                Scenario::Customers => "customers",
                Scenario::Organization => "organization",
            },
        }
    }
}

/// What is looked up.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum LookUpKind {
    /// A report.
    Report,
    /// A dataset.
    Dataset,
    /// A workspace's datasets.
    DatasetList,
    /// A workspace's reports.
    ReportList,
    /// A workspace.
    Workspace,
}

/// What an item is for, in one canonical text, and the key of the item: the SHA-256 of that text.
///
/// The text is the JSON of fixed fields in a fixed order; maps and sets in it are sorted. Two
/// subjects of different meaning therefore have different texts.
#[derive(Clone, Eq, PartialEq)]
pub struct Subject {
    text: String,
    key: String,
}

#[derive(Serialize)]
struct Text<'t, T> {
    format: u8,
    realm: &'t Realm,
    #[serde(flatten)]
    what: T,
}

#[derive(Serialize)]
struct LookUp<Id> {
    #[serde(rename = "look_up")]
    kind: LookUpKind,
    actor: String,
    workspace: WorkspaceId,
    id: Id,
}

#[derive(Serialize)]
struct Token<'t> {
    embed_token: &'t TokenRequest,
}

impl Subject {
    /// The subject of the token for a request. The request decides everything that the token may do.
    #[must_use]
    pub fn of_token(realm: &Realm, request: &TokenRequest) -> Self {
        Self::new(realm, Token { embed_token: request })
    }

    /// The subject of a look-up; `None` for a look-up that is made as a user, because it is never shared.
    #[must_use]
    pub fn of_look_up<Id: Serialize>(realm: &Realm, kind: LookUpKind, actor: ActorKey, item: Item<Id>) -> Option<Self> {
        let Item { workspace, id } = item;
        let actor = match actor {
            ActorKey::Service => "service".to_owned(),
            ActorKey::Profile(profile) => profile.to_string(),
            ActorKey::User(_) => return None,
        };
        Some(Self::new(realm, LookUp { kind, actor, workspace, id }))
    }

    fn new(realm: &Realm, what: impl Serialize) -> Self {
        // Serialising texts, numbers and maps with texts as keys cannot fail.
        let text = serde_json::to_string(&Text { format: FORMAT, realm, what }).unwrap_or_default();
        let key = hexadecimal(digest(&SHA256, text.as_bytes()).as_ref());
        Self { text, key }
    }

    /// The canonical text.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The key of the item, in hexadecimal digits.
    #[must_use]
    pub fn key(&self) -> &str {
        &self.key
    }
}

fn hexadecimal(bytes: &[u8]) -> String {
    const DIGITS: [char; 16] = ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'a', 'b', 'c', 'd', 'e', 'f'];
    let digits = |byte: &u8| [DIGITS[usize::from(byte >> 4)], DIGITS[usize::from(byte & 15)]];
    bytes.iter().flat_map(digits).collect()
}
