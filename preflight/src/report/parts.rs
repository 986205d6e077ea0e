//! The parts of a report's definition.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::Value;

use super::reader::Reader;
use super::{ReportDefinition, Site, legacy, pbir};
use crate::error::DefinitionError;

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

pub(super) fn read(parts: &[Part]) -> Result<ReportDefinition, DefinitionError> {
    let mut reader = Reader::default();
    let (mut read, mut broken) = (Parts::new(), BTreeMap::new());
    for part in parts {
        let path = part.path.replace('\\', "/");
        let path = path.trim_start_matches("./").trim_start_matches('/').to_owned();
        if !is_read(&path) {
            continue;
        }
        match parse(&part.payload) {
            Ok(value) => drop(read.insert(path, value)),
            Err(reason) => drop(broken.insert(path, reason)),
        }
    }
    if let Some(report) = read.get("definition/report.json") {
        pbir::read(&mut reader, report, &read);
    } else if let Some(report) = read.get("report.json").filter(|report| report.get("sections").is_some()) {
        legacy::read(&mut reader, report);
    } else {
        return Err(no_main_part(broken));
    }
    for (path, reason) in broken {
        reader.not_checked(&Site::default(), &format!("part `{path}`"), &format!("it is not valid JSON ({reason})"));
    }
    Ok(reader.definition)
}

fn no_main_part(mut broken: BTreeMap<String, String>) -> DefinitionError {
    for part in ["definition/report.json", "report.json"] {
        if let Some(reason) = broken.remove(part) {
            return DefinitionError::Json { part: part.to_owned(), reason };
        }
    }
    DefinitionError::NoReport
}

/// Whether a part can name fields. Images, themes and layouts cannot.
fn is_read(path: &str) -> bool {
    let is_json = Path::new(path).extension().is_some_and(|extension| extension == "json");
    path == "report.json" || (path.starts_with("definition/") && is_json)
}

/// Parses JSON in UTF-8, or in UTF-16 as older files have it.
pub(super) fn parse(payload: &[u8]) -> Result<Value, String> {
    let payload = payload.strip_prefix(b"\xef\xbb\xbf").unwrap_or(payload);
    let Some(utf16) = payload.strip_prefix(b"\xff\xfe") else {
        return serde_json::from_slice(payload).map_err(|error| error.to_string());
    };
    let units: Vec<u16> = utf16.chunks_exact(2).map(|pair| u16::from_le_bytes([pair[0], pair[1]])).collect();
    let text = String::from_utf16(&units).map_err(|error| error.to_string())?;
    serde_json::from_str(&text).map_err(|error| error.to_string())
}
