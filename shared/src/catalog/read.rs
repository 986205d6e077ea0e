//! Reads the catalog's JSON text into its types, and reports every fault at once.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::fmt::Display;
use std::str::FromStr;
use std::sync::Arc;

use super::Catalog;
use crate::domain::{
    Dataset, DatasetId, DatasetKey, EntryVersions, Grant, IdentityTemplate, Mode, NeededDataset, OwnDataset, Report,
    ReportId, ReportKey, ReportKind, Template, Tenant, TenantKey,
};
use crate::json::{Document, Fields, JsonFault, Reader};

/// Reads a catalog text.
///
/// # Errors
/// Every fault with its place: unknown fields, wrong types, keys that no entry
/// has, and what Power BI would refuse.
pub fn parse(text: &str) -> Result<Catalog, Vec<JsonFault>> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let document = Document::parse(text).map_err(|detail| vec![JsonFault { pointer: String::new(), detail }])?;
    let names = Names::of(&document);
    Reader::read(&document, |reader, json| read_catalog(reader, json, &names))
}

/// Reads the text of one entry, without the other entries.
pub(super) fn parse_alone<T>(
    text: &str,
    read: impl for<'j> FnOnce(&mut Reader<'j>, &'j Document<'j>) -> Option<T>,
) -> Result<T, Vec<JsonFault>> {
    let document = Document::parse(text).map_err(|detail| vec![JsonFault { pointer: String::new(), detail }])?;
    Reader::read(&document, read)
}

/// The keys that the file defines, even if their entries have faults. So one faulty entry does not make every grant
/// that names it faulty as well. `None` is a malformed key.
#[derive(Default)]
pub(super) struct Names<'j> {
    reports: HashMap<&'j str, Option<ReportKey>>,
    paginated: HashSet<&'j str>,
    datasets: HashMap<&'j str, Option<DatasetKey>>,
}

impl<'j> Names<'j> {
    fn of(document: &'j Document<'j>) -> Self {
        let mut names = Self::default();
        for (name, entry) in field(document, "reports").map(entries_of).unwrap_or_default() {
            names.reports.insert(name, name.parse().ok());
            if matches!(field(entry, "kind"), Some(Document::Text(kind)) if kind == "paginated") {
                names.paginated.insert(name);
            }
        }
        let datasets = field(document, "datasets").map(entries_of).unwrap_or_default();
        names.datasets.extend(datasets.iter().map(|(name, _)| (name.as_ref(), name.parse().ok())));
        names
    }
}

fn entries_of<'j>(json: &'j Document<'j>) -> &'j [(std::borrow::Cow<'j, str>, Document<'j>)] {
    if let Document::Object(entries) = json { entries } else { &[] }
}

fn field<'j>(json: &'j Document<'j>, name: &str) -> Option<&'j Document<'j>> {
    entries_of(json).iter().find(|(found, _)| found == name).map(|(_, value)| value)
}

fn read_catalog<'j>(reader: &mut Reader<'j>, json: &'j Document<'j>, names: &Names<'j>) -> Option<Catalog> {
    reader.object(json, |fields| {
        fields.optional("$schema", Reader::text);
        let reports =
            fields.required("reports", |r, json| r.map(json, |r, _, json| read_report(r, json).map(Arc::new)));
        let datasets =
            fields.required("datasets", |r, json| r.map(json, |r, _, json| read_dataset(r, json).map(Arc::new)));
        let tenants = fields.required("tenants", |r, json| read_tenants(r, json, names));
        Some(Catalog { reports: reports?, datasets: datasets?, tenants: tenants? })
    })
}

fn read_tenants<'j>(
    reader: &mut Reader<'j>,
    json: &'j Document<'j>,
    names: &Names<'j>,
) -> Option<HashMap<TenantKey, Arc<Tenant>>> {
    reader.map(json, |reader, name, json| {
        let tenant = read_tenant(reader, json, Some(names))?;
        Some(Arc::new(Tenant { name: name.to_owned(), ..tenant }))
    })
}

pub(super) fn read_report<'j>(reader: &mut Reader<'j>, json: &'j Document<'j>) -> Option<Report> {
    reader.object(json, |fields| {
        let name = fields.required("name", read_name);
        let workspace = fields.required("workspaceId", Reader::parsed);
        let id = fields.required("reportId", Reader::parsed);
        let kind = read_kind(fields);
        let own_dataset = fields.optional("includeOwnDataset", read_own_dataset).unwrap_or_default();
        let sources = fields.optional("paginatedSources", |r, json| r.list(json, Reader::parsed));
        let paginated_sources: Vec<DatasetId> = sources.unwrap_or_default();
        let shown = fields.optional("paginatedReports", |r, json| r.list(json, Reader::parsed));
        let paginated_reports: Vec<ReportId> = shown.unwrap_or_default();
        let is_paginated = matches!(kind, Some(ReportKind::Paginated { .. }));
        for (field, is_empty) in
            [("paginatedSources", paginated_sources.is_empty()), ("paginatedReports", paginated_reports.is_empty())]
        {
            if is_paginated && !is_empty {
                fields.fault(Some(field), "only a report of kind `report` can have paginated visuals");
            }
        }
        Some(Report {
            name: name?,
            workspace: workspace?,
            id: id?,
            kind: kind?,
            own_dataset,
            paginated_sources,
            paginated_reports,
        })
    })
}

/// `true`, `false`, or the identity that the dataset needs.
fn read_own_dataset<'j>(reader: &mut Reader<'j>, json: &'j Document<'j>) -> Option<OwnDataset> {
    match json {
        Document::Object(_) => reader.object(json, |fields| {
            let identity = fields.required("identity", read_identity)?;
            Some(OwnDataset::Included { identity: Some(identity) })
        }),
        _ => reader
            .boolean(json)
            .map(|included| if included { OwnDataset::Included { identity: None } } else { OwnDataset::Excluded }),
    }
}

fn read_kind(fields: &mut Fields<'_, '_>) -> Option<ReportKind> {
    match fields.optional_or("kind", "report", Reader::text)? {
        "report" if fields.has("sourceDatasetId") => {
            fields.optional("sourceDatasetId", |r, _| {
                r.fault("only a report of kind `paginated` has a source dataset");
                None::<()>
            });
            None
        }
        "report" => Some(ReportKind::Report),
        "paginated" => {
            fields.required("sourceDatasetId", Reader::parsed).map(|source| ReportKind::Paginated { source })
        }
        _ => {
            fields.optional("sourceDatasetId", Reader::text);
            fields.fault(Some("kind"), "expected `report` or `paginated`");
            None
        }
    }
}

pub(super) fn read_dataset<'j>(reader: &mut Reader<'j>, json: &'j Document<'j>) -> Option<Dataset> {
    reader.object(json, |fields| {
        let name = fields.required("name", read_name);
        let workspace = fields.required("workspaceId", Reader::parsed);
        let id = fields.required("datasetId", Reader::parsed);
        let identity = fields.optional("identity", read_identity);
        let also_needs = fields.optional("alsoNeeds", |r, json| r.list(json, read_needed)).unwrap_or_default();
        Some(Dataset { name: name?, workspace: workspace?, id: id?, identity, also_needs })
    })
}

/// A GUID, or a GUID with the identity that the dataset needs.
fn read_needed<'j>(reader: &mut Reader<'j>, json: &'j Document<'j>) -> Option<NeededDataset> {
    match json {
        Document::Object(_) => reader.object(json, |fields| {
            let id = fields.required("datasetId", Reader::parsed);
            let identity = fields.optional("identity", read_identity);
            Some(NeededDataset { id: id?, identity })
        }),
        _ => Some(NeededDataset { id: reader.parsed(json)?, identity: None }),
    }
}

fn read_identity<'j>(reader: &mut Reader<'j>, json: &'j Document<'j>) -> Option<IdentityTemplate> {
    reader.object(json, |fields| {
        let username = fields.required("username", |r, json| {
            read_template(r, json, Template::can_be_username, "1 to 256 ASCII characters without spaces")
        });
        let roles = fields.optional("roles", |r, json| {
            r.list(json, |r, json| {
                read_template(r, json, Template::can_be_role, "a role of 1 to 50 characters without commas")
            })
        });
        let custom_data = fields.optional("customData", |r, json| {
            read_template(r, json, Template::can_be_custom_data, "1 to 1024 characters")
        });
        let auditable_context = fields.optional("auditableContext", |r, json| {
            read_template(r, json, Template::can_be_context, "1 to 256 characters")
        });
        let identity = IdentityTemplate::new(username?, roles.unwrap_or_default(), custom_data, auditable_context);
        identity.map_err(|detail| fields.fault(Some("roles"), detail)).ok()
    })
}

fn read_template<'j>(
    reader: &mut Reader<'j>,
    json: &'j Document<'j>,
    allowed: fn(&Template) -> bool,
    expected: &str,
) -> Option<Template> {
    let template: Template = reader.parsed(json)?;
    if !allowed(&template) {
        reader.fault(format!("expected {expected}"));
        return None;
    }
    Some(template)
}

pub(super) fn read_tenant<'j>(
    reader: &mut Reader<'j>,
    json: &'j Document<'j>,
    names: Option<&Names<'j>>,
) -> Option<Tenant> {
    reader.object(json, |fields| {
        let profile = fields.optional("profileId", Reader::parsed);
        let grants = fields.required("grants", |r, json| r.list(json, |r, json| read_grant(r, json, names)));
        Some(Tenant { name: String::new(), profile, grants: grants?, versions: EntryVersions::default() })
    })
}

fn read_grant<'j>(reader: &mut Reader<'j>, json: &'j Document<'j>, names: Option<&Names<'j>>) -> Option<Grant> {
    reader.object(json, |fields| {
        let (known_reports, known_datasets) = (names.map(|names| &names.reports), names.map(|names| &names.datasets));
        let reports = fields.required("reports", |r, json| read_keys::<ReportKey>(r, json, known_reports, "report"));
        let datasets =
            fields.optional("datasets", |r, json| read_keys::<DatasetKey>(r, json, known_datasets, "dataset"));
        let workspaces = fields.optional("workspaces", |r, json| r.list(json, Reader::parsed));
        let modes = fields.optional("modes", |r, json| read_set(r, json, Reader::parsed::<Mode>));
        let groups = fields.optional("groups", |r, json| r.list(json, read_name));
        let save_to = fields.optional("saveTo", Reader::parsed);
        for (name, written) in [("modes", modes.as_ref().map(BTreeSet::len)), ("groups", groups.as_ref().map(Vec::len))]
        {
            if written == Some(0) {
                fields.fault(Some(name), "an empty list grants nothing; leave the field out or add a value");
            }
        }
        let modes = modes.unwrap_or_else(|| BTreeSet::from([Mode::View]));
        let reports = reports?;
        let is_paginated = |key: &ReportKey| names.is_some_and(|names| names.paginated.contains(key.as_str()));
        if modes.contains(&Mode::Edit) && reports.iter().any(is_paginated) {
            fields.fault(
                Some("modes"),
                "a paginated report cannot be edited when embedded; grant it only in mode `view`",
            );
        }
        let (datasets, workspaces) = (datasets.unwrap_or_default(), workspaces.unwrap_or_default());
        Some(Grant { reports, datasets, workspaces, modes, groups, save_to })
    })
}

fn read_keys<'j, K: Clone + FromStr<Err: Display> + Ord>(
    reader: &mut Reader<'j>,
    json: &'j Document<'j>,
    defined: Option<&HashMap<&'j str, Option<K>>>,
    what: &str,
) -> Option<BTreeSet<K>> {
    read_set(reader, json, |reader, json| {
        let Some(defined) = defined else { return reader.parsed(json) };
        let text = reader.text(json)?;
        let Some(key) = defined.get(text) else {
            reader.fault(format!("no {what} of this catalog has the key `{text}`"));
            return None;
        };
        // A defined key that is malformed is reported at its definition.
        key.clone()
    })
}

fn read_set<'j, T: Ord>(
    reader: &mut Reader<'j>,
    json: &'j Document<'j>,
    mut read: impl FnMut(&mut Reader<'j>, &'j Document<'j>) -> Option<T>,
) -> Option<BTreeSet<T>> {
    let mut set = BTreeSet::new();
    reader.list(json, |reader, json| {
        set.insert(read(reader, json)?);
        Some(())
    })?;
    Some(set)
}

fn read_name<'j>(reader: &mut Reader<'j>, json: &'j Document<'j>) -> Option<String> {
    let text = reader.text(json)?;
    if text.trim().is_empty() {
        reader.fault("expected a text that is not empty");
        return None;
    }
    Some(text.to_owned())
}
