//! A model as its own `INFO.VIEW.*` functions tell it, by `executeQueries`.

use dynabind::domain::{DatasetId, WorkspaceId};
use preflight::ModelDefinition;
use serde_json::{Value, json};

use crate::connection::Rest;

/// A model without hierarchies and roles.
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

/// One query a call is all that Power BI takes.
async fn rows(rest: &Rest, workspace: WorkspaceId, id: DatasetId, view: &str) -> Result<Vec<Value>, String> {
    let path = format!("v1.0/myorg/groups/{workspace}/datasets/{id}/executeQueries");
    let query = json!({ "query": format!("EVALUATE INFO.VIEW.{view}()") });
    let body = json!({ "queries": [query], "serializerSettings": { "includeNulls": true } });
    let answer = rest.post(&path, Some(&body)).await;
    let mut answer = answer.map_err(|error| format!("executeQueries cannot tell its schema: {error}"))?.body;
    // A result that was cut short comes with status 200 and an error.
    let result = &mut answer["results"][0];
    if result["error"].is_object() || result["tables"][0]["error"].is_object() {
        return Err("executeQueries gave only a part of its schema".to_owned());
    }
    match result["tables"][0]["rows"].take() {
        Value::Array(rows) => Ok(rows),
        _ => Err("executeQueries gave no rows".to_owned()),
    }
}
