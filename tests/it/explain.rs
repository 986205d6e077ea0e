//! `dynabind explain` decides as the functions do, for random catalogs, callers and requests.

use std::collections::BTreeSet;

use acceptance::checked_environment::CheckedEnvironment;
use acceptance::generated::{self, AnyCaller, powerbi_of};
use acceptance::test_app::{TestApp, view};
use dynabind::domain::{BindingRequest, DatasetId, Mode, ReportId, WorkspaceId};
use dynabind::settings::{Cloud, Scenario, UserToken};
use dynabind_cli::caller::{CallerArguments, claims_of_jwt};
use dynabind_cli::decision::Places;
use dynabind_cli::explain::{Explanation, Question, explain};
use dynabind_cli::scenario::ScenarioArguments;
use dynabind_cli::source::LoadedCatalog;
use fuzz::environment::PowerBiContents;
use fuzz::events::{self, Kind};
use fuzz::gateway::block_on;
use proptest::prelude::*;
use serde_json::{Map, Value};

/// Places of items as in Power BI.
struct Exact<'p>(&'p PowerBiContents);

impl Places for Exact<'_> {
    fn dataset(&self, id: DatasetId, workspaces: &BTreeSet<WorkspaceId>) -> Option<WorkspaceId> {
        let holds = |workspace: &&WorkspaceId| {
            self.0.contents.get(&workspace.to_string()).is_some_and(|datasets| datasets.contains(&id.to_string()))
        };
        workspaces.iter().find(holds).copied()
    }

    fn report(&self, _: ReportId, _: &BTreeSet<WorkspaceId>) -> Option<WorkspaceId> {
        None
    }

    fn own_dataset(&self, report: ReportId) -> Option<DatasetId> {
        self.0.own_datasets.get(&report.to_string()).and_then(|id| id.parse().ok())
    }
}

fn explained(catalog: &Value, powerbi: &PowerBiContents, claims: &Map<String, Value>, body: &Value) -> Explanation {
    let loaded = LoadedCatalog::parse("catalog.json".to_owned(), catalog.to_string()).unwrap();
    let binding = &body["bindings"][0];
    let text = |field: &str| binding[field].as_str();
    let request = BindingRequest {
        report: text("report").map(|key| key.parse().unwrap()),
        dataset: text("dataset").map(|key| key.parse().unwrap()),
        mode: text("mode").unwrap().parse().unwrap(),
    };
    let lifetime_minutes = body["lifetimeMinutes"].as_u64().map(|minutes| u16::try_from(minutes).unwrap());
    let reading = CallerArguments {
        tenant_claim: "tenant".to_owned(),
        groups_claim: "groups".to_owned(),
        ..CallerArguments::default()
    };
    let places = Exact(powerbi);
    let (scenario, cloud) = (ScenarioArguments::default(), Cloud::Public);
    let request = &request;
    explain(
        &loaded,
        Question { claims, reading: &reading, request, lifetime_minutes, places: &places, scenario, cloud },
    )
}

/// The claims as an operator gives them: as a file, or as the caller's JWT.
fn given_claims(kind: Kind, event: &Value, claims: &Value) -> Map<String, Value> {
    match kind {
        Kind::HttpJwt => {
            let header = event["headers"]["authorization"].as_str().unwrap();
            claims_of_jwt(header.strip_prefix("Bearer ").unwrap()).unwrap()
        }
        _ => claims.as_object().unwrap().clone(),
    }
}

/// The differences between the explanation and the function's answer.
async fn difference(catalog: &Value, caller: &AnyCaller, body: &Value) -> (Option<String>, &'static str) {
    let powerbi = powerbi_of(catalog);
    let event = events::post(caller.kind, "token", &caller.claims, body);
    let explanation = explained(catalog, &powerbi, &given_claims(caller.kind, &event, &caller.claims), body);
    let checked = CheckedEnvironment::open(catalog, powerbi).await;
    let answer = checked.environment.send("token", &event).await;
    let sent = answer.token().map(|token| checked.environment.issued(token).unwrap().body);
    let same = answer.code() == explanation.code && sent == explanation.generate_token;
    let matches = explanation.grants.iter().filter(|grant| grant.matches).count();
    let consistent = !explanation.allowed || matches > 0;
    let wrong = format!("answered {} with {sent:?}\nexplained as {explanation:#?}", answer.code());
    ((!same || !consistent).then_some(wrong), explanation.code)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, max_shrink_iters: 400, ..ProptestConfig::default() })]

    #[test]
    fn the_explanation_agrees_with_the_functions(
        catalog in generated::any_catalog(), caller in generated::any_caller(), as_jwt in any::<bool>(),
        binding in generated::any_binding(), minutes in proptest::option::weighted(0.2, 1..120_u16),
    ) {
        let caller = AnyCaller { kind: if as_jwt { Kind::HttpJwt } else { Kind::HttpLambda }, ..caller };
        let body = generated::body(&catalog, &powerbi_of(&catalog), &caller, &[binding], minutes);
        let (wrong, _) = block_on(difference(&catalog, &caller, &body));
        prop_assert!(wrong.is_none(), "{}\ncatalog: {catalog:#}\n{}\n{body}", wrong.unwrap(), caller.claims);
    }
}

/// The property above would also hold if every request were refused in the same way.
#[test]
fn the_random_requests_reach_every_answer() {
    use proptest::strategy::ValueTree as _;
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let case = (generated::any_catalog(), generated::any_caller(), generated::any_binding());
    let mut codes = BTreeSet::new();
    for _ in 0..150 {
        let (catalog, caller, binding) = case.new_tree(&mut runner).unwrap().current();
        let caller = AnyCaller { kind: Kind::HttpLambda, ..caller };
        let body = generated::body(&catalog, &powerbi_of(&catalog), &caller, &[binding], None);
        let (wrong, code) = block_on(difference(&catalog, &caller, &body));
        assert!(wrong.is_none(), "{wrong:?}");
        codes.insert(code);
    }
    assert!(["claim-missing", "not-entitled", "ok"].iter().all(|code| codes.contains(code)), "{codes:?}");
}

/// In the organization scenario, the explanation has the code of `POST /config`.
#[tokio::test]
async fn the_explanation_agrees_with_the_functions_in_the_organization_scenario() {
    let app = TestApp::with_variables(&[("DYNABIND_SCENARIO", "organization")]).await;
    let text = std::fs::read_to_string(app.stack.catalog_path()).unwrap();
    let loaded = LoadedCatalog::parse("catalog.json".to_owned(), text).unwrap();
    let scenario = ScenarioArguments { scenario: Scenario::Organization, user_token: UserToken::Server };
    let reading = CallerArguments {
        tenant_claim: "tenant".to_owned(),
        groups_claim: "groups".to_owned(),
        ..CallerArguments::default()
    };
    let mut codes = BTreeSet::new();
    for (user, report, dataset) in [
        ("ana@contoso", "sales", "contoso-plan"),
        ("ana@contoso", "sales", "contoso-sales"),
        ("carl@contoso", "ops", "contoso-plan"),
        ("carl@contoso", "sales", "fabrikam-sales"),
        ("frida@fabrikam", "sales", "fabrikam-sales"),
        ("nils@northwind", "sales", "contoso-plan"),
    ] {
        let claims = app.stack.claims_of(user).as_object().unwrap().clone();
        let (report, dataset) = (report.parse().ok(), dataset.parse().ok());
        let request = BindingRequest { report, dataset, mode: Mode::View };
        let places = Exact(&PowerBiContents::default());
        let (lifetime_minutes, cloud) = (None, Cloud::Public);
        let explanation = explain(
            &loaded,
            Question {
                claims: &claims,
                reading: &reading,
                request: &request,
                lifetime_minutes,
                places: &places,
                scenario,
                cloud,
            },
        );
        let (report, dataset) = (request.report.unwrap().to_string(), request.dataset.unwrap().to_string());
        let answer = app.config(user, view(&report, &dataset)).await;
        let code = if answer.status == 200 { "ok" } else { answer.code() };
        assert_eq!(explanation.code, code, "{user}: {report} over {dataset}");
        codes.insert(explanation.code);
    }
    assert_eq!(codes, ["not-entitled", "ok"].into());
}
