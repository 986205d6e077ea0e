//! `dynabind catalog validate`: every fault of a file, with its place.

use std::fs;
use std::io::{self, Write};
use std::path::Path;

use serde::Serialize;

use crate::catalog::LoaderError;
use crate::catalog::content;
use crate::junit::{Case, Failure, Suite};

/// The result of validating a file.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Validation {
    /// The file.
    pub file: String,
    /// The number of entries; 0 if the file has faults.
    pub entries: usize,
    /// What is wrong.
    pub findings: Vec<FileFault>,
}

/// One fault.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct FileFault {
    /// File and JSON pointer.
    pub place: String,
    /// What is wrong, and what is expected.
    pub problem: String,
}

/// Validates a file.
///
/// # Errors
/// The error says why it cannot be read.
pub fn validate(file: &Path) -> Result<Validation, LoaderError> {
    let shown = file.display().to_string();
    let text = fs::read_to_string(file).map_err(|source| LoaderError::File { path: shown.clone(), source })?;
    let (entries, faults) = match content::from_json(&text) {
        Ok(items) => (items.len(), Vec::new()),
        Err(faults) => (0, faults),
    };
    let finding = |fault: dynabind::json::JsonFault| FileFault {
        place: format!("{shown}#{}", fault.pointer),
        problem: fault.detail,
    };
    let findings = faults.into_iter().map(finding).collect();
    Ok(Validation { file: shown, entries, findings })
}

impl Validation {
    /// Prints the result.
    ///
    /// # Errors
    /// When `out` cannot be written.
    pub fn print(&self, out: &mut dyn Write) -> io::Result<()> {
        if self.findings.is_empty() {
            return writeln!(out, "{}: good, {} entries", self.file, self.entries);
        }
        self.findings.iter().try_for_each(|FileFault { place, problem }| writeln!(out, "{place}: {problem}"))
    }

    /// One test case, with a failure for each fault.
    #[must_use]
    pub fn suite(&self) -> Suite {
        let failure = |FileFault { place, problem }: &FileFault| Failure {
            kind: "catalog".to_owned(),
            message: problem.clone(),
            text: place.clone(),
        };
        let failures = self.findings.iter().map(failure).collect();
        let case = Case { class: "catalog".to_owned(), name: self.file.clone(), failures, skipped: None };
        Suite { name: "dynabind catalog validate", cases: vec![case], seconds: 0.0 }
    }
}
