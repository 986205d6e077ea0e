//! `dynabind record`: stores real answers as fixtures for tests, without any data of the tenant.

mod sanitise;

use std::path::PathBuf;

use clap::Args;
use serde_json::{Value, json};

use crate::connection::rest::Answer;
use crate::connection::{Connection, ConnectionArguments};
use crate::exit::Exit;
use sanitise::Sanitiser;

/// Headers that tests need.
const HEADERS: [&str; 3] = ["content-type", "request-redirected", "retry-after"];

/// The source and the folder.
#[derive(Args, Clone, Debug)]
pub struct Arguments {
    /// Credentials and addresses.
    #[command(flatten)]
    pub connection: ConnectionArguments,
    /// The folder for the fixtures; it must exist.
    #[arg(long, value_name = "DIR")]
    pub dir: PathBuf,
    /// How many workspaces are read.
    #[arg(long, value_name = "N", default_value_t = 3)]
    pub workspaces: usize,
}

/// Records answers.
///
/// # Errors
/// The error says why no answers could be recorded.
pub async fn run(arguments: &Arguments) -> Result<Exit, String> {
    let connection = Connection::open(&arguments.connection).await?;
    let mut recorder = Recorder { connection: &connection, sanitiser: Sanitiser::default(), rows: Vec::new() };
    let groups = recorder.record("groups", "v1.0/myorg/groups", "v1.0/myorg/groups").await?;
    recorder.record("capacities", "v1.0/myorg/capacities", "v1.0/myorg/capacities").await?;
    let ids = groups["value"].as_array().into_iter().flatten().filter_map(|group| group["id"].as_str());
    for id in ids.take(arguments.workspaces) {
        recorder.record("group", "v1.0/myorg/groups/*", &format!("v1.0/myorg/groups/{id}")).await?;
        for kind in ["reports", "datasets", "users"] {
            let (route, path) = (format!("v1.0/myorg/groups/*/{kind}"), format!("v1.0/myorg/groups/{id}/{kind}"));
            recorder.record(kind, &route, &path).await?;
        }
    }
    let path = arguments.dir.join("answers.json");
    let text = serde_json::to_string_pretty(&recorder.rows).unwrap_or_default() + "\n";
    std::fs::write(&path, text).map_err(|error| format!("{}: {error}", path.display()))?;
    eprint(&format!("{} answers are in {}; read it before you share it", recorder.rows.len(), path.display()));
    Ok(Exit::Good)
}

fn eprint(text: &str) {
    use std::io::Write as _;
    let _ = writeln!(std::io::stderr(), "{text}");
}

struct Recorder<'r> {
    connection: &'r Connection,
    sanitiser: Sanitiser,
    rows: Vec<Value>,
}

impl Recorder<'_> {
    /// Records the answer to a path under its route, and returns the original answer.
    async fn record(&mut self, name: &str, route: &str, path: &str) -> Result<Value, String> {
        let Answer { status, headers, body } = match self.connection.rest.get(path, None).await {
            Ok(answer) => answer,
            // A refusal is recorded too. The client keeps only its status and code.
            Err(error) => {
                let status = error.status.ok_or_else(|| format!("{path}: {error}"))?;
                let body = error.code.map(|code| json!({ "error": { "code": code } }));
                self.rows.push(row(name, route, status, &json!({}), &body.unwrap_or_default()));
                return Ok(Value::Null);
            }
        };
        let text = |name: &str| Some((name.to_owned(), json!(headers.get(name)?.to_str().ok()?)));
        let headers: Value = HEADERS.into_iter().filter_map(text).collect::<serde_json::Map<_, _>>().into();
        self.rows.push(row(name, route, status.as_u16(), &headers, &self.sanitiser.clean(&body)));
        Ok(body)
    }
}

fn row(name: &str, route: &str, status: u16, headers: &Value, body: &Value) -> Value {
    let route = format!("GET /{route}");
    json!({ "name": name, "source": "dynabind record", "route": route, "status": status, "headers": headers, "body": body })
}
