//! The state and the routes of the embed host.

use std::sync::Arc;

use crate::fake_tenant::FakeTenant;
use crate::files::Files;
use crate::ledger::Ledger;
use crate::time_source::TimeSource;

/// Serves the simulated embed page, and tells the page what a token opens.
#[derive(Debug)]
pub(crate) struct EmbedHost {
    pub(crate) fake_tenant: Arc<FakeTenant>,
    pub(crate) ledger: Arc<Ledger>,
    pub(crate) time: TimeSource,
    pub(crate) files: Files,
}
