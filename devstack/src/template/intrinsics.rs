//! Evaluation of `CloudFormation` functions for a development machine.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

/// Evaluates references, conditions, and functions of strings and lists.
pub(super) struct Resolver<'a> {
    document: &'a Value,
    given: &'a BTreeMap<String, String>,
}

/// The value of an expression; `None` is `AWS::NoValue`.
type Resolved = Result<Option<Value>, String>;

impl<'a> Resolver<'a> {
    pub(super) fn new(document: &'a Value, given: &'a BTreeMap<String, String>) -> Self {
        Self { document, given }
    }

    /// A value with every function evaluated.
    pub(super) fn resolve(&self, value: &Value) -> Resolved {
        match value {
            Value::Object(fields) => match single(fields) {
                Some((function, argument)) if is_function(function) => self.call(function, argument),
                _ => self.object(fields).map(Some),
            },
            Value::Array(items) => self.list(items).map(|items| Some(Value::Array(items))),
            other => Ok(Some(other.clone())),
        }
    }

    fn object(&self, fields: &Map<String, Value>) -> Result<Value, String> {
        let mut object = Map::new();
        for (name, value) in fields {
            if let Some(value) = self.resolve(value)? {
                object.insert(name.clone(), value);
            }
        }
        Ok(Value::Object(object))
    }

    fn list(&self, items: &[Value]) -> Result<Vec<Value>, String> {
        items.iter().filter_map(|item| self.resolve(item).transpose()).collect()
    }

    fn call(&self, function: &str, argument: &Value) -> Resolved {
        match function {
            "Ref" => self.reference(argument.as_str().unwrap_or_default()),
            "Fn::Sub" => self.substitute(argument).map(|text| Some(json!(text))),
            // The stack has no resources, so the logical name replaces the physical one.
            "Fn::GetAtt" => Ok(Some(json!(format!("dev:{}", text(argument))))),
            "Fn::If" => {
                let [condition, yes, no] = arguments(function, argument)?;
                let holds = self.named_condition(condition.as_str().unwrap_or_default())?;
                self.resolve(if holds { yes } else { no })
            }
            "Fn::Join" => {
                let [separator, items] = arguments(function, argument)?;
                let items = self.strings(items)?;
                Ok(Some(json!(items.join(separator.as_str().unwrap_or_default()))))
            }
            "Fn::Split" => {
                let [separator, whole] = arguments(function, argument)?;
                let whole = self.string(whole)?;
                let parts: Vec<_> = whole.split(separator.as_str().unwrap_or(",")).collect();
                Ok(Some(json!(parts)))
            }
            "Fn::Select" => {
                let [index, items] = arguments(function, argument)?;
                let index: usize = self.string(index)?.parse().map_err(|_| "Fn::Select: no index")?;
                Ok(self.strings(items)?.get(index).map(|item| json!(item)))
            }
            "Fn::FindInMap" => {
                let [map, first, second] = arguments(function, argument)?;
                let keys = [self.string(map)?, self.string(first)?, self.string(second)?];
                let found = keys.iter().try_fold(&self.document["Mappings"], |table, key| table.get(key));
                found.map(|found| Some(found.clone())).ok_or_else(|| format!("Mappings has no {}", keys.join(".")))
            }
            _ => self.condition(&json!({ function: argument })).map(|holds| Some(json!(holds))),
        }
    }

    fn reference(&self, name: &str) -> Resolved {
        if name == "AWS::NoValue" {
            return Ok(None);
        }
        if let Some(value) = pseudo_parameter(name) {
            return Ok(Some(json!(value)));
        }
        let Some(parameter) = self.document.pointer(&format!("/Parameters/{name}")) else {
            return match self.document.pointer(&format!("/Resources/{name}")) {
                Some(_) => Ok(Some(json!(format!("dev:{name}")))),
                None => Err(format!("!Ref {name}: neither a parameter nor a resource")),
            };
        };
        let default = parameter.get("Default").map(text);
        let value = self.given.get(name).cloned().or(default);
        let value = value.ok_or_else(|| format!("parameter {name} has no value"))?;
        if parameter["Type"] == "CommaDelimitedList" {
            let items: Vec<_> = value.split(',').map(str::trim).collect();
            return Ok(Some(json!(items)));
        }
        Ok(Some(json!(value)))
    }

    /// `${Name}` and `${Name.Attribute}` in a string; `${!Name}` stays.
    fn substitute(&self, argument: &Value) -> Result<String, String> {
        let (mut rest, own) = match argument {
            Value::Array(pair) => (pair.first().and_then(Value::as_str), pair.get(1)),
            other => (other.as_str(), None),
        };
        let mut result = String::new();
        while let Some((before, after)) = rest.and_then(|rest| rest.split_once("${")) {
            let (name, after) = after.split_once('}').ok_or("Fn::Sub: an open ${")?;
            result.push_str(before);
            match (name.strip_prefix('!'), own.and_then(|own| own.get(name))) {
                (Some(literal), _) => result.extend(["${", literal, "}"]),
                (None, Some(value)) => result.push_str(&self.string(value)?),
                (None, None) if name.contains('.') => result.extend(["dev:", name]),
                (None, None) => result.push_str(&self.string(&json!({ "Ref": name }))?),
            }
            rest = Some(after);
        }
        result.push_str(rest.ok_or("Fn::Sub: not a string")?);
        Ok(result)
    }

    fn named_condition(&self, name: &str) -> Result<bool, String> {
        let condition = self.document.pointer(&format!("/Conditions/{name}"));
        self.condition(condition.ok_or_else(|| format!("condition {name} is not defined"))?)
    }

    fn condition(&self, expression: &Value) -> Result<bool, String> {
        let Some((function, argument)) = expression.as_object().and_then(single) else {
            return Err(format!("{expression} is not a condition"));
        };
        let all = argument.as_array().map(Vec::as_slice).unwrap_or_default();
        match function {
            "Condition" => self.named_condition(argument.as_str().unwrap_or_default()),
            "Fn::Equals" => {
                let [left, right] = arguments(function, argument)?;
                Ok(self.string(left)? == self.string(right)?)
            }
            "Fn::Not" => {
                let [inner] = arguments(function, argument)?;
                self.condition(inner).map(|holds| !holds)
            }
            "Fn::And" => all.iter().try_fold(true, |held, one| Ok(self.condition(one)? && held)),
            "Fn::Or" => all.iter().try_fold(false, |held, one| Ok(self.condition(one)? || held)),
            other => Err(format!("{other} is not supported here")),
        }
    }

    fn string(&self, value: &Value) -> Result<String, String> {
        Ok(self.resolve(value)?.as_ref().map(text).unwrap_or_default())
    }

    fn strings(&self, value: &Value) -> Result<Vec<String>, String> {
        match self.resolve(value)? {
            Some(Value::Array(items)) => Ok(items.iter().map(text).collect()),
            other => Err(format!("{other:?} is not a list")),
        }
    }
}

/// A scalar in the format in which `CloudFormation` inserts it into a string.
pub(super) fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Null => String::new(),
        Value::Array(items) => items.iter().map(text).collect::<Vec<_>>().join("."),
        other => other.to_string(),
    }
}

fn single(fields: &Map<String, Value>) -> Option<(&str, &Value)> {
    let mut fields = fields.iter();
    let (name, value) = fields.next()?;
    fields.next().is_none().then_some((name.as_str(), value))
}

fn is_function(name: &str) -> bool {
    name == "Ref" || name.starts_with("Fn::")
}

fn arguments<'v, const N: usize>(function: &str, argument: &'v Value) -> Result<[&'v Value; N], String> {
    let items: Vec<&Value> = argument.as_array().into_iter().flatten().collect();
    items.try_into().map_err(|_| format!("{function}: not {N} arguments"))
}

fn pseudo_parameter(name: &str) -> Option<&'static str> {
    match name {
        "AWS::Region" => Some("us-east-1"),
        "AWS::AccountId" => Some("123456789012"),
        "AWS::StackName" => Some("dynabind"),
        "AWS::Partition" => Some("aws"),
        "AWS::URLSuffix" => Some("amazonaws.com"),
        "AWS::StackId" => Some("dev:stack"),
        _ => None,
    }
}
