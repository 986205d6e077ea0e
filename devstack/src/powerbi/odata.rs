//! The part of `OData` that the lists of workspaces and of profiles support.

use super::refusal::Refusal;
use crate::fake_tenant::{Profile, Workspace, same_id};

/// The maximum number of items in one answer.
const MAX_TOP: usize = 5000;

/// `$filter`, `$top` and `$skip`.
#[derive(Debug)]
pub(super) struct Page<F> {
    /// An item must match one of these; without any, all match.
    filters: Vec<F>,
    top: usize,
    skip: usize,
}

/// One condition of `$filter` on items of a kind.
pub(super) trait Filter: Sized {
    type Item;

    fn parse(text: &str) -> Result<Self, Refusal>;

    fn lets(&self, item: &Self::Item) -> bool;
}

#[derive(Debug)]
pub(super) enum WorkspaceFilter {
    Id(String),
    Name(String),
    NameContains(String),
    OnDedicatedCapacity(bool),
}

/// The name of a profile, the only condition on profiles.
#[derive(Debug)]
pub(super) struct ProfileFilter(String);

impl<F: Filter> Page<F> {
    pub(super) fn parse(query: &str) -> Result<Self, Refusal> {
        let pairs: Vec<(String, String)> =
            serde_urlencoded::from_str(query).map_err(|_| Refusal::invalid("Malformed query."))?;
        let mut page = Self { filters: Vec::new(), top: MAX_TOP, skip: 0 };
        for (name, value) in &pairs {
            match name.as_str() {
                "$filter" => page.filters = value.split(" or ").map(F::parse).collect::<Result<_, _>>()?,
                "$top" => page.top = number(value)?.min(MAX_TOP),
                "$skip" => page.skip = number(value)?,
                "$expand" | "$select" | "$orderby" => return Err(unsupported(name)),
                _ => {}
            }
        }
        Ok(page)
    }

    pub(super) fn of<'a>(&'a self, items: impl Iterator<Item = &'a F::Item>) -> impl Iterator<Item = &'a F::Item>
    where
        F::Item: 'a,
    {
        let wanted =
            items.filter(|item| self.filters.is_empty() || self.filters.iter().any(|filter| filter.lets(item)));
        wanted.skip(self.skip).take(self.top)
    }
}

impl Filter for ProfileFilter {
    type Item = Profile;

    fn parse(text: &str) -> Result<Self, Refusal> {
        match text.trim().split_once(" eq ") {
            Some(("displayName", value)) => Ok(Self(quoted(value)?)),
            _ => Err(unsupported(text)),
        }
    }

    fn lets(&self, profile: &Profile) -> bool {
        self.0 == profile.name
    }
}

impl Filter for WorkspaceFilter {
    type Item = Workspace;

    fn parse(text: &str) -> Result<Self, Refusal> {
        let text = text.trim();
        let contains = text.strip_prefix("contains(name,").and_then(|rest| rest.strip_suffix(')'));
        if let Some(part) = contains {
            return Ok(Self::NameContains(quoted(part)?));
        }
        match text.split_once(" eq ") {
            Some(("id", value)) => Ok(Self::Id(quoted(value)?)),
            Some(("name", value)) => Ok(Self::Name(quoted(value)?)),
            Some(("isOnDedicatedCapacity", "true")) => Ok(Self::OnDedicatedCapacity(true)),
            Some(("isOnDedicatedCapacity", "false")) => Ok(Self::OnDedicatedCapacity(false)),
            _ => Err(unsupported(text)),
        }
    }

    fn lets(&self, workspace: &Workspace) -> bool {
        match self {
            Self::Id(id) => same_id(id, &workspace.id),
            Self::Name(name) => *name == workspace.name,
            Self::NameContains(part) => workspace.name.contains(part.as_str()),
            Self::OnDedicatedCapacity(wanted) => *wanted == workspace.capacity.is_some(),
        }
    }
}

fn quoted(text: &str) -> Result<String, Refusal> {
    let inner = text.trim().strip_prefix('\'').and_then(|rest| rest.strip_suffix('\''));
    inner.map(|inner| inner.replace("''", "'")).ok_or_else(|| unsupported(text))
}

fn number(text: &str) -> Result<usize, Refusal> {
    text.parse().map_err(|_| unsupported(text))
}

fn unsupported(text: &str) -> Refusal {
    Refusal::invalid(&format!("The query specified in the URI is not valid: '{text}'."))
}
