//! Checks of answers against the contract.

use std::collections::BTreeSet;

use serde_json::Value;

use super::binding::Binding;
use super::token::{Issued, violations};
use super::verdict::Verdict;
use super::view::{Bound, Reading, View};
use super::{Oracle, RequestEvent, items, lower};

/// The faults of an answer to a well-formed request while no upstream fails. `code` is that of the problem, or `ok`.
#[must_use]
pub fn faults(
    oracle: &Oracle,
    asked: &RequestEvent<'_>,
    code: &str,
    body: &Value,
    issued: Option<&Issued>,
) -> Vec<String> {
    let verdict = Verdict::on(oracle, asked);
    let mut found = Vec::new();
    if !verdict.permitted.contains(code) {
        found.push(format!("answered {code}, and the contract permits {:?}", verdict.permitted));
    }
    found.extend(breaches(oracle, asked, body, issued));
    found
}

/// The permissions in an answer that no grant gives. There must be none, even if upstreams fail.
#[must_use]
pub fn breaches(oracle: &Oracle, asked: &RequestEvent<'_>, body: &Value, issued: Option<&Issued>) -> Vec<String> {
    let mut found = issued.map(|issued| violations(oracle, asked, issued)).unwrap_or_default();
    if body["configs"].is_array() {
        found.extend(misconfigured(oracle, asked, body));
    }
    found
}

/// The bindings that a `bindings-conflict` names, by their index in the request.
#[must_use]
pub fn conflicting(problem: &Value) -> BTreeSet<usize> {
    let pointers = items(&problem["errors"]).iter().filter_map(|error| error["pointer"].as_str());
    pointers.filter_map(|pointer| pointer.strip_prefix("/bindings/")?.split('/').next()?.parse().ok()).collect()
}

/// The faults of the configs.
fn misconfigured(oracle: &Oracle, asked: &RequestEvent<'_>, body: &Value) -> Vec<String> {
    let (Some(caller), configs) = (asked.caller(), items(&body["configs"])) else { return Vec::new() };
    let tenant = asked.tenant(&caller).unwrap_or_default();
    let view = View::new(oracle, &caller, &tenant, Reading::Generous);
    let bindings = Binding::all(&asked.body);
    let mut found = Vec::new();
    if configs.len() != bindings.len() {
        found.push(format!("{} configs for {} bindings", configs.len(), bindings.len()));
    }
    for (index, (config, binding)) in configs.iter().zip(&bindings).enumerate() {
        if config["accessToken"] != configs[0]["accessToken"] {
            found.push(format!("config {index} has another token"));
        }
        if let Some(bound) = view.resolve(binding) {
            let wrong = differences(config, &bound).into_iter();
            found.extend(wrong.map(|field| format!("config {index} has another `{field}`: {config}")));
        }
    }
    found
}

/// The fields of a config that do not match its binding.
fn differences(config: &Value, bound: &Bound) -> Vec<&'static str> {
    let dataset = &bound.entry.dataset.id;
    let can_save = bound.saves.iter().any(Option::is_some);
    let Some(report) = &bound.report else {
        let target = config["groupId"].as_str().map(str::to_lowercase);
        let rows = [("datasetId", lower(&config["datasetId"]) == *dataset), ("groupId", bound.saves.contains(&target))];
        return rows.into_iter().filter(|(_, is_right)| !is_right).map(|(field, _)| field).collect();
    };
    let target = if report.is_paginated {
        &config["datasetBindings"][0]["targetDatasetId"]
    } else {
        &config["datasetBinding"]["datasetId"]
    };
    let permissions = match bound.mode.as_str() {
        "edit" => config["permissions"] == 1 || (config["permissions"] == 7 && can_save),
        _ => config["permissions"].is_null() || config["permissions"] == 0,
    };
    let rows = [
        ("id", lower(&config["id"]) == report.id),
        ("dataset", lower(target) == *dataset),
        ("permissions", permissions),
    ];
    rows.into_iter().filter(|(_, is_right)| !is_right).map(|(field, _)| field).collect()
}
