//! A binding as a page requests it.

use std::str::FromStr;

use serde::Serialize;

use super::{DatasetKey, ReportKey};

/// What the page wants to do with the bound report.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    /// Look at it.
    #[default]
    View,
    /// Change it.
    Edit,
    /// Make a new report on the dataset.
    Create,
}

impl Mode {
    /// The name that requests and catalogs use.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::View => "view",
            Self::Edit => "edit",
            Self::Create => "create",
        }
    }
}

impl FromStr for Mode {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "view" => Ok(Self::View),
            "edit" => Ok(Self::Edit),
            "create" => Ok(Self::Create),
            _ => Err("expected one of view, edit, create"),
        }
    }
}

/// One binding as a page requests it.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub struct BindingRequest {
    /// The report's key; `None` only in mode `create`.
    pub report: Option<ReportKey>,
    /// The dataset's key; `None` stands for the only dataset that the grants allow.
    pub dataset: Option<DatasetKey>,
    /// What to do with it.
    pub mode: Mode,
}
