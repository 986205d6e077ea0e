//! The bodies of Power BI's refusals, for which no schema is published.

use serde_json::Value;

/// The codes and texts of a body of any shape: `{error: {code, message}}`, `{error: {"pbi.error": …}}` with its text
/// under `details`, the same without `error` around it, a text instead of an object, or nothing.
///
/// With an empty body, the text may be in the header `X-PowerBI-Error-Details`. The texts are only used to find a
/// remedy. They may repeat what was sent, so they are neither logged nor passed on.
pub(super) struct ErrorBody<'r> {
    root: Value,
    header: Option<&'r str>,
}

impl<'r> ErrorBody<'r> {
    pub(super) fn parse(body: &[u8], details_header: Option<&'r str>) -> Self {
        Self { root: serde_json::from_slice(body).unwrap_or_default(), header: details_header }
    }

    fn error(&self) -> &Value {
        self.root.get("error").unwrap_or(&self.root)
    }

    fn inner(&self) -> Option<&Value> {
        self.error().get("pbi.error")
    }

    /// The codes, the outer one first.
    pub(super) fn codes(&self) -> impl Iterator<Item = &str> {
        let outer = self.error().get("code").or_else(|| self.root.get("error"));
        let inner = self.inner().and_then(|inner| inner.get("code"));
        outer.into_iter().chain(inner).filter_map(Value::as_str)
    }

    /// Whether one of the texts contains `part`.
    pub(super) fn says(&self, part: &str) -> bool {
        self.texts().any(|text| text.contains(part))
    }

    fn texts(&self) -> impl Iterator<Item = &str> {
        let details = self.inner().and_then(|inner| inner.get("details")?.as_array()).into_iter().flatten();
        let details = details.filter_map(|detail| {
            let detail = detail.get("detail")?;
            detail.get("value").unwrap_or(detail).as_str()
        });
        let message = self.error().get("message").and_then(Value::as_str);
        message.into_iter().chain(details).chain(self.header)
    }
}
