//! YAML with the short tags of `CloudFormation`, read as JSON.

use std::sync::{Arc, Mutex};

use saphyr::{LoadableYamlNode, ScalarOwned, YamlOwned};
use serde_json::{Map, Value, json};

use crate::sync::lock;

/// The last text and its document. A test process starts hundreds of stacks with one template. Without this cache, reading
/// the template would take most of the time of a start.
static LAST: Mutex<Option<(String, Arc<Value>)>> = Mutex::new(None);

/// Reads one document.
pub(crate) fn parse(text: &str) -> Result<Arc<Value>, String> {
    let last = lock(&LAST).clone();
    match last {
        Some((known, document)) if known == text => Ok(document),
        _ => {
            let document = Arc::new(read(text)?);
            *lock(&LAST) = Some((text.to_owned(), Arc::clone(&document)));
            Ok(document)
        }
    }
}

/// Reads one document. The short tags of `CloudFormation` become their long form: `!Ref X` is `{"Ref": "X"}`.
///
/// # Errors
/// When the text is not exactly one document of plain values and such tags.
pub fn read(text: &str) -> Result<Value, String> {
    let mut documents = YamlOwned::load_from_str(text).map_err(|error| error.to_string())?;
    match documents.pop() {
        Some(document) if documents.is_empty() => convert(&document),
        _ => Err("there must be exactly one YAML document".to_owned()),
    }
}

fn convert(node: &YamlOwned) -> Result<Value, String> {
    match node {
        YamlOwned::Value(scalar) => Ok(convert_scalar(scalar)),
        YamlOwned::Sequence(items) => items.iter().map(convert).collect(),
        YamlOwned::Mapping(entries) => {
            let mut object = Map::new();
            for (key, value) in entries {
                let key = convert(key)?;
                let key = key.as_str().map_or_else(|| key.to_string(), str::to_owned);
                object.insert(key, convert(value)?);
            }
            Ok(Value::Object(object))
        }
        YamlOwned::Tagged(tag, inner) => Ok(long_form(&tag.suffix, convert(inner)?)),
        YamlOwned::Representation(..) | YamlOwned::Alias(_) | YamlOwned::BadValue => {
            Err("unsupported YAML: an alias or a malformed value".to_owned())
        }
    }
}

fn convert_scalar(scalar: &ScalarOwned) -> Value {
    match scalar {
        ScalarOwned::Null => Value::Null,
        ScalarOwned::Boolean(value) => json!(value),
        ScalarOwned::Integer(value) => json!(value),
        ScalarOwned::FloatingPoint(value) => json!(value.into_inner()),
        ScalarOwned::String(value) => json!(value),
    }
}

/// `!Ref X` is `{"Ref": "X"}`; `!Sub X` is `{"Fn::Sub": "X"}`, and so on.
fn long_form(tag: &str, value: Value) -> Value {
    let name = match tag {
        "Ref" | "Condition" => tag.to_owned(),
        _ => format!("Fn::{tag}"),
    };
    let value = match (tag, &value) {
        ("GetAtt", Value::String(path)) => json!(path.split('.').collect::<Vec<_>>()),
        _ => value,
    };
    Value::Object(Map::from_iter([(name, value)]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_tags_become_long_forms() {
        let value = read("a: !Ref B\nc: !Sub '${D}'\ne: !GetAtt F.Arn\ng: !If [H, 1, !Ref I]").unwrap();
        assert_eq!(
            value,
            json!({
                "a": {"Ref": "B"},
                "c": {"Fn::Sub": "${D}"},
                "e": {"Fn::GetAtt": ["F", "Arn"]},
                "g": {"Fn::If": ["H", 1, {"Ref": "I"}]},
            })
        );
    }
}
