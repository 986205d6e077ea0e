//! Where the catalog is.

use std::path::PathBuf;
use std::str::FromStr;

/// Where the catalog is.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum CatalogSource {
    /// A JSON file.
    File(PathBuf),
    /// A DynamoDB table, by its name or ARN.
    DynamoDb(String),
}

impl FromStr for CatalogSource {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.split_once(':') {
            Some(("file", path)) if !path.is_empty() => Ok(Self::File(PathBuf::from(path))),
            Some(("dynamodb", table)) if is_table(table) => Ok(Self::DynamoDb(table.to_owned())),
            _ => Err("expected file:PATH or dynamodb:TABLE"),
        }
    }
}

/// Whether the text is a table's name or ARN. DynamoDB's API accepts both.
pub(super) fn is_table(text: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"_.-:/".contains(&byte);
    (3..=1024).contains(&text.len()) && text.bytes().all(allowed)
}
