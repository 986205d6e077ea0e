//! A model's schema, read with its `INFO.VIEW.*` functions by `executeQueries`.

use dynabind::domain::{DatasetId, WorkspaceId};
use preflight::ModelDefinition;
use serde_json::{Value, json};

use crate::connection::Rest;

/// The model, without its hierarchies and roles: these functions do not return them.
pub(super) async fn model(rest: &Rest, workspace: WorkspaceId, id: DatasetId) -> Result<ModelDefinition, String> {
    let mut views = Vec::new();
    for view in ["TABLES", "COLUMNS", "MEASURES", "RELATIONSHIPS"] {
        views.push(rows(rest, workspace, id, view).await?);
    }
    let [tables, columns, measures, relationships] = views.as_slice() else {
        return Err("a view is missing".to_owned());
    };
    ModelDefinition::from_info_view(tables, columns, measures, relationships).map_err(|error| error.to_string())
}

/// The rows of one function. Power BI accepts only one query for each call.
async fn rows(rest: &Rest, workspace: WorkspaceId, id: DatasetId, view: &str) -> Result<Vec<Value>, String> {
    let path = format!("v1.0/myorg/groups/{workspace}/datasets/{id}/executeQueries");
    let query = json!({ "query": format!("EVALUATE INFO.VIEW.{view}()") });
    let body = json!({ "queries": [query], "serializerSettings": { "includeNulls": true } });
    let answer = rest.post(&path, Some(&body)).await;
    let mut answer = answer.map_err(|error| format!("its schema cannot be read with executeQueries: {error}"))?.body;
    // A truncated result has status 200 and an error in its body.
    let result = &mut answer["results"][0];
    if result["error"].is_object() || result["tables"][0]["error"].is_object() {
        return Err("executeQueries returned only a part of its schema".to_owned());
    }
    match result["tables"][0]["rows"].take() {
        Value::Array(rows) => Ok(rows),
        _ => Err("executeQueries returned no rows".to_owned()),
    }
}
