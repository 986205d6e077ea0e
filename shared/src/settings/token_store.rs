//! Where environments share embed tokens and look-ups.

use std::str::FromStr;

use super::catalog_source::is_table;

/// Where environments share embed tokens and look-ups: a DynamoDB table, by its name or ARN.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct TokenStore(pub String);

impl FromStr for TokenStore {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let table = text.strip_prefix("dynamodb:").filter(|table| is_table(table));
        table.map(|table| Self(table.to_owned())).ok_or("expected dynamodb:TABLE")
    }
}
