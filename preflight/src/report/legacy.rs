//! Reports in PBIR-Legacy: one file, with JSON inside strings.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};

use serde_json::Value;

use super::bookmarks::Places;
use super::parts::parse;
use super::pbir::is_slicer;
use super::reader::Reader;
use super::titles::{distinguished, visual_name};
use super::{Level, Site, UsedAs};

pub(super) fn read(reader: &mut Reader, report: &Value) {
    let site = Site::default();
    let config = embedded(reader, &site, report, "config");
    let filters = embedded(reader, &site, report, "filters");
    reader.filters(&site, Level::Report, &filters);
    reader.objects(&site, &config["objects"]);
    let extensions = embedded(reader, &site, &config, "modelExtensions");
    list(&extensions).for_each(|extension| reader.extension(extension));
    let sections = list(&report["sections"]).enumerate();
    let places: Places = sections.map(|(at, section)| read_section(reader, at, section)).collect();
    for pod in list(&report["pods"]) {
        read_pod(reader, pod, &places);
    }
    list(&config["bookmarks"]).for_each(|bookmark| read_bookmark(reader, bookmark, &places));
}

/// A bookmark, or a group of them.
fn read_bookmark(reader: &mut Reader, bookmark: &Value, places: &Places) {
    if bookmark.get("explorationState").is_some() {
        reader.bookmark(bookmark, places);
    }
    list(&bookmark["children"])
        .filter(|child| child.get("explorationState").is_some())
        .for_each(|child| reader.bookmark(child, places));
}

fn read_section(reader: &mut Reader, at: usize, section: &Value) -> (String, (Site, HashMap<String, Site>)) {
    let text = |name| section.get(name).and_then(Value::as_str);
    let id = text("name").unwrap_or_default().to_owned();
    let site = Site { page: Some((at, text("displayName").unwrap_or(&id).to_owned())), ..Site::default() };
    let filters = embedded(reader, &site, section, "filters");
    reader.filters(&site, Level::Page, &filters);
    let page = embedded(reader, &site, section, "config");
    reader.objects(&site, &page["objects"]);
    let containers: Vec<_> = list(&section["visualContainers"])
        .map(|container| (container, embedded(reader, &site, container, "config")))
        .collect();
    let names: Vec<_> = containers.iter().map(|(_, config)| (id_of(config), name_of(config))).collect();
    let mut sites = HashMap::new();
    for ((container, config), label) in containers.iter().zip(distinguished(&names)) {
        let kind = config.pointer("/singleVisual/visualType").and_then(Value::as_str);
        let visual =
            Site { visual: Some((reader.next_visual(), label)), slicer: kind.is_some_and(is_slicer), ..site.clone() };
        let filters = embedded(reader, &visual, container, "filters");
        reader.filters(&visual, Level::Visual, &filters);
        read_visual(reader, &visual, &config["singleVisual"]);
        reader.objects(&visual, &config["singleVisualGroup"]["objects"]);
        sites.insert(id_of(config), visual);
    }
    // 3 is `NoFilter`.
    for interaction in list(&page["relationships"]).filter(|interaction| interaction["type"] == 3) {
        reader.no_filter(&sites, interaction);
    }
    (id, (site, sites))
}

fn id_of(config: &Value) -> String {
    config.get("name").and_then(Value::as_str).unwrap_or_default().to_owned()
}

fn name_of(config: &Value) -> String {
    let group = config.pointer("/singleVisualGroup/displayName").and_then(Value::as_str);
    group.map_or_else(|| visual_name(&config["singleVisual"], "vcObjects"), str::to_owned)
}

fn read_visual(reader: &mut Reader, site: &Site, visual: &Value) {
    reader.other_needs(site, visual);
    let mut roles: HashMap<&str, &str> = HashMap::new();
    for (role, projections) in visual["projections"].as_object().into_iter().flatten() {
        for name in list(projections).filter_map(|projection| projection.get("queryRef")?.as_str()) {
            roles.entry(name).or_insert(role);
        }
    }
    let query = &visual["prototypeQuery"];
    let mut selected = HashSet::new();
    for select in list(&query["Select"]) {
        let name = select.get("Name").and_then(Value::as_str).unwrap_or_default();
        let used_as = roles.get(name).map_or(UsedAs::Query, |role| UsedAs::Role((*role).to_owned()));
        selected.insert(name);
        // The sources of the query are added, so that the aliases of the expression can be resolved.
        reader.expression(site, &used_as, &with_sources(query, "Select", select));
    }
    for sort in list(&query["OrderBy"]) {
        reader.expression(site, &UsedAs::Sorting, &with_sources(query, "OrderBy", sort));
    }
    for clause in ["Where", "GroupBy", "Transform"] {
        reader.expression(site, &UsedAs::Query, &with_sources(query, clause, &query[clause]));
    }
    for name in roles.keys().filter(|name| !selected.contains(*name)) {
        reader.not_checked(site, &format!("field {name}"), "the query of the visual does not define it");
    }
    reader.objects(site, &visual["objects"]);
    reader.objects(site, &visual["vcObjects"]);
}

/// One clause of a query, together with the sources of the query.
fn with_sources(query: &Value, clause: &str, content: &Value) -> Value {
    serde_json::json!({ "From": query["From"], clause: content })
}

fn read_pod(reader: &mut Reader, pod: &Value, places: &Places) {
    let section = pod.get("boundSection").and_then(Value::as_str).unwrap_or_default();
    let Some((site, _)) = places.get(section) else { return };
    let parameters = embedded(reader, site, pod, "parameters");
    for parameter in list(&parameters) {
        reader.expression(site, &UsedAs::Parameter, &parameter["fieldExpr"]);
    }
}

/// Reads JSON inside another JSON document, usually in a string.
fn embedded<'a>(reader: &mut Reader, site: &Site, value: &'a Value, name: &str) -> Cow<'a, Value> {
    match value.get(name) {
        None => Cow::Owned(Value::Null),
        Some(Value::String(text)) if text.is_empty() => Cow::Owned(Value::Null),
        Some(Value::String(text)) => match parse(text.as_bytes()) {
            Ok(value) => Cow::Owned(value),
            Err(reason) => {
                reader.not_checked(site, name, &format!("it is not valid JSON ({reason})"));
                Cow::Owned(Value::Null)
            }
        },
        Some(value) => Cow::Borrowed(value),
    }
}

fn list(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}
