//! The parts of a report's definition.

use std::collections::BTreeMap;

use serde_json::Value;

/// One file of a definition, decoded.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Part {
    /// The path, such as `definition/report.json`.
    pub path: String,
    /// The content.
    pub payload: Vec<u8>,
}

/// JSON parts by path.
pub(super) type Parts = BTreeMap<String, Value>;

/// Parses JSON in UTF-8, or in UTF-16, which older files use.
pub(super) fn parse(payload: &[u8]) -> Result<Value, String> {
    let payload = payload.strip_prefix(b"\xef\xbb\xbf").unwrap_or(payload);
    let Some(utf16) = payload.strip_prefix(b"\xff\xfe") else {
        return serde_json::from_slice(payload).map_err(|error| error.to_string());
    };
    let units: Vec<u16> = utf16.chunks_exact(2).map(|pair| u16::from_le_bytes([pair[0], pair[1]])).collect();
    let text = String::from_utf16(&units).map_err(|error| error.to_string())?;
    serde_json::from_str(&text).map_err(|error| error.to_string())
}
