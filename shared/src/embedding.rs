//! The three questions that the functions answer: a token, configs, a list.

mod access;
mod answer;
mod authorize;
mod budget;
mod config;
mod datasets;
mod error;
mod issue;
mod metadata;

use std::sync::Arc;

pub use answer::{ConfigAnswer, DatasetEntry, DatasetsAnswer, ItemProblem, ReportEntry, TokenAnswer};
pub use error::EmbeddingError;

use crate::clock::Clock;
use crate::domain::{BindingRequest, Caller};
use crate::ports::{AccessTokens, CatalogReader, PowerBi};
use crate::request::Call;
use crate::settings::Settings;
use access::Access;
use issue::Issuer;
use metadata::Metadata;

/// What a page asks for: bindings that share one token.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct BindingsRequest {
    /// 1 to 50 bindings, no two alike.
    pub bindings: Vec<BindingRequest>,
    /// How long the token shall live at most.
    pub lifetime_minutes: Option<u16>,
}

/// The service behind the three routes.
pub struct Embedding {
    catalog: Arc<dyn CatalogReader>,
    access: Arc<Access>,
    issuer: Issuer,
    metadata: Metadata,
    clock: Arc<dyn Clock>,
}

impl Embedding {
    /// Puts the service together.
    #[must_use]
    pub fn new(
        settings: &Settings,
        catalog: Arc<dyn CatalogReader>,
        tokens: Arc<dyn AccessTokens>,
        powerbi: Arc<dyn PowerBi>,
        clock: Arc<dyn Clock>,
    ) -> Self {
        let access = Arc::new(Access::new(tokens, powerbi, Arc::clone(&clock)));
        Self {
            catalog,
            issuer: Issuer::new(settings, Arc::clone(&access), Arc::clone(&clock)),
            metadata: Metadata::new(settings.metadata_ttl, Arc::clone(&access), Arc::clone(&clock)),
            access,
            clock,
        }
    }

    /// One embed token for all of the bindings.
    ///
    /// # Errors
    /// Why there is none.
    pub async fn token(
        &self,
        call: &Arc<Call>,
        caller: &Caller,
        request: &BindingsRequest,
    ) -> Result<TokenAnswer, EmbeddingError> {
        let bindings = self.authorize(call, caller, &request.bindings).await?;
        let wanted = self.token_request(call, &bindings, request.lifetime_minutes).await?;
        if !self.issuer.has_fresh(&wanted) {
            self.access.connect_ahead(1);
        }
        let token = self.issuer.issue(call, caller, wanted).await?;
        Ok(TokenAnswer::new(token, self.clock.now()))
    }

    /// A config for each binding; all share one token.
    ///
    /// # Errors
    /// Why there are none.
    pub async fn config(
        &self,
        call: &Arc<Call>,
        caller: &Caller,
        request: &BindingsRequest,
    ) -> Result<ConfigAnswer, EmbeddingError> {
        let bindings = self.authorize(call, caller, &request.bindings).await?;
        let wanted = self.token_request(call, &bindings, request.lifetime_minutes).await?;
        if !self.issuer.has_fresh(&wanted) {
            self.access.connect_ahead(2);
        }
        // Neither needs the other's answer, so a cold page waits for the slower one alone.
        let (token, parts) =
            futures_util::try_join!(self.issuer.issue(call, caller, wanted), self.config_parts(call, &bindings),)?;
        Ok(ConfigAnswer::new(parts, token, self.clock.now()))
    }
}
