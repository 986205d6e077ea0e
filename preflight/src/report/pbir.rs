//! Reports in PBIR: one file for each page and visual.

use std::collections::{BTreeMap, HashMap};

use serde_json::Value;

use super::bookmarks::Places;
use super::parts::Parts;
use super::reader::Reader;
use super::titles::{distinguished, visual_name};
use super::{Level, Site, UsedAs};

/// The files of one page.
#[derive(Default)]
struct PageParts<'a> {
    page: Option<&'a Value>,
    /// Visuals by folder: `visual.json` and `mobile.json`.
    visuals: BTreeMap<&'a str, (Option<&'a Value>, Option<&'a Value>)>,
}

pub(super) fn read(reader: &mut Reader, report: &Value, parts: &Parts) {
    let site = Site::default();
    reader.filters(&site, Level::Report, &report["filterConfig"]["filters"]);
    reader.objects(&site, &report["objects"]);
    let mut pages: BTreeMap<&str, PageParts<'_>> = BTreeMap::new();
    let mut bookmarks = Vec::new();
    for (path, value) in parts {
        let segments: Vec<&str> = path.split('/').skip(1).collect();
        match segments.as_slice() {
            ["report.json" | "version.json"] | ["pages", "pages.json"] | ["bookmarks", "bookmarks.json"] => {}
            ["reportExtensions.json"] => reader.extension(value),
            ["bookmarks", _] => bookmarks.push(value),
            ["pages", page, "page.json"] => pages.entry(page).or_default().page = Some(value),
            ["pages", page, "visuals", visual, "visual.json"] => {
                pages.entry(page).or_default().visuals.entry(visual).or_default().0 = Some(value);
            }
            ["pages", page, "visuals", visual, "mobile.json"] => {
                pages.entry(page).or_default().visuals.entry(visual).or_default().1 = Some(value);
            }
            _ if path.starts_with("definition/") => {
                reader.not_checked(&site, &format!("part `{path}`"), "a part of this name is not known");
            }
            _ => {}
        }
    }
    let order = parts.get("definition/pages/pages.json").and_then(|pages| pages["pageOrder"].as_array());
    let place = |id: &str| order.and_then(|order| order.iter().position(|page| page.as_str() == Some(id)));
    let mut pages: Vec<_> = pages.into_iter().collect();
    pages.sort_by_key(|(id, _)| place(id).unwrap_or(usize::MAX));
    let places: Places = pages.iter().enumerate().map(|(at, (id, page))| read_page(reader, at, id, page)).collect();
    for bookmark in bookmarks {
        reader.bookmark(bookmark, &places);
    }
}

fn text<'a>(value: Option<&'a Value>, name: &str) -> Option<&'a str> {
    value?.get(name)?.as_str()
}

fn read_page(
    reader: &mut Reader,
    at: usize,
    id: &str,
    parts: &PageParts<'_>,
) -> (String, (Site, HashMap<String, Site>)) {
    let name = text(parts.page, "displayName").unwrap_or(id).to_owned();
    let site = Site { page: Some((at, name)), ..Site::default() };
    if let Some(page) = parts.page {
        reader.filters(&site, Level::Page, &page["filterConfig"]["filters"]);
        reader.objects(&site, &page["objects"]);
        for parameter in page["pageBinding"]["parameters"].as_array().into_iter().flatten() {
            reader.expression(&site, &UsedAs::Parameter, &parameter["fieldExpr"]);
        }
    }
    let ids = parts.visuals.iter().map(|(folder, (visual, _))| text(*visual, "name").unwrap_or(folder).to_owned());
    let names: Vec<(String, String)> =
        ids.zip(parts.visuals.values()).map(|(id, (visual, _))| (id, name_of(*visual))).collect();
    let mut sites = HashMap::new();
    for ((label, (id, _)), files) in distinguished(&names).into_iter().zip(&names).zip(parts.visuals.values()) {
        let kind = files.0.and_then(|visual| visual.pointer("/visual/visualType")).and_then(Value::as_str);
        let visual =
            Site { visual: Some((reader.next_visual(), label)), slicer: kind.is_some_and(is_slicer), ..site.clone() };
        read_visual(reader, &visual, files.0, files.1);
        sites.insert(id.clone(), visual);
    }
    let interactions = parts.page.and_then(|page| page["visualInteractions"].as_array());
    for interaction in interactions.into_iter().flatten().filter(|i| i["type"] == "NoFilter") {
        reader.no_filter(&sites, interaction);
    }
    (text(parts.page, "name").unwrap_or(id).to_owned(), (site, sites))
}

/// Whether a visual is a slicer: `slicer`, `listSlicer` and similar types.
pub(super) fn is_slicer(kind: &str) -> bool {
    kind.to_ascii_lowercase().ends_with("slicer")
}

fn name_of(visual: Option<&Value>) -> String {
    let group = visual.and_then(|visual| visual.pointer("/visualGroup/displayName")).and_then(Value::as_str);
    let content = visual.and_then(|visual| visual.get("visual")).unwrap_or(&Value::Null);
    group.map_or_else(|| visual_name(content, "visualContainerObjects"), str::to_owned)
}

fn read_visual(reader: &mut Reader, site: &Site, visual: Option<&Value>, mobile: Option<&Value>) {
    if let Some(container) = visual {
        let visual = &container["visual"];
        reader.other_needs(site, visual);
        read_query(reader, site, &visual["query"]);
        for objects in [&visual["objects"], &visual["visualContainerObjects"], &container["visualGroup"]["objects"]] {
            reader.objects(site, objects);
        }
        reader.filters(site, Level::Visual, &container["filterConfig"]["filters"]);
    }
    if let Some(mobile) = mobile {
        reader.objects(site, &mobile["objects"]);
        reader.objects(site, &mobile["visualContainerObjects"]);
    }
}

fn read_query(reader: &mut Reader, site: &Site, query: &Value) {
    for (role, state) in query["queryState"].as_object().into_iter().flatten() {
        let used_as = UsedAs::Role(role.clone());
        for projection in state["projections"].as_array().into_iter().flatten() {
            reader.expression(site, &used_as, &projection["field"]);
        }
        for parameter in state["fieldParameters"].as_array().into_iter().flatten() {
            reader.expression(site, &used_as, &parameter["parameterExpr"]);
        }
    }
    for sort in query["sortDefinition"]["sort"].as_array().into_iter().flatten() {
        reader.expression(site, &UsedAs::Sorting, &sort["field"]);
    }
}
