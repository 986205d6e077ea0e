//! The service that answers the three kinds of requests: for a token, for configs, and for a list.

mod answer;
mod audit;
mod authorizer;
mod budget;
mod configs;
mod datasets;
mod error;
mod issuer;
mod metadata;
mod session;

use std::collections::BTreeSet;
use std::pin::pin;
use std::sync::Arc;

pub use answer::{ConfigAnswer, DatasetEntry, DatasetsAnswer, ItemProblem, ReportEntry, TokenAnswer};
pub use error::EmbeddingError;

use crate::clock::Clock;
use crate::domain::{BindingRequest, Caller, ReportKey};
use crate::ports::{AccessTokens, CatalogReader, PowerBi, Session as _};
use crate::request::RequestContext;
use crate::settings::{Scenario, Settings, UserToken};
use crate::store::SharedStore;
use crate::upstream::UpstreamError;
use answer::{ConfigToken, PageToken};
use authorizer::{Authorized, Authorizer};
use configs::Configs;
use datasets::Lister;
use issuer::Issuer;
use metadata::Metadata;
use session::Sessions;

/// A page's request: bindings that share one token.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct BindingsRequest {
    /// 1 to 50 bindings, no two alike.
    pub bindings: Vec<BindingRequest>,
    /// The longest life that the page requests for the token.
    pub lifetime_minutes: Option<u16>,
}

/// The service behind the three routes.
pub struct Embedding {
    authorizer: Arc<Authorizer>,
    issuer: Issuer,
    configs: Configs,
    lister: Lister,
    sessions: Arc<Sessions>,
    store: Option<Arc<SharedStore>>,
    /// Whether the access token is fetched while the catalog is read.
    fetches_ahead: bool,
    scenario: Scenario,
    /// The scope of the user's token, if the page gets this token itself.
    page_scope: Option<&'static str>,
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
        store: Option<Arc<SharedStore>>,
        clock: Arc<dyn Clock>,
    ) -> Self {
        let (scenario, budget) = (settings.scenario, settings.fresh_tokens_per_minute);
        // Tokens and look-ups of users are never shared.
        let store = store.filter(|_| scenario == Scenario::Customers);
        // With a store, most new environments need no access token.
        let fetches_ahead = scenario == Scenario::Customers && store.is_none() && catalog.is_remote();
        let sessions = Arc::new(Sessions::new(tokens, powerbi, store.clone(), budget, Arc::clone(&clock)));
        let metadata = Arc::new(Metadata::new(settings.metadata_ttl, &clock));
        let authorizer =
            Arc::new(Authorizer::new(Arc::clone(&catalog), Arc::clone(&metadata), Arc::clone(&sessions), scenario));
        Self {
            issuer: Issuer::new(settings, Arc::clone(&metadata), Arc::clone(&clock)),
            configs: Configs::new(Arc::clone(&metadata)),
            lister: Lister::new(catalog, Arc::clone(&authorizer), metadata, scenario),
            authorizer,
            sessions,
            store,
            fetches_ahead,
            scenario,
            page_scope: (settings.user_token == UserToken::Page).then(|| settings.endpoints.cloud.scope()),
            clock,
        }
    }

    /// Runs `answer`. In parallel, the access token is fetched while the catalog is read. At the end, the request waits
    /// a moment for its writes to the token store.
    ///
    /// Callers pin `answer`, because an async function stores two copies of a future that it takes by value. Every move
    /// of the request's future would copy both.
    async fn answered<T>(&self, context: &Arc<RequestContext>, caller: &Caller, answer: impl Future<Output = T>) -> T {
        if self.fetches_ahead && caller.tenant().is_some() {
            self.sessions.fetch_ahead(context);
        }
        let answer = answer.await;
        if let Some(store) = &self.store {
            store.settle(context).await;
        }
        answer
    }

    /// Fetches what the requests of all callers need: the secret and the service principal's access token. In the
    /// organization scenario, nothing is fetched: each user's token is requested when the user's request arrives.
    ///
    /// # Errors
    /// Why there is no access token.
    pub async fn warm_up(&self, context: &Arc<RequestContext>) -> Result<(), UpstreamError> {
        if self.scenario == Scenario::Customers {
            self.sessions.service_token(context).await?;
        }
        Ok(())
    }

    /// One token for all of the bindings.
    ///
    /// # Errors
    /// Why there is no token.
    pub async fn token(
        &self,
        context: &Arc<RequestContext>,
        caller: &Caller,
        request: &BindingsRequest,
    ) -> Result<TokenAnswer, EmbeddingError> {
        if let Some(scope) = self.page_scope {
            return Err(EmbeddingError::UserTokenInPage { scope });
        }
        let answer = pin!(async {
            let authorized = self.authorizer.authorize(context, caller, &request.bindings).await?;
            let token = self.page_token(caller, &authorized, request.lifetime_minutes, 1).await?;
            Ok(TokenAnswer::new(token, self.clock.now()))
        });
        self.answered(context, caller, answer).await
    }

    /// A config for each binding; all share one token.
    ///
    /// # Errors
    /// Why there are no configs.
    pub async fn config(
        &self,
        context: &Arc<RequestContext>,
        caller: &Caller,
        request: &BindingsRequest,
    ) -> Result<ConfigAnswer, EmbeddingError> {
        let answer = pin!(async {
            let authorized = self.authorizer.authorize(context, caller, &request.bindings).await?;
            // Token and look-ups do not depend on each other, so a cold page waits only for the slower one.
            let (token, parts) = futures_util::try_join!(
                self.config_token(caller, &authorized, request.lifetime_minutes),
                self.configs.parts(&authorized),
            )?;
            if let ConfigToken::OfPage { .. } = token {
                audit::no_token(caller, &authorized);
            }
            Ok(ConfigAnswer::new(parts, token, self.clock.now()))
        });
        self.answered(context, caller, answer).await
    }

    /// What the caller may bind; only what concerns `report`, if one is named.
    ///
    /// # Errors
    /// `NotEntitled` for a report that is unknown or not granted, or why all look-ups failed.
    pub async fn datasets(
        &self,
        context: &Arc<RequestContext>,
        caller: &Caller,
        report: Option<&ReportKey>,
    ) -> Result<DatasetsAnswer, EmbeddingError> {
        self.answered(context, caller, pin!(self.lister.list(context, caller, report))).await
    }

    /// Those of `reports` that are keys of the catalog, if the caller's grants cover all of `reports`.
    ///
    /// # Errors
    /// `NotEntitled` for a report that none of the caller's grants covers.
    pub async fn granted_reports(
        &self,
        context: &Arc<RequestContext>,
        caller: &Caller,
        reports: &BTreeSet<ReportKey>,
    ) -> Result<BTreeSet<ReportKey>, EmbeddingError> {
        let tenant = self.authorizer.tenant_of(context, caller).await?;
        tenant.granted_reports(caller, reports).map_err(|_| EmbeddingError::NotEntitled)
    }

    /// The token of the configs. If the page gets the user's token itself, only the look-ups need an access token.
    async fn config_token(
        &self,
        caller: &Caller,
        authorized: &Authorized,
        lifetime_minutes: Option<u16>,
    ) -> Result<ConfigToken, EmbeddingError> {
        if let Some(scope) = self.page_scope {
            authorized.session.preconnect(1);
            return Ok(ConfigToken::OfPage { scope });
        }
        Ok(ConfigToken::Issued(self.page_token(caller, authorized, lifetime_minutes, 2).await?))
    }

    /// The token with which a page embeds: an embed token, or the user's own.
    async fn page_token(
        &self,
        caller: &Caller,
        authorized: &Authorized,
        lifetime_minutes: Option<u16>,
        connections: usize,
    ) -> Result<PageToken, EmbeddingError> {
        if self.scenario == Scenario::Organization {
            authorized.session.preconnect(connections - 1);
            let token = authorized.session.access_token().await?;
            audit::user_token(caller, authorized, &token);
            return Ok(PageToken::of_user(token));
        }
        let token = self.issuer.token(caller, authorized, lifetime_minutes, connections).await?;
        Ok(PageToken::embed(token))
    }
}
