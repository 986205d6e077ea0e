//! DynamoDB tables in memory, with the operations that Dynabind uses: reads by key, and writes with a condition.

use std::collections::BTreeMap;

use serde_json::{Value, json};

/// Items by table and key.
#[derive(Debug, Default)]
pub struct Tables {
    items: BTreeMap<(String, String), Value>,
    /// Operations that fail, each with the code of its error.
    refused: BTreeMap<&'static str, &'static str>,
}

impl Tables {
    /// The answer to an operation with this `x-amz-target`: status and body.
    ///
    /// Operations that a function's role may not use are refused, as IAM does.
    pub fn answer(&mut self, target: &str, request: &Value) -> (u16, Value) {
        let operation = target.rsplit('.').next().unwrap_or_default();
        if let Some(code) = self.refused.get(operation) {
            return refused(code);
        }
        match operation {
            "GetItem" => (200, self.get(request)),
            "BatchGetItem" => (200, self.batch_get(request)),
            "PutItem" => self.put(request),
            _ => refused("AccessDeniedException"),
        }
    }

    /// Makes an operation fail from now on.
    pub fn refuse(&mut self, operation: &'static str, code: &'static str) {
        self.refused.insert(operation, code);
    }

    /// Every item of a table, by key.
    pub fn items(&mut self, table: &str) -> impl Iterator<Item = (&str, &mut Value)> {
        let of_table = self.items.iter_mut().filter(move |((name, _), _)| name == table);
        of_table.map(|((_, key), item)| (key.as_str(), item))
    }

    /// Puts an item of these attributes, in DynamoDB's own JSON.
    pub fn insert(&mut self, table: &str, item: Value) {
        let key = item["pk"]["S"].as_str().unwrap_or_default().to_owned();
        self.items.insert((table.to_owned(), key), item);
    }

    /// Removes every item of a table.
    pub fn clear(&mut self, table: &str) {
        self.items.retain(|(name, _), _| name != table);
    }

    fn find(&self, table: &str, key: &Value) -> Option<&Value> {
        self.items.get(&(table.to_owned(), key["pk"]["S"].as_str()?.to_owned()))
    }

    fn get(&self, request: &Value) -> Value {
        let found = self.find(request["TableName"].as_str().unwrap_or_default(), &request["Key"]);
        found.map_or(json!({}), |item| json!({ "Item": item }))
    }

    fn batch_get(&self, request: &Value) -> Value {
        let mut responses = json!({});
        for (table, wanted) in request["RequestItems"].as_object().into_iter().flatten() {
            let keys = wanted["Keys"].as_array().into_iter().flatten();
            let found: Vec<_> = keys.filter_map(|key| self.find(table, key)).collect();
            responses[table] = json!(found);
        }
        json!({ "Responses": responses, "UnprocessedKeys": {} })
    }

    fn put(&mut self, request: &Value) -> (u16, Value) {
        let table = request["TableName"].as_str().unwrap_or_default();
        let item = &request["Item"];
        if item["pk"]["S"].as_str().unwrap_or_default().is_empty() {
            return refused("ValidationException");
        }
        match holds(request, self.find(table, item)) {
            None => refused("ValidationException"),
            Some(false) => refused("ConditionalCheckFailedException"),
            Some(true) => {
                self.insert(table, item.clone());
                (200, json!({}))
            }
        }
    }
}

/// Whether a write's condition holds; `None` for a condition in a form that Dynabind does not use.
fn holds(request: &Value, item: Option<&Value>) -> Option<bool> {
    let Some(condition) = request["ConditionExpression"].as_str() else { return Some(true) };
    if condition == "attribute_not_exists(pk)" {
        return Some(item.is_none());
    }
    let (name, value) = condition.split_once(" = ")?;
    let name = request["ExpressionAttributeNames"][name].as_str().unwrap_or(name);
    let value = request["ExpressionAttributeValues"].get(value)?;
    Some(item.is_some_and(|item| item.get(name) == Some(value)))
}

fn refused(code: &str) -> (u16, Value) {
    (400, json!({ "__type": format!("com.amazonaws.dynamodb.v20120810#{code}"), "message": "refused" }))
}
