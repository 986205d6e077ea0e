//! Definitions of reports and models, as the Fabric API returns them.

use std::collections::BTreeMap;

use serde_json::Value;

/// The parts of one item.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Definition {
    /// `PBIR`, `PBIR-Legacy` or `TMSL`.
    pub format: String,
    /// The parts by path. Each is JSON.
    pub parts: BTreeMap<String, Value>,
}

impl Definition {
    /// Adds or replaces a part.
    #[must_use]
    pub fn with(mut self, path: &str, content: Value) -> Self {
        self.parts.insert(path.to_owned(), content);
        self
    }
}
