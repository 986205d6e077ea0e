//! `dynabind explain`: shows what the functions would decide, and why. It needs no network.

mod arguments;
mod explanation;
mod grants;
mod places;
mod print;

use dynabind::domain::{AuthorizedBinding, BindingRequest, Caller, CallerError, Mode, Viewer};
use dynabind::embedding::EmbeddingError;
use dynabind::http::{Code, Problem};
use dynabind::settings::{Cloud, UserToken};
use serde_json::{Map, Value};

use crate::caller::{CallerArguments, claims_of_jwt};
use crate::decision::{Places, authorize, decide, detail_of, tenant_of};
use crate::scenario::ScenarioArguments;
use crate::source::LoadedCatalog;

pub use arguments::Arguments;
pub use explanation::{Explanation, UserTokenExplanation};
pub use grants::{GrantExplanation, Mismatch};
pub use places::Assumed;
pub use print::print;

/// A caller with a request, and what is known without calling Power BI.
#[derive(Clone, Copy)]
pub struct Question<'q> {
    /// The caller's claims.
    pub claims: &'q Map<String, Value>,
    /// The arguments that name the tenant's and the groups' claim.
    pub reading: &'q CallerArguments,
    /// The requested binding.
    pub request: &'q BindingRequest,
    /// The maximum lifetime of the token.
    pub lifetime_minutes: Option<u16>,
    /// The places of items that have no catalog entry.
    pub places: &'q dyn Places,
    /// Who signs in to Power BI.
    pub scenario: ScenarioArguments,
    /// The cloud, which decides the scope of users' tokens.
    pub cloud: Cloud,
}

/// Explains from the command line's arguments.
///
/// # Errors
/// The error says why the catalog or the claims cannot be read.
pub async fn from_arguments(arguments: &Arguments) -> Result<Explanation, String> {
    arguments.scenario.check()?;
    let loaded = LoadedCatalog::read(&arguments.catalog).await.map_err(|error| error.to_string())?;
    let claims = match &arguments.token {
        Some(token) => claims_of_jwt(token)?,
        None => arguments.caller.read()?,
    };
    if arguments.report.is_none() && arguments.mode != Mode::Create {
        return Err("--report is required except in mode create".to_owned());
    }
    let Arguments { report, dataset, mode, .. } = arguments.clone();
    let places = Assumed::new(arguments);
    let request = BindingRequest { report, dataset, mode };
    let (reading, lifetime_minutes) = (&arguments.caller, arguments.lifetime_minutes);
    let question = Question {
        claims: &claims,
        reading,
        request: &request,
        lifetime_minutes,
        places: &places,
        scenario: arguments.scenario,
        cloud: arguments.cloud,
    };
    let mut explanation = explain(&loaded, question);
    explanation.assumptions = places.into_assumptions();
    Ok(explanation)
}

/// Explains one request.
#[must_use]
pub fn explain(loaded: &LoadedCatalog, question: Question<'_>) -> Explanation {
    match question.reading.caller(question.claims) {
        Ok(caller) => of_caller(loaded, question, &caller),
        Err(CallerError::NoSubject) => refused(Code::Unauthenticated, "the claims have no `sub`"),
        Err(CallerError::SubjectIsNoText) => refused(Code::NotEntitled, "`sub` is a list or an object"),
    }
}

fn refused(code: Code, detail: &str) -> Explanation {
    Explanation {
        allowed: false,
        code: code.as_str(),
        detail: Some(detail.to_owned()),
        tenant: None,
        grants: Vec::new(),
        dataset: None,
        identity: None,
        profile: None,
        generate_token: None,
        user_token: None,
        assumptions: Vec::new(),
    }
}

fn of_caller(loaded: &LoadedCatalog, question: Question<'_>, caller: &Caller) -> Explanation {
    let Question { request, reading, .. } = question;
    let outcome = if question.scenario.is_organization() {
        of_user(loaded, question, caller)
    } else {
        of_customer(loaded, question, caller)
    };
    let mut explanation = outcome.unwrap_or_else(|error| {
        let problem = Problem::from(error);
        refused(problem.code, &detail_of(problem))
    });
    explanation.tenant = caller.tenant().map(str::to_owned);
    match tenant_of(&loaded.catalog, caller) {
        Ok(tenant) => explanation.grants = grants::explain(loaded, tenant, caller, request),
        Err(_) => explanation.detail = Some(no_tenant(caller, &reading.tenant_claim)),
    }
    explanation
}

/// The customers scenario: an embed token.
fn of_customer(loaded: &LoadedCatalog, question: Question<'_>, caller: &Caller) -> Result<Explanation, EmbeddingError> {
    let Question { request, lifetime_minutes, places, .. } = question;
    let allowed = decide(&loaded.catalog, caller, std::slice::from_ref(request), lifetime_minutes, places)?;
    let body = allowed.body();
    let binding = allowed.bindings.as_slice().first();
    let id = binding.map(|binding| binding.dataset().id.to_string());
    let with_identity = binding.filter(|binding| binding.identity().is_some()).and(id);
    Ok(Explanation {
        identity: with_identity.and_then(|id| identity_of(&body, &id)),
        profile: allowed.request.profile().map(|profile| profile.to_string()),
        generate_token: Some(body),
        ..allowed_with(binding)
    })
}

/// The organization scenario: the user's own token.
fn of_user(loaded: &LoadedCatalog, question: Question<'_>, caller: &Caller) -> Result<Explanation, EmbeddingError> {
    let Question { request, places, scenario, cloud, .. } = question;
    let bindings = authorize(&loaded.catalog, caller, std::slice::from_ref(request), places, Viewer::User)?;
    let (from, detail) = match scenario.user_token {
        UserToken::Page => ("page", "the page gets it from Entra for this scope; POST /token answers 400"),
        UserToken::Server => ("server", "the function gets it on behalf of the user; the page needs no scope"),
    };
    let user_token = Some(UserTokenExplanation { from, scope: cloud.scope(), detail });
    Ok(Explanation { user_token, ..allowed_with(bindings.as_slice().first()) })
}

fn allowed_with(binding: Option<&AuthorizedBinding>) -> Explanation {
    Explanation {
        allowed: true,
        code: "ok",
        detail: None,
        dataset: binding.map(AuthorizedBinding::dataset_key),
        ..refused(Code::NotEntitled, "")
    }
}

fn no_tenant(caller: &Caller, claim: &str) -> String {
    match caller.tenant() {
        Some(name) => format!("the catalog has no tenant `{name}`"),
        None => format!("the claim `{claim}`, which names the tenant, is absent, empty, a list or an object"),
    }
}

/// The identity that a body has for a dataset, without its lists of datasets and reports.
fn identity_of(body: &Value, dataset: &str) -> Option<Value> {
    let names =
        |identity: &&Value| identity["datasets"].as_array().is_some_and(|ids| ids.iter().any(|id| id == dataset));
    let mut identity = body["identities"].as_array()?.iter().find(names)?.clone();
    if let Some(fields) = identity.as_object_mut() {
        fields.retain(|name, _| name != "datasets" && name != "reports");
    }
    Some(identity)
}
