//! Removes everything that belongs to a tenant from an answer, and keeps the answer's shape.

use std::collections::BTreeMap;

use serde_json::{Value, json};

/// Fields whose values are constants of the API.
const KEPT: [&str; 13] = [
    "type",
    "reportType",
    "state",
    "sku",
    "capacityUserAccessRight",
    "groupUserAccessRight",
    "datasetUserAccessRight",
    "principalType",
    "targetStorageMode",
    "defaultDatasetStorageFormat",
    "contentProviderType",
    "datasourceType",
    "reportUserAccessRight",
];

/// The longest constant of the API.
const MAX_WORD: usize = 64;

/// Replaces each value; equal values get the same replacement.
#[derive(Debug, Default)]
pub(super) struct Sanitiser {
    guids: BTreeMap<String, String>,
    texts: BTreeMap<String, String>,
}

impl Sanitiser {
    /// The value without data of the tenant. Numbers and booleans stay.
    pub(super) fn clean(&mut self, value: &Value) -> Value {
        self.clean_field("", value)
    }

    fn clean_field(&mut self, name: &str, value: &Value) -> Value {
        match value {
            Value::String(text) => json!(self.clean_text(name, text)),
            Value::Array(items) => items.iter().map(|item| self.clean_field(name, item)).collect(),
            Value::Object(fields) => {
                let field = |(name, value): (&String, &Value)| (name.clone(), self.clean_field(name, value));
                fields.iter().map(field).collect::<serde_json::Map<_, _>>().into()
            }
            other => other.clone(),
        }
    }

    fn clean_text(&mut self, name: &str, text: &str) -> String {
        let is_word = text.len() <= MAX_WORD && text.bytes().all(|byte| byte.is_ascii_alphanumeric());
        if text.is_empty() || (KEPT.contains(&name) && is_word) {
            return text.to_owned();
        }
        if is_guid(text) {
            return self.guid(text);
        }
        if name.starts_with("@odata") {
            return "https://wabi-example-redirect.analysis.windows.net/v1.0/myorg/$metadata".to_owned();
        }
        if let Ok(url) = reqwest::Url::parse(text)
            && matches!(url.scheme(), "http" | "https")
        {
            return self.url(&url);
        }
        if name.ends_with("Date") || name.ends_with("Time") {
            return "2026-01-02T03:04:05.67Z".to_owned();
        }
        let next = format!("Text {}", self.texts.len() + 1);
        self.texts.entry(text.to_owned()).or_insert(next).clone()
    }

    fn guid(&mut self, text: &str) -> String {
        let next = format!("00000000-0000-4000-8000-{:012}", self.guids.len() + 1);
        self.guids.entry(text.to_lowercase()).or_insert(next).clone()
    }

    /// Replaces the parts of a URL, except a public host, the known path segments and the parameters' names.
    fn url(&mut self, url: &reqwest::Url) -> String {
        let is_public = |host: &str| {
            host.starts_with("app.powerbi") || host.starts_with("app.high.") || host.starts_with("app.mil.")
        };
        let host = url.host_str().filter(|host| is_public(host)).unwrap_or("host.example");
        let words = ["groups", "reports", "datasets", "reportEmbed", "rdlEmbed", "qnaEmbed", "dashboardEmbed"];
        let segments: Vec<_> = url.path_segments().into_iter().flatten().map(str::to_owned).collect();
        let segment = |segment: String| {
            if is_guid(&segment) {
                self.guid(&segment)
            } else if words.contains(&segment.as_str()) || segment.is_empty() {
                segment
            } else {
                "part".to_owned()
            }
        };
        let path = segments.into_iter().map(segment).collect::<Vec<_>>().join("/");
        let parameter = |(name, value): (std::borrow::Cow<'_, str>, std::borrow::Cow<'_, str>)| {
            let value = if is_guid(&value) { self.guid(&value) } else { "e30".to_owned() };
            format!("{name}={value}")
        };
        let query = url.query_pairs().map(parameter).collect::<Vec<_>>().join("&");
        format!("https://{host}/{path}{}{query}", if query.is_empty() { "" } else { "?" })
    }
}

fn is_guid(text: &str) -> bool {
    text.parse::<dynabind::domain::ReportId>().is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_data_of_the_tenant_is_left() {
        let id = "C294DAAB-3e50-4317-b0b8-639e5a42e0f1";
        let url = format!("https://app.powerbi.com/reportEmbed?reportId={id}&config=eyJjbHVzdGVyIjoic2VjcmV0In0%3d");
        let body = json!({
            "@odata.context": "https://wabi-secret-redirect.analysis.windows.net/v1.0/myorg/$metadata#reports",
            "id": id, "name": "Secret plans", "description": "Secret plans", "reportType": "PowerBIReport",
            "embedUrl": url, "webUrl": "https://secret.example/hidden", "createdDate": "2020-02-02T02:02:02Z",
            "configuredBy": "secret@secret.example", "type": "Secret plans", "isFromPbix": true, "users": [],
        });
        let mut sanitiser = Sanitiser::default();
        let clean = sanitiser.clean(&body);
        let text = clean.to_string().to_lowercase();
        assert!(!text.contains("secret") && !text.contains("c294daab") && !text.contains("2020"), "{clean:#}");
        assert_eq!((&clean["reportType"], &clean["isFromPbix"]), (&json!("PowerBIReport"), &json!(true)));
        assert_eq!(clean["name"], clean["description"], "the same text is replaced by the same text");
        let replaced = clean["id"].as_str().unwrap();
        assert_eq!(clean["embedUrl"], format!("https://app.powerbi.com/reportEmbed?reportId={replaced}&config=e30"));
    }
}
