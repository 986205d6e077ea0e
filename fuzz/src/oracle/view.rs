//! One reading of a caller's grants.

use std::collections::BTreeSet;

use serde_json::Value;

use super::binding::Binding;
use super::caller::Caller;
use super::entry::{Entry, Report};
use super::{Contents, Oracle, items, lower, texts};

/// How an uncertain grant is read.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Reading {
    /// It is granted. An item that this reading denies must never be in a token.
    Generous,
    /// It is not granted. A request that this reading allows must succeed.
    Strict,
}

/// Which catalog entry a grant must cover.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Sameness {
    /// The entry with this key.
    Key,
    /// Any entry with the same dataset and identity.
    Dataset,
}

/// The grants that apply to a caller.
#[derive(Clone, Debug)]
pub(super) struct View<'o> {
    oracle: &'o Oracle,
    caller: &'o Caller,
    reading: Reading,
    grants: Vec<&'o Value>,
}

/// A binding with its report and dataset.
#[derive(Clone, Debug)]
pub(super) struct Bound {
    /// The report; `None` if a report is created.
    pub report: Option<Report>,
    /// The dataset.
    pub entry: Entry,
    /// `view`, `edit` or `create`.
    pub mode: String,
    /// The save targets of the grants that cover it; `None` means that saving is not allowed.
    pub saves: BTreeSet<Option<String>>,
}

impl<'o> View<'o> {
    /// The grants of this caller.
    #[must_use]
    pub(super) fn new(oracle: &'o Oracle, caller: &'o Caller, tenant: &str, reading: Reading) -> Self {
        let groups = if reading == Reading::Generous { &caller.possible_groups } else { &caller.groups };
        let is_for = |grant: &&Value| grant["groups"].is_null() || texts(&grant["groups"]).any(|g| groups.contains(g));
        let grants = oracle.catalog["tenants"].get(tenant).map(|tenant| items(&tenant["grants"])).unwrap_or_default();
        Self { oracle, caller, reading, grants: grants.iter().filter(is_for).collect() }
    }

    fn contents(&self) -> &'o Contents {
        match self.reading {
            Reading::Generous => &self.oracle.possible,
            Reading::Strict => &self.oracle.certain,
        }
    }

    /// The datasets of the workspaces that a grant names, by id.
    fn listed(&self, grant: &'o Value) -> impl Iterator<Item = &'o String> {
        let contents = self.contents();
        texts(&grant["workspaces"]).filter_map(|id| contents.get(&id.to_lowercase())).flatten()
    }

    /// Every entry that a grant covers.
    fn entries(&self, grant: &'o Value) -> Vec<Entry> {
        let by_key = texts(&grant["datasets"]);
        let mut entries: Vec<_> =
            by_key.filter_map(|key| Entry::of_catalog(&self.oracle.catalog, key, self.caller)).collect();
        entries.extend(self.listed(grant).map(|id| Entry::of_workspace(id)));
        entries
    }

    /// The binding, if one grant covers it. An absent dataset is the only one that the grants allow.
    #[must_use]
    pub(super) fn resolve(&self, binding: &Binding) -> Option<Bound> {
        let opened = self.opened(binding);
        let entry = if let Some(key) = &binding.dataset {
            opened.into_iter().find(|entry| entry.key == *key || is_guid_of(entry, key))?
        } else {
            let first = opened.first()?;
            let is_same = |entry: &Entry| (&entry.dataset, &entry.needs) == (&first.dataset, &first.needs);
            opened.iter().all(is_same).then(|| first.clone())?
        };
        let catalog = &self.oracle.catalog;
        // A created report is independent of the report in the grants.
        let report = match binding.report.as_ref().filter(|_| binding.mode != "create") {
            Some(key) => {
                let own =
                    catalog["reports"].get(key).and_then(|r| self.oracle.own_datasets.get(&lower(&r["reportId"])));
                Some(Report::of_catalog(catalog, key, own, self.caller)?)
            }
            None => None,
        };
        let saves = self.saves(binding, &entry);
        Some(Bound { report, entry, mode: binding.mode.clone(), saves })
    }

    /// The save targets for a binding, from the grants that cover its dataset.
    ///
    /// For a created report, any grant that permits to create it counts, according to the rules about sharing.
    fn saves(&self, binding: &Binding, entry: &Entry) -> BTreeSet<Option<String>> {
        let opening = self.grants.iter().copied().filter(|grant| {
            let counts = match binding.mode.as_str() {
                "create" => lets_create(grant),
                mode => has_mode(grant, mode) && self.has_id_of(grant, binding),
            };
            counts && self.opens(grant, entry, Sameness::Key)
        });
        opening.map(save_to).collect()
    }

    /// Whether a grant names the binding's report, by the binding's key or by another key.
    fn has_id_of(&self, grant: &Value, binding: &Binding) -> bool {
        let id = |key: &str| lower(&self.oracle.catalog["reports"][key]["reportId"]);
        binding.report.as_ref().is_none_or(|key| texts(&grant["reports"]).any(|granted| id(granted) == id(key)))
    }

    /// The entries to which a binding's report may be bound in its mode, each once.
    #[must_use]
    pub(super) fn opened(&self, binding: &Binding) -> Vec<Entry> {
        let mut entries: Vec<Entry> = Vec::new();
        for entry in self.grants_for(binding).flat_map(|grant| self.entries(grant)) {
            if !entries.contains(&entry) {
                entries.push(entry);
            }
        }
        entries
    }

    /// Whether a grant for the binding's report and mode covers a whole workspace.
    pub(super) fn names_workspace(&self, binding: &Binding) -> bool {
        self.grants_for(binding).any(|grant| !items(&grant["workspaces"]).is_empty())
    }

    fn grants_for(&self, binding: &Binding) -> impl Iterator<Item = &'o Value> {
        self.grants.iter().copied().filter(|grant| has_mode(grant, &binding.mode) && has_report(grant, binding))
    }

    fn opens(&self, grant: &'o Value, entry: &Entry, sameness: Sameness) -> bool {
        self.entries(grant).iter().any(|opened| match sameness {
            Sameness::Key => opened == entry,
            Sameness::Dataset => opened.dataset == entry.dataset,
        })
    }

    /// The dataset of another binding, for the rules about sharing.
    fn sameness(&self) -> Sameness {
        if self.reading == Reading::Generous { Sameness::Dataset } else { Sameness::Key }
    }

    /// The grants that permit to edit this report over this dataset.
    fn editing(&self, report: &str, entry: &Entry) -> impl Iterator<Item = &'o Value> {
        let catalog = &self.oracle.catalog;
        let names = move |grant: &Value| {
            texts(&grant["reports"]).any(|key| lower(&catalog["reports"][key]["reportId"]) == report)
        };
        self.grants
            .iter()
            .copied()
            .filter(move |grant| has_mode(grant, "edit") && names(grant) && self.opens(grant, entry, self.sameness()))
    }

    /// Whether a grant permits to edit this report over this dataset.
    pub(super) fn lets_edit(&self, report: &str, entry: &Entry) -> bool {
        self.editing(report, entry).next().is_some()
    }

    /// Whether one of them also has this save target; for `None`, whether one of them has no target.
    pub(super) fn lets_edit_for(&self, report: &str, entry: &Entry, save: Option<&str>) -> bool {
        self.editing(report, entry).any(|grant| save_to(grant).as_deref() == save)
    }

    /// The grants that permit to create a report over this dataset.
    fn creating(&self, entry: &Entry) -> impl Iterator<Item = &'o Value> {
        self.grants.iter().copied().filter(|grant| lets_create(grant) && self.opens(grant, entry, self.sameness()))
    }

    /// Whether one of them also has this save target; for `None`, whether one of them has no target.
    pub(super) fn lets_create(&self, entry: &Entry, save: Option<&str>) -> bool {
        self.creating(entry).any(|grant| save_to(grant).as_deref() == save)
    }

    /// The save targets of the grants that permit what a binding does with its dataset.
    ///
    /// In the generous reading another key of the same dataset counts, because the caller may bind that key too.
    pub(super) fn targets_of(&self, bound: &Bound) -> BTreeSet<Option<String>> {
        let more: BTreeSet<_> = match &bound.report {
            Some(report) => self.editing(&report.id, &bound.entry).map(save_to).collect(),
            None => self.creating(&bound.entry).map(save_to).collect(),
        };
        if self.reading == Reading::Generous { &more | &bound.saves } else { bound.saves.clone() }
    }
}

/// A dataset of a workspace is named by its GUID, in upper or lower case.
fn is_guid_of(entry: &Entry, key: &str) -> bool {
    entry.is_of_workspace() && entry.key == key.to_lowercase()
}

fn has_mode(grant: &Value, mode: &str) -> bool {
    if grant["modes"].is_null() { mode == "view" } else { texts(&grant["modes"]).any(|granted| granted == mode) }
}

fn save_to(grant: &Value) -> Option<String> {
    grant["saveTo"].as_str().map(str::to_lowercase)
}

fn has_report(grant: &Value, binding: &Binding) -> bool {
    binding.report.as_ref().is_none_or(|key| texts(&grant["reports"]).any(|granted| granted == key))
}

/// A grant of `edit` with a target also permits saving new reports.
fn lets_create(grant: &Value) -> bool {
    has_mode(grant, "create") || (has_mode(grant, "edit") && save_to(grant).is_some())
}
