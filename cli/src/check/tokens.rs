//! `GenerateToken` for a sample caller, with the exact request that the functions send.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use dynabind::domain::EmbedToken;
use dynabind::domain::{Denial, TokenRequest};
use dynabind::embedding::EmbeddingError;
use dynabind::http::Problem;
use dynabind::ports::{ActorKey, PowerBi};
use dynabind::request::RequestContext;
use dynabind::upstream::{UpstreamError, UpstreamErrorKind};
use futures_util::{StreamExt, stream};
use serde::{Deserialize, Serialize};

use super::finding::{About, Fault, Finding, Findings};
use super::run::{Checked, Run};
use super::state::sha256;
use super::subject::{Listed, Subject, groups_of, sample};
use crate::catalog::Progress;
use crate::connection::session::TokenSession;
use crate::decision::{Allowed, decide, detail_of};

const WHAT: &str = "a token for the sample caller";

/// The outcome of one request; it is saved in the state.
#[derive(Clone, Debug, Deserialize, Serialize)]
enum Outcome {
    Good,
    Short { minutes: u64 },
    Refused { code: Option<String>, explanation: String },
    Unknown { because: String },
}

/// The distinct requests, each with the bindings that need it. The same request of several tenants is sent once.
type Requests<'s> = BTreeMap<String, (TokenRequest, Vec<&'s Subject>)>;

pub(super) async fn check(run: &Run<'_>, tenants: &[Checked], subjects: &[Subject], findings: &mut Findings) {
    let requests = requests(run, tenants, subjects, findings);
    let limit = run.options.max_tokens;
    for subject in requests.values().skip(limit).flat_map(|(_, subjects)| subjects) {
        findings.skip(&subject.about(run.loaded), WHAT, &format!("--max-tokens is {limit}"));
    }
    let mut progress = Progress::new("embed tokens", requests.len().min(limit));
    let generate = |(unit, (request, subjects)): (String, (TokenRequest, Vec<_>))| async move {
        let outcome = outcome(run, &unit, &request).await;
        (unit, outcome, subjects)
    };
    let made = stream::iter(requests.into_iter().take(limit)).map(generate);
    let outcomes = made.buffer_unordered(run.connection.at_once).inspect(|_| progress.add(1));
    let mut outcomes: Vec<_> = outcomes.collect().await;
    // Findings are in the same order in every run.
    outcomes.sort_by(|(one, ..), (other, ..)| one.cmp(other));
    for (_, outcome, subjects) in &outcomes {
        for subject in subjects {
            add(&subject.about(run.loaded), outcome, findings);
        }
    }
}

fn requests<'s>(run: &Run<'_>, tenants: &[Checked], subjects: &'s [Subject], findings: &mut Findings) -> Requests<'s> {
    let lists: BTreeMap<_, _> = tenants.iter().map(|checked| (checked.tenant.name.as_str(), checked)).collect();
    let broken: BTreeSet<_> = findings.findings.iter().filter_map(items_of).collect();
    let mut requests = Requests::new();
    for subject in subjects {
        let about = subject.about(run.loaded);
        // An item that was not found or has the wrong identity is a finding already.
        let (report, dataset) = (about.report.clone(), about.dataset.clone());
        let known = [(None, dataset.clone()), (report.clone(), None), (report, dataset)];
        if known.iter().any(|item| broken.contains(item)) {
            continue;
        }
        let Some(checked) = lists.get(subject.tenant.name.as_str()) else { continue };
        match allowed(run, checked, subject) {
            Some(Ok(allowed)) => {
                let unit = format!("token {:?} {}", allowed.request.profile(), allowed.body());
                requests.entry(sha256(&unit)).or_insert_with(|| (allowed.request, Vec::new())).1.push(subject);
            }
            Some(Err(error)) => undecided(&about, error, findings),
            None => findings.skip(&about, WHAT, "the sample claims identify no caller"),
        }
    }
    requests
}

/// The items of a finding that explains why their tokens would be refused.
fn items_of(finding: &Finding) -> Option<(Option<String>, Option<String>)> {
    let names_one = finding.report.is_some() != finding.dataset.is_some();
    let decides = finding.code == "role-too-low" || (names_one && finding.code != "capacity-not-active");
    decides.then(|| (finding.report.clone(), finding.dataset.clone()))
}

fn allowed(run: &Run<'_>, checked: &Checked, subject: &Subject) -> Option<Result<Allowed, EmbeddingError>> {
    let groups: BTreeSet<_> = groups_of(&subject.tenant.grants[subject.grant]).collect();
    let caller = &run.options.caller;
    let caller = sample(&run.claims, &subject.tenant, &groups, (&caller.tenant_claim, &caller.groups_claim))?;
    let own = |report| run.connection.powerbi.own_dataset(report);
    let places = Listed { lists: &checked.lists, own: &own };
    Some(decide(&run.loaded.catalog, &caller, std::slice::from_ref(&subject.request), None, &places))
}

fn undecided(about: &About, error: EmbeddingError, findings: &mut Findings) {
    match error {
        EmbeddingError::Denied { denial: Denial::ClaimMissing { claim }, .. } => {
            let because =
                format!("the sample caller's claim `{claim}` is absent or does not fit; give --claim {claim}=VALUE");
            findings.skip(about, WHAT, &because);
        }
        EmbeddingError::Denied { .. } => {
            findings.skip(about, WHAT, "the sample caller is in none of the grant's groups");
        }
        error => {
            let problem = Problem::from(error);
            let fault = Fault {
                code: problem.code.as_str().to_owned(),
                problem: detail_of(problem),
                viewer_sees: "no report: the request for a token is refused".to_owned(),
                remedy: "split the grant, or remove items that the report does not need".to_owned(),
                ..Fault::default()
            };
            findings.add(about, &fault);
        }
    }
}

async fn outcome(run: &Run<'_>, unit: &str, request: &TokenRequest) -> Outcome {
    if let Some(known) = run.state.get(unit) {
        return known;
    }
    let outcome = match generate(run, request).await {
        Ok(token) => {
            let life = token.expiry.remaining(run.connection.clock.now());
            let is_short = life < run.connection.settings.min_token;
            if is_short { Outcome::Short { minutes: life.as_secs() / 60 } } else { Outcome::Good }
        }
        Err(error) if error.is_outage() => return Outcome::Unknown { because: error.to_string() },
        Err(error) => Outcome::Refused { code: error.code, explanation: error.explanation },
    };
    run.state.put(unit, &outcome);
    outcome
}

async fn generate(run: &Run<'_>, request: &TokenRequest) -> Result<EmbedToken, UpstreamError> {
    let (connection, context) = (run.connection, Arc::new(RequestContext::begin(None)));
    let access = connection.tokens.get(&context, None, &|| Ok(())).await?;
    let actor = request.profile().map_or(ActorKey::Service, ActorKey::Profile);
    let made = connection.powerbi.generate_token(&TokenSession::new(actor, &access), request).await;
    match made {
        // Power BI calls every JWT that it does not accept expired. A second attempt with a new token shows the real cause.
        Err(UpstreamError { kind: UpstreamErrorKind::TokenRefused { .. }, .. }) => {
            connection.tokens.discard(None, &access);
            let access = connection.tokens.get(&context, None, &|| Ok(())).await?;
            connection.powerbi.generate_token(&TokenSession::new(actor, &access), request).await
        }
        made => made,
    }
}

fn add(about: &About, outcome: &Outcome, findings: &mut Findings) {
    match outcome {
        Outcome::Good => {}
        Outcome::Unknown { because } => findings.skip(about, WHAT, because),
        Outcome::Short { minutes } => {
            let fault = Fault {
                code: "embed-token-short".to_owned(),
                problem: format!("the embed token lives {minutes} minutes"),
                viewer_sees: "a report that renews its token very often".to_owned(),
                remedy: "remove the token lifetime policy from the app, or lower DYNABIND_MIN_TOKEN_MINUTES".to_owned(),
                ..Fault::default()
            };
            findings.add(about, &fault);
        }
        Outcome::Refused { code, explanation } => {
            let named = code.as_ref().map(|code| format!(" ({code})")).unwrap_or_default();
            let fault = Fault {
                code: "token-refused".to_owned(),
                problem: format!("Power BI refuses the token{named}"),
                viewer_sees: "no report: /token and /config answer 502".to_owned(),
                remedy: explanation.clone(),
                ..Fault::default()
            };
            findings.add(about, &fault);
        }
    }
}
