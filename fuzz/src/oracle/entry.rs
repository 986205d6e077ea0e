//! The catalog's datasets and reports, rendered for one caller.

use serde_json::{Value, json};

use super::caller::Caller;
use super::template::{Filled, fill};
use super::{items, lower, texts};

/// The limits of Power BI in the contract.
const LONGEST_USERNAME: usize = 256;
const LONGEST_ROLE: usize = 50;

/// The expected effective identity in the request.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) enum Identity {
    /// The dataset is named without an identity.
    None,
    /// Exactly this identity, with `null` for absent parts.
    Exactly(Value),
    /// None: the caller does not have the claim that it needs.
    Missing,
}

/// A dataset with the identity that its place in the catalog requires.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Scoped {
    /// The id of the dataset, in lower case.
    pub id: String,
    /// Its identity.
    pub identity: Identity,
    /// Whether the identity can certainly be rendered according to the contract.
    pub is_certain: bool,
}

/// A dataset that a binding names.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Entry {
    /// The key that the binding names it by.
    pub key: String,
    /// The dataset itself.
    pub dataset: Scoped,
    /// The other items that the token names because of it.
    pub needs: Vec<Scoped>,
}

impl Entry {
    /// The entry of the catalog with this key.
    #[must_use]
    pub(super) fn of_catalog(catalog: &Value, key: &str, caller: &Caller) -> Option<Self> {
        let entry = catalog["datasets"].get(key)?;
        let needs = items(&entry["alsoNeeds"]).iter().map(|need| match need.as_str() {
            Some(id) => Scoped::new(id, &Value::Null, caller),
            None => Scoped::new(need["datasetId"].as_str().unwrap_or_default(), &need["identity"], caller),
        });
        let dataset = Scoped::new(entry["datasetId"].as_str().unwrap_or_default(), &entry["identity"], caller);
        Some(Self { key: key.to_owned(), dataset, needs: needs.collect() })
    }

    /// The entry of a dataset that a workspace grant covers.
    #[must_use]
    pub(super) fn of_workspace(key: &str) -> Self {
        let dataset = Scoped { id: key.to_lowercase(), identity: Identity::None, is_certain: true };
        Self { key: key.to_owned(), dataset, needs: Vec::new() }
    }

    /// Whether a workspace grant covers it.
    pub(super) fn is_of_workspace(&self) -> bool {
        *self == Self::of_workspace(&self.dataset.id)
    }
}

impl Scoped {
    /// A dataset with the identity that this JSON describes for the caller.
    #[must_use]
    pub(super) fn new(id: &str, identity: &Value, caller: &Caller) -> Self {
        let (identity, is_certain) = render(identity, caller);
        Self { id: id.to_lowercase(), identity, is_certain }
    }
}

/// Renders the parts of one identity.
struct Renderer<'c> {
    caller: &'c Caller,
    is_certain: bool,
}

impl Renderer<'_> {
    fn part(&mut self, template: &Value, fits: fn(&str) -> bool) -> Option<String> {
        match fill(template.as_str().unwrap_or_default(), self.caller) {
            Filled::Certain(text) if fits(&text) => Some(text),
            Filled::Possible(text) if fits(&text) => {
                self.is_certain = false;
                Some(text)
            }
            _ => None,
        }
    }

    /// An optional part. The contract does not define its permitted characters.
    fn optional(&mut self, template: &Value) -> Option<Value> {
        if template.is_null() {
            return Some(Value::Null);
        }
        let text = self.part(template, |text| !text.is_empty())?;
        self.is_certain &= fits_username(&text);
        Some(text.into())
    }

    fn identity(&mut self, identity: &Value) -> Option<Value> {
        let username = self.part(&identity["username"], fits_username)?;
        let roles: Option<Vec<_>> = items(&identity["roles"]).iter().map(|role| self.part(role, fits_role)).collect();
        // The contract does not say whether a role may contain control characters.
        self.is_certain &= roles.iter().flatten().all(|role| !role.chars().any(char::is_control));
        let custom_data = self.optional(&identity["customData"])?;
        let context = self.optional(&identity["auditableContext"])?;
        Some(json!({ "username": username, "roles": roles?, "customData": custom_data, "auditableContext": context }))
    }
}

fn render(identity: &Value, caller: &Caller) -> (Identity, bool) {
    if identity.is_null() {
        return (Identity::None, true);
    }
    let mut renderer = Renderer { caller, is_certain: true };
    match renderer.identity(identity) {
        Some(whole) => (Identity::Exactly(whole), renderer.is_certain),
        None => (Identity::Missing, false),
    }
}

/// Whether Power BI accepts it as a user name.
#[must_use]
pub(super) fn fits_username(text: &str) -> bool {
    !text.is_empty() && text.len() <= LONGEST_USERNAME && text.bytes().all(|byte| byte.is_ascii_graphic())
}

/// Whether Power BI accepts it as a role.
#[must_use]
pub(super) fn fits_role(text: &str) -> bool {
    !text.is_empty() && text.chars().count() <= LONGEST_ROLE && !text.contains(',')
}

/// An identity of a request, in the form of [`Identity::Exactly`].
#[must_use]
pub(super) fn of_wire(identity: &Value) -> Value {
    let roles = if identity["roles"].is_null() { json!([]) } else { identity["roles"].clone() };
    json!({ "username": identity["username"], "roles": roles, "customData": identity["customData"],
            "auditableContext": identity["auditableContext"] })
}

/// A report that a binding names.
#[derive(Clone, Debug)]
pub(super) struct Report {
    /// Its id, in lower case.
    pub id: String,
    /// Whether it is a paginated report.
    pub is_paginated: bool,
    /// The ids of the paginated reports inside it.
    pub inner: Vec<String>,
    /// Whether it contains a paginated visual.
    pub has_visual: bool,
    /// Its own dataset, if the catalog includes it in the token and it exists in Power BI.
    pub own: Option<Scoped>,
}

impl Report {
    /// The report of the catalog with this key; `own` is the dataset that it was built on.
    #[must_use]
    pub(super) fn of_catalog(catalog: &Value, key: &str, own: Option<&String>, caller: &Caller) -> Option<Self> {
        let entry = catalog["reports"].get(key)?;
        let include = &entry["includeOwnDataset"];
        let is_included = include == true || include.is_object();
        let inner: Vec<_> = texts(&entry["paginatedReports"]).map(str::to_lowercase).collect();
        Some(Self {
            id: lower(&entry["reportId"]),
            is_paginated: entry["kind"] == "paginated",
            has_visual: !inner.is_empty() || !items(&entry["paginatedSources"]).is_empty(),
            inner,
            own: own.filter(|_| is_included).map(|id| Scoped::new(id, &include["identity"], caller)),
        })
    }
}
