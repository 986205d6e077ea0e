//! Reads a definition in either format.

use std::collections::BTreeMap;
use std::path::Path;

use super::definition::ReportDefinition;
use super::field_use::Site;
use super::parts::{Part, Parts, parse};
use super::reader::Reader;
use super::{legacy, pbir};
use crate::error::DefinitionError;

impl ReportDefinition {
    /// Reads the parts of a definition in PBIR or in PBIR-Legacy.
    ///
    /// # Errors
    ///
    /// Fails without a readable main part. Any other part that cannot be read becomes a
    /// [`NotChecked`](crate::NotChecked) of the comparison.
    pub fn from_parts(parts: &[Part]) -> Result<Self, DefinitionError> {
        read(parts)
    }
}

fn read(parts: &[Part]) -> Result<ReportDefinition, DefinitionError> {
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
