//! Names of visuals for messages.

use serde_json::Value;

/// The title of a visual; without a title, its type in words.
pub(super) fn visual_name(visual: &Value, container_objects: &str) -> String {
    let title = visual.get(container_objects).and_then(|objects| objects.pointer("/title/0/properties/text/expr"));
    let title = title.and_then(|expr| expr.pointer("/Literal/Value")).and_then(Value::as_str).and_then(unquoted);
    title.unwrap_or_else(|| type_name(visual.get("visualType").and_then(Value::as_str).unwrap_or("visual")))
}

fn unquoted(literal: &str) -> Option<String> {
    let text = literal.strip_prefix('\'')?.strip_suffix('\'')?.replace("''", "'");
    Some(text.trim().to_owned()).filter(|text| !text.is_empty())
}

/// A type in words: `clusteredColumnChart` becomes `clustered column chart`.
fn type_name(kind: &str) -> String {
    match kind {
        "tableEx" => return "table".to_owned(),
        "pivotTable" => return "matrix".to_owned(),
        "textbox" => return "text box".to_owned(),
        _ => {}
    }
    // The names of custom visuals end in an identifier.
    let kind = kind.trim_end_matches(|c: char| c.is_ascii_hexdigit() && !c.is_ascii_lowercase());
    let mut words = String::new();
    for c in kind.chars() {
        if c.is_uppercase() && !words.is_empty() {
            words.push(' ');
        }
        words.extend(c.to_lowercase());
    }
    if words.is_empty() { "visual".to_owned() } else { words }
}

/// Adds the identifiers of their visuals to names that occur more than once on a page.
pub(super) fn distinguished(names: &[(String, String)]) -> Vec<String> {
    let count = |name: &str| names.iter().filter(|(_, other)| other == name).count();
    let label = |(id, name): &(String, String)| {
        if count(name) > 1 { format!("{name} ({id})") } else { name.clone() }
    };
    names.iter().map(label).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_are_written_in_words() {
        let table = [
            ("clusteredColumnChart", "clustered column chart"),
            ("card", "card"),
            ("deneb7E15AEF80B9E4D4F8E12924291ECE89A", "deneb"),
            ("", "visual"),
        ];
        for (kind, name) in table {
            assert_eq!(type_name(kind), name);
        }
    }
}
