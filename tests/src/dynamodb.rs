//! Two emulators of DynamoDB, and a proxy that counts calls and injects faults.

mod proxy;
mod tables;

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::{
    AttributeDefinition, AttributeValue, BillingMode, KeySchemaElement, KeyType, ScalarAttributeType,
};
use clap::Parser;
use dynabind::catalog::item;
use dynabind_cli::catalog::{self, Arguments, LoaderError, Verdict};
use serde_json::Value;

use crate::process::{Server, free_port};
use crate::{moto, project};

pub use proxy::{Proxy, TableFault};
pub use tables::{SharedTables, TOKEN_TABLE};

/// The table of every test.
pub const TABLE: &str = "dynabind-catalog";

/// An emulator of DynamoDB.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum DynamoDbFake {
    /// moto, a Python library.
    Moto,
    /// dynalite, a Node program.
    Dynalite,
}

impl DynamoDbFake {
    /// Both emulators.
    pub const ALL: [Self; 2] = [Self::Moto, Self::Dynalite];
}

/// A running DynamoDB with an empty table in it.
pub struct DynamoDb {
    server: Server,
    client: Client,
}

impl DynamoDb {
    /// Starts an emulator.
    pub async fn start(fake: DynamoDbFake) -> Self {
        let server = match fake {
            DynamoDbFake::Moto => moto::start_server(),
            DynamoDbFake::Dynalite => {
                let port = free_port();
                let program = project::root().join("tests/dynalite/node_modules/dynalite/cli.js");
                assert!(program.exists(), "{} is not there; run `make setup` first", program.display());
                let mut command = Command::new("node");
                command.arg(program).args(["--host", "127.0.0.1", "--port", &port.to_string()]);
                command.args(["--createTableMs", "0"]);
                Server::start("dynalite", port, &mut command)
            }
        };
        let client = Client::new(&moto::sdk_config(&server.url()));
        let database = Self { server, client };
        database.create_table(TABLE, item::KEY).await;
        database
    }

    /// The endpoint URL for the AWS SDK.
    #[must_use]
    pub fn url(&self) -> String {
        self.server.url()
    }

    /// Creates a table with this partition key.
    pub async fn create_table(&self, name: &str, key: &str) {
        let attribute = AttributeDefinition::builder().attribute_name(key).attribute_type(ScalarAttributeType::S);
        let schema = KeySchemaElement::builder().attribute_name(key).key_type(KeyType::Hash);
        let request = self.client.create_table().table_name(name).billing_mode(BillingMode::PayPerRequest);
        let request = request.attribute_definitions(attribute.build().unwrap()).key_schema(schema.build().unwrap());
        request.send().await.unwrap();
        while self.client.scan().table_name(name).send().await.is_err() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// Runs the loader on the table, with these arguments.
    ///
    /// # Errors
    /// When the loader fails.
    pub async fn loader(&self, command: &str, arguments: &[&str]) -> Result<(Verdict, String), LoaderError> {
        let settle: &[&str] = if command == "push" { &["--settle-seconds", "0"] } else { &[] };
        let first = ["catalog", command, "--table", TABLE];
        let arguments = Arguments::try_parse_from(first.iter().chain(settle).chain(arguments)).unwrap();
        let mut out = Vec::new();
        let verdict = catalog::run(&arguments.command, &self.client, &mut out).await?;
        Ok((verdict, String::from_utf8(out).unwrap()))
    }

    /// Pushes a file, and returns the loader's output.
    pub async fn push(&self, file: &Path) -> String {
        let (verdict, said) = self.loader("push", &["--yes", "--file", file.to_str().unwrap()]).await.unwrap();
        assert_eq!(verdict, Verdict::Good, "{said}");
        said
    }

    /// The output of a pull.
    pub async fn pull(&self) -> String {
        let (verdict, text) = self.loader("pull", &[]).await.unwrap();
        assert_eq!(verdict, Verdict::Good, "{text}");
        text
    }

    /// The keys of all items, sorted.
    pub async fn keys(&self) -> Vec<String> {
        let page = self.client.scan().table_name(TABLE).send().await.unwrap();
        let mut keys: Vec<_> = page.items().iter().map(|item| item[item::KEY].as_s().unwrap().clone()).collect();
        keys.sort();
        keys
    }

    /// The key of the one item whose key has this prefix.
    pub async fn key(&self, prefix: &str) -> String {
        let keys: Vec<_> = self.keys().await.into_iter().filter(|key| key.starts_with(prefix)).collect();
        assert_eq!(keys.len(), 1, "{prefix}: {keys:?}");
        keys[0].clone()
    }

    /// Puts an item with these attributes, without the loader.
    pub async fn put(&self, key: &str, attributes: &[(&str, &str)]) {
        let put = self.client.put_item().table_name(TABLE).item(item::KEY, AttributeValue::S(key.to_owned()));
        let put =
            attributes.iter().fold(put, |put, (name, text)| put.item(*name, AttributeValue::S((*text).to_owned())));
        put.send().await.unwrap();
    }

    /// An attribute of an item.
    pub async fn attribute(&self, key: &str, name: &str) -> String {
        let get = self.client.get_item().table_name(TABLE).key(item::KEY, AttributeValue::S(key.to_owned()));
        get.send().await.unwrap().item.unwrap()[name].as_s().unwrap().clone()
    }

    /// Deletes an item, without the loader.
    pub async fn delete(&self, key: &str) {
        let delete = self.client.delete_item().table_name(TABLE).key(item::KEY, AttributeValue::S(key.to_owned()));
        delete.send().await.unwrap();
    }
}

/// Writes a catalog to a temporary file.
#[must_use]
pub fn file_of(catalog: &Value) -> tempfile::NamedTempFile {
    let file = tempfile::Builder::new().suffix(".json").tempfile().unwrap();
    std::fs::write(file.path(), catalog.to_string()).unwrap();
    file
}
