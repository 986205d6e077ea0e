//! The two sources of a catalog: a file, or a table in DynamoDB.

use std::fs;
use std::path::PathBuf;
use std::str::FromStr;
use std::sync::Arc;

use dynabind::catalog::{Catalog, parse};
use serde_json::Value;

use crate::catalog::{LoaderError, Table, connect, to_json};

/// A file, or `dynamodb:TABLE`.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum CatalogPlace {
    /// A JSON file.
    File(PathBuf),
    /// A table, by its name or ARN.
    DynamoDb(String),
}

impl FromStr for CatalogPlace {
    type Err = std::convert::Infallible;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Ok(match text.strip_prefix("dynamodb:") {
            Some(table) => Self::DynamoDb(table.to_owned()),
            None => Self::File(text.strip_prefix("file:").unwrap_or(text).into()),
        })
    }
}

/// A catalog that was read.
#[derive(Debug)]
pub struct LoadedCatalog {
    /// The name of the source, with which places in the catalog begin.
    pub shown: String,
    /// Its text.
    pub text: String,
    /// Its text as JSON.
    pub json: Value,
    /// Its content.
    pub catalog: Arc<Catalog>,
}

/// Why a catalog cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum SourceError {
    /// It cannot be read.
    #[error(transparent)]
    Loader(#[from] LoaderError),
    /// It has faults; each line names a place.
    #[error("the catalog has faults\n{0}")]
    Faults(String),
}

impl LoadedCatalog {
    /// Reads a catalog.
    ///
    /// # Errors
    /// The error says why it cannot be used.
    pub async fn read(place: &CatalogPlace) -> Result<Self, SourceError> {
        let (shown, text) = match place {
            CatalogPlace::File(path) => {
                let shown = path.display().to_string();
                let text = fs::read_to_string(path);
                let text = text.map_err(|source| LoaderError::File { path: shown.clone(), source })?;
                (shown, text)
            }
            CatalogPlace::DynamoDb(table) => {
                let client = connect(None).await?;
                let items = Table { client: &client, name: table }.read().await?;
                (format!("dynamodb:{table}"), to_json(table, &items)?)
            }
        };
        Self::parse(shown, text)
    }

    /// Parses a catalog's text.
    ///
    /// # Errors
    /// Its faults.
    pub fn parse(shown: String, text: String) -> Result<Self, SourceError> {
        let catalog = parse(&text).map_err(|faults| {
            let line = |fault: &dynabind::json::JsonFault| format!("{shown}#{}: {}", fault.pointer, fault.detail);
            SourceError::Faults(faults.iter().map(line).collect::<Vec<_>>().join("\n"))
        })?;
        let json = serde_json::from_str(text.strip_prefix('\u{feff}').unwrap_or(&text)).unwrap_or_default();
        Ok(Self { shown, text, json, catalog: Arc::new(catalog) })
    }

    /// A place in the catalog, as file and JSON pointer.
    #[must_use]
    pub fn place(&self, steps: &[&str]) -> String {
        let steps: Vec<_> = steps.iter().map(|step| step.replace('~', "~0").replace('/', "~1")).collect();
        format!("{}#/{}", self.shown, steps.join("/"))
    }
}
