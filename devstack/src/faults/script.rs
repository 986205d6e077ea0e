//! The faults that will be injected.

use std::sync::Mutex;

use serde::Serialize;

use super::Fault;
use crate::sync::lock;

/// Faults in the order of their definition. The first that matches a request applies to it.
#[derive(Debug, Default)]
pub(crate) struct FaultScript(Mutex<Vec<ScriptedFault>>);

/// One fault.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ScriptedFault {
    route: String,
    fault: Fault,
    /// The number of requests that it still applies to; absent: until it is cleared.
    #[serde(skip_serializing_if = "Option::is_none")]
    times: Option<u32>,
}

impl FaultScript {
    pub(crate) fn add(&self, route: &str, fault: Fault, times: Option<u32>) {
        lock(&self.0).push(ScriptedFault { route: route.to_owned(), fault, times });
    }

    pub(crate) fn clear(&self) {
        lock(&self.0).clear();
    }

    pub(crate) fn waiting(&self) -> Vec<ScriptedFault> {
        lock(&self.0).clone()
    }

    /// Takes the fault for a request, if there is one.
    pub(crate) fn take(&self, method: &str, path: &str) -> Option<Fault> {
        let mut entries = lock(&self.0);
        let index = entries.iter().position(|entry| fits(&entry.route, method, path))?;
        let entry = &mut entries[index];
        let fault = entry.fault.clone();
        if let Some(times) = &mut entry.times {
            *times = times.saturating_sub(1);
            if *times == 0 {
                entries.remove(index);
            }
        }
        Some(fault)
    }
}

/// Whether a route such as `POST /v1.0/myorg/*`, `/v1.0/*` or `*` matches.
///
/// `HEAD` matches only a route that names it, because Dynabind sends `HEAD` only to open connections early.
fn fits(route: &str, method: &str, path: &str) -> bool {
    let (wanted, pattern) = match route.trim().split_once(' ') {
        Some((wanted, pattern)) => (Some(wanted), pattern.trim()),
        None => (None, route.trim()),
    };
    let method_fits = wanted.map_or(method != "HEAD", |wanted| wanted.eq_ignore_ascii_case(method));
    method_fits && glob(&pattern.to_ascii_lowercase(), &path.to_ascii_lowercase())
}

/// Matches `*` with any characters.
fn glob(pattern: &str, text: &str) -> bool {
    let Some((start, rest)) = pattern.split_once('*') else {
        return pattern == text;
    };
    let Some(text) = text.strip_prefix(start) else {
        return false;
    };
    if rest.is_empty() {
        return true;
    }
    text.char_indices().map(|(at, _)| at).chain([text.len()]).any(|at| glob(rest, &text[at..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn routes_match_by_method_and_pattern() {
        assert!(fits("*", "GET", "/a"));
        assert!(!fits("*", "HEAD", "/"));
        assert!(fits("HEAD *", "HEAD", "/"));
        assert!(fits("GET /groups/*/reports/*", "GET", "/groups/1/reports/2"));
        assert!(!fits("GET /groups/*/reports/*", "GET", "/groups/1/datasets/2"));
        assert!(!fits("POST /a", "GET", "/a"));
        assert!(fits("/v1.0/myorg/generatetoken", "POST", "/v1.0/myorg/GenerateToken"));
    }

    #[test]
    fn a_fault_applies_to_the_given_number_of_requests() {
        let script = FaultScript::default();
        script.add("*", Fault::Hang, Some(2));
        script.add("*", Fault::TruncatedJson, None);
        let taken: Vec<_> = (0..4).map(|_| script.take("GET", "/").unwrap()).collect();
        assert_eq!(taken, [Fault::Hang, Fault::Hang, Fault::TruncatedJson, Fault::TruncatedJson]);
        script.clear();
        assert_eq!(script.take("GET", "/"), None);
    }
}
