//! The route of a request.

use std::collections::BTreeMap;

use http::request::Parts;

use crate::template::Route;

/// Values of a route's path parameters.
pub(super) type Parameters = BTreeMap<String, String>;

/// The route for a request: a route with its method; otherwise a route with `ANY`.
pub(super) fn find<'r>(routes: &'r [Route], parts: &Parts) -> Option<(&'r Route, Parameters)> {
    let path = parts.uri.path();
    let by_method = |method: &str| {
        let mut fitting = routes.iter().filter(|route| route.method == method);
        fitting.find_map(|route| Some((route, matched(&route.path, path)?)))
    };
    by_method(parts.method.as_str()).or_else(|| by_method("ANY"))
}

fn matched(pattern: &str, path: &str) -> Option<Parameters> {
    let mut parameters = Parameters::new();
    let mut rest = path.split('/');
    for part in pattern.split('/') {
        let name = part.strip_prefix('{').and_then(|part| part.strip_suffix('}'));
        match name.map(|name| name.strip_suffix('+').ok_or(name)) {
            None if rest.next()? == part => {}
            None => return None,
            Some(Err(name)) => {
                let value = rest.next().filter(|value| !value.is_empty())?;
                parameters.insert(name.to_owned(), value.to_owned());
            }
            Some(Ok(greedy)) => {
                let value = rest.by_ref().collect::<Vec<_>>().join("/");
                parameters.insert(greedy.to_owned(), value);
            }
        }
    }
    rest.next().is_none().then_some(parameters)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_match_part_by_part() {
        assert_eq!(matched("/a", "/a"), Some(Parameters::new()));
        for path in ["/", "/a/", "/a/b", "/A", "/b"] {
            assert_eq!(matched("/a", path), None, "{path}");
        }
        assert_eq!(matched("/a/{id}", "/a/1").unwrap()["id"], "1");
        assert_eq!(matched("/a/{id}", "/a/"), None);
        assert_eq!(matched("/{proxy+}", "/a/b").unwrap()["proxy"], "a/b");
    }
}
