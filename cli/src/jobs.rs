//! `dynabind token`, `config` and `datasets`: print the functions' answers to a caller.

use std::sync::Arc;

use clap::Args;
use dynabind::App;
use dynabind::domain::{BindingRequest, Caller, DatasetKey, Mode, ReportKey};
use dynabind::embedding::{BindingsRequest, EmbeddingError};
use dynabind::http::Problem;
use dynabind::request::RequestContext;
use serde_json::Value;

use crate::caller::CallerArguments;
use crate::connection::{Connection, ConnectionArguments};
use crate::exit::Exit;
use crate::scenario::ScenarioArguments;
use crate::source::{CatalogPlace, LoadedCatalog};

/// The caller, the catalog and the upstreams.
#[derive(Args, Clone, Debug)]
pub struct Arguments {
    /// The catalog: FILE or dynamodb:TABLE.
    #[arg(long, value_name = "CATALOG")]
    pub catalog: CatalogPlace,
    /// The caller's claims.
    #[command(flatten)]
    pub caller: CallerArguments,
    /// Credentials and addresses.
    #[command(flatten)]
    pub connection: ConnectionArguments,
    /// The report's key; required by token and config except in mode create.
    #[arg(long, value_name = "KEY")]
    pub report: Option<ReportKey>,
}

/// The binding.
#[derive(Args, Clone, Debug)]
pub struct BindingArguments {
    /// The caller, the catalog and the upstreams.
    #[command(flatten)]
    pub job: Arguments,
    /// The dataset's key; optional if the grants allow exactly one.
    #[arg(long, value_name = "KEY")]
    pub dataset: Option<DatasetKey>,
    /// The mode: view, edit or create.
    #[arg(long, value_name = "MODE", default_value = "view")]
    pub mode: Mode,
    /// The maximum lifetime of the token.
    #[arg(long, value_name = "MINUTES", value_parser = clap::value_parser!(u16).range(1..=1440))]
    pub lifetime_minutes: Option<u16>,
}

impl BindingArguments {
    fn request(&self) -> BindingsRequest {
        let (report, dataset) = (self.job.report.clone(), self.dataset.clone());
        let binding = BindingRequest { report, dataset, mode: self.mode };
        BindingsRequest { bindings: vec![binding], lifetime_minutes: self.lifetime_minutes }
    }
}

/// An application over the arguments' catalog, with its caller.
struct Job {
    app: App,
    caller: Caller,
    context: Arc<RequestContext>,
}

impl Job {
    async fn open(arguments: &Arguments) -> Result<Self, String> {
        let loaded = LoadedCatalog::read(&arguments.catalog).await.map_err(|error| error.to_string())?;
        let claims = arguments.caller.read()?;
        let caller =
            arguments.caller.caller(&claims).map_err(|error| format!("the claims identify no caller ({error:?})"))?;
        let connection = Connection::open(&arguments.connection).await?;
        Ok(Self {
            app: connection.app(&loaded, ScenarioArguments::default()),
            caller,
            context: Arc::new(RequestContext::begin(None)),
        })
    }
}

/// The answer of `POST /token`.
///
/// # Errors
/// The error says why no answer could be made.
pub async fn token(arguments: &BindingArguments) -> Result<(Value, Exit), String> {
    let Job { app, caller, context } = with_report(arguments).await?;
    Ok(answer(app.embedding().token(&context, &caller, &arguments.request()).await))
}

/// The answer of `POST /config`.
///
/// # Errors
/// The error says why no answer could be made.
pub async fn config(arguments: &BindingArguments) -> Result<(Value, Exit), String> {
    let Job { app, caller, context } = with_report(arguments).await?;
    Ok(answer(app.embedding().config(&context, &caller, &arguments.request()).await))
}

/// The answer of `GET /datasets`.
///
/// # Errors
/// The error says why no answer could be made.
pub async fn datasets(arguments: &Arguments) -> Result<(Value, Exit), String> {
    let Job { app, caller, context } = Job::open(arguments).await?;
    Ok(answer(app.embedding().datasets(&context, &caller, arguments.report.as_ref()).await))
}

async fn with_report(arguments: &BindingArguments) -> Result<Job, String> {
    if arguments.job.report.is_none() && arguments.mode != Mode::Create {
        return Err("--report is required except in mode create".to_owned());
    }
    Job::open(&arguments.job).await
}

/// The answer or the problem document that a function would send. A problem also has the cause that the log would have.
fn answer<T: serde::Serialize>(result: Result<T, EmbeddingError>) -> (Value, Exit) {
    match result {
        Ok(answer) => (serde_json::to_value(answer).unwrap_or_default(), Exit::Good),
        Err(error) => {
            let problem = Problem::from(error);
            let mut shown: Value = serde_json::from_str(&problem.to_json("terminal")).unwrap_or_default();
            if let Some(cause) = &problem.cause {
                shown["cause"] = cause.to_string().into();
            }
            let exit = if problem.code.status().is_server_error() { Exit::Failed } else { Exit::Findings };
            (shown, exit)
        }
    }
}
