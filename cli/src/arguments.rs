//! The command line.

use std::path::PathBuf;

use clap::{Parser, Subcommand};

use crate::{catalog, check, doctor, explain, init, jobs, record};

const EXAMPLES: &str = "\
Examples:
  dynabind check --catalog catalog.json --secret sp.json --claim email=ana@contoso.example
  dynabind explain --catalog catalog.json --claims ana.json --report sales --dataset contoso-sales
  dynabind doctor --secret sp.json --catalog catalog.json
  dynabind init --secret sp.json --file catalog.json
  dynabind catalog push --table catalog --file catalog.json --check --secret sp.json

Exit codes: 0 no findings, 1 findings, 2 the command could not be carried out.";

/// Checks, explains and moves catalogs of Dynabind.
#[derive(Debug, Parser)]
#[command(name = "dynabind", version, after_help = EXAMPLES)]
pub struct Arguments {
    /// Print the result as JSON.
    #[arg(long, global = true)]
    pub json: bool,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Check every grant of a catalog against Power BI: credentials, items, roles, tokens, schemas.
    #[command(after_help = "\
Example:
  dynabind check --catalog catalog.json --secret sp.json --claim email=ana@contoso.example --junit check.xml
  dynabind check --catalog catalog.json --secret sp.json --scenario organization --user-jwt ana.jwt

Exit codes: 0 no findings, 1 findings, 2 the catalog could not be checked.")]
    Check(Box<check::Arguments>),
    /// Show which grants match a request, and which token it gets; needs no network.
    #[command(after_help = "\
Example:
  dynabind explain --catalog catalog.json --claim sub=ana --claim tenant=contoso \\
    --claim email=ana@contoso.example --report sales --dataset contoso-sales

Exit codes: 0 allowed, 1 refused, 2 the catalog or the claims cannot be read.")]
    Explain(Box<explain::Arguments>),
    /// Go through the setup page (docs/power-bi-setup.md) and explain the first step that fails.
    Doctor(Box<doctor::Arguments>),
    /// Write a first catalog from what the service principal can see.
    #[command(after_help = "\
Each workspace with datasets becomes a tenant; a report is granted over the datasets that have its schema.
Example:
  dynabind init --secret sp.json --file catalog.json --yes")]
    Init(Box<init::Arguments>),
    /// Print the answer of POST /token to a caller; it contains an embed token.
    Token(Box<jobs::BindingArguments>),
    /// Print the answer of POST /config to a caller; it contains an embed token.
    Config(Box<jobs::BindingArguments>),
    /// Print the answer of GET /datasets to a caller.
    Datasets(Box<jobs::Arguments>),
    /// Store answers of Power BI as fixtures for tests, without any data of the tenant.
    Record(Box<record::Arguments>),
    /// Move a catalog between a file and a DynamoDB table.
    Catalog(catalog::Arguments),
    /// Print the completion script of a shell: dynabind completions bash > dynabind.bash
    Completions {
        /// Which shell.
        shell: clap_complete::Shell,
    },
    /// Write the manual pages into a folder.
    Man {
        /// The folder; it must exist.
        dir: PathBuf,
    },
}
