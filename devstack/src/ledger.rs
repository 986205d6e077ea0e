//! The tokens that the stand-ins have issued, with their contents.

use std::collections::{HashMap, VecDeque};
use std::sync::Mutex;
use std::time::{Duration, SystemTime};

use crate::sync::lock;

/// The contents of the tokens, by their opaque texts.
#[derive(Debug, Default)]
pub(crate) struct Ledger {
    access: Mutex<Issued<AccessToken>>,
    embed: Mutex<Issued<EmbedToken>>,
}

/// The number of tokens of a kind that are kept. Older ones are unknown.
const CAPACITY: usize = 50_000;

/// Tokens by their text. The oldest are removed first.
#[derive(Debug)]
struct Issued<T> {
    tokens: HashMap<String, T>,
    order: VecDeque<String>,
}

impl<T> Default for Issued<T> {
    fn default() -> Self {
        Self { tokens: HashMap::new(), order: VecDeque::new() }
    }
}

impl<T> Issued<T> {
    fn insert(&mut self, text: &str, token: T) {
        if self.order.len() == CAPACITY
            && let Some(oldest) = self.order.pop_front()
        {
            self.tokens.remove(&oldest);
        }
        self.order.push_back(text.to_owned());
        self.tokens.insert(text.to_owned(), token);
    }
}

/// The API that a token of Entra is for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Audience {
    PowerBi,
    Fabric,
}

/// A token of Entra.
#[derive(Clone, Debug)]
pub(crate) struct AccessToken {
    pub(crate) audience: Audience,
    pub(crate) bearer: Bearer,
    pub(crate) expires: SystemTime,
    pub(crate) revoked: bool,
}

/// The principal of an access token.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Bearer {
    /// The service principal.
    App,
    /// A signed-in user, by e-mail address.
    User(String),
}

/// A token of Power BI for the browser.
#[derive(Clone, Debug)]
pub(crate) struct EmbedToken {
    pub(crate) id: String,
    pub(crate) expires: SystemTime,
    pub(crate) reports: Vec<ReportGrant>,
    pub(crate) datasets: Vec<DatasetGrant>,
    pub(crate) target_workspaces: Vec<String>,
    pub(crate) identities: Vec<Identity>,
}

/// One report in an embed token.
#[derive(Clone, Debug)]
pub(crate) struct ReportGrant {
    pub(crate) id: String,
    pub(crate) allow_edit: bool,
}

/// One dataset in an embed token.
#[derive(Clone, Debug)]
pub(crate) struct DatasetGrant {
    pub(crate) id: String,
    pub(crate) xmla_read_only: bool,
}

/// One effective identity in an embed token.
#[derive(Clone, Debug)]
pub(crate) struct Identity {
    pub(crate) username: String,
    pub(crate) roles: Vec<String>,
    pub(crate) custom_data: Option<String>,
    pub(crate) datasets: Vec<String>,
    pub(crate) reports: Vec<String>,
}

impl Ledger {
    pub(crate) fn issue_access(&self, token: &str, audience: Audience, bearer: Bearer, expires: SystemTime) {
        let entry = AccessToken { audience, bearer, expires, revoked: false };
        lock(&self.access).insert(token, entry);
    }

    pub(crate) fn access(&self, token: &str) -> Option<AccessToken> {
        lock(&self.access).tokens.get(token).cloned()
    }

    pub(crate) fn issue_embed(&self, token: &str, entry: EmbedToken) {
        lock(&self.embed).insert(token, entry);
    }

    pub(crate) fn embed(&self, token: &str) -> Option<EmbedToken> {
        lock(&self.embed).tokens.get(token).cloned()
    }

    /// Makes Power BI refuse every access token so far.
    pub(crate) fn revoke_access(&self) {
        lock(&self.access).tokens.values_mut().for_each(|token| token.revoked = true);
    }

    /// Expires every access token so far.
    pub(crate) fn expire_access(&self, now: SystemTime) {
        lock(&self.access).tokens.values_mut().for_each(|token| token.expires = just_before(now));
    }

    /// Expires every embed token so far.
    pub(crate) fn expire_embed(&self, now: SystemTime) {
        lock(&self.embed).tokens.values_mut().for_each(|token| token.expires = just_before(now));
    }
}

fn just_before(now: SystemTime) -> SystemTime {
    now - Duration::from_secs(1)
}
