//! What to explain.

use clap::Args;
use dynabind::domain::{DatasetId, DatasetKey, Mode, ReportKey, WorkspaceId};
use dynabind::settings::Cloud;

use crate::caller::CallerArguments;
use crate::scenario::ScenarioArguments;
use crate::source::CatalogPlace;

/// What to explain.
#[derive(Args, Clone, Debug)]
pub struct Arguments {
    /// The catalog: FILE or dynamodb:TABLE.
    #[arg(long, value_name = "CATALOG")]
    pub catalog: CatalogPlace,
    /// The caller's claims.
    #[command(flatten)]
    pub caller: CallerArguments,
    /// The caller's JWT, instead of the claims; its signature is not verified.
    #[arg(long, value_name = "JWT", conflicts_with_all = ["claims", "claim"])]
    pub token: Option<String>,
    /// Who signs in to Power BI.
    #[command(flatten)]
    pub scenario: ScenarioArguments,
    /// The cloud, which decides the scope of users' tokens: public, usgov, usgov-high, usgov-dod or china.
    #[arg(long, value_name = "CLOUD", env = "DYNABIND_CLOUD", default_value = "public")]
    pub cloud: Cloud,
    /// The report's key; optional in mode create.
    #[arg(long, value_name = "KEY", required_unless_present_any = ["mode"])]
    pub report: Option<ReportKey>,
    /// The dataset's key, or its GUID if a grant opens its workspace.
    #[arg(long, value_name = "KEY")]
    pub dataset: Option<DatasetKey>,
    /// The mode: view, edit or create.
    #[arg(long, value_name = "MODE", default_value = "view")]
    pub mode: Mode,
    /// The maximum lifetime of the token.
    #[arg(long, value_name = "MINUTES", value_parser = clap::value_parser!(u16).range(1..=1440))]
    pub lifetime_minutes: Option<u16>,
    /// The workspace of a dataset that is named by its GUID.
    #[arg(long, value_name = "GUID")]
    pub dataset_workspace: Option<WorkspaceId>,
    /// The workspace of a report that is named by its GUID.
    #[arg(long, value_name = "GUID")]
    pub report_workspace: Option<WorkspaceId>,
    /// The dataset that the report was built on, for entries with `includeOwnDataset`.
    #[arg(long, value_name = "GUID")]
    pub own_dataset: Option<DatasetId>,
}
