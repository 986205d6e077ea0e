//! Templates of effective identities, and the claims that fill them.
//!
//! Input: the template in the first line, then one claim for each line, as `name=value`. The template goes into a catalog and
//! the claims go into an event. The identity in the token request must follow the documentation.

use dynabind::catalog;
use serde_json::{Map, Value, json};

use crate::environment::{Environment, PowerBiContents};
use crate::events::{self, Kind};
use crate::gateway;
use crate::oracle::template::{Filled, Piece, fill, pieces};
use crate::oracle::{Oracle, RequestEvent, faults};

/// The value of a claim that no template of the corpus names.
pub(crate) const UNNAMED: &str = "uCl8Q~never-asked-for";

/// The maximum length of a literal text that is valid in every place.
const SURELY_GOOD: usize = 40;

pub(crate) fn check(input: &[u8]) {
    let Ok(input) = std::str::from_utf8(input) else { return };
    let (template, claims) = input.split_once('\n').unwrap_or((input, ""));
    for identity in [json!({ "username": template }), json!({ "username": "name", "roles": [template] })] {
        check_identity(template, &identity, claims);
    }
}

fn check_identity(template: &str, identity: &Value, claims: &str) {
    let catalog = catalog_of(identity);
    let is_taken = catalog::parse(&catalog.to_string()).is_ok();
    match pieces(template) {
        None => assert!(!is_taken, "{template:?} is not a template"),
        Some(pieces) => {
            assert!(is_taken || !is_certainly_valid(&pieces), "{template:?} was refused");
            assert_eq!(crate::oracle::template::pieces(&write(&pieces)), Some(pieces), "written and read again");
        }
    }
    if is_taken {
        check_answer(template, &catalog, &claims_of(template, claims));
    }
}

/// The token has the identity that the claims and the template give, or the problem names the missing claim.
fn check_answer(template: &str, catalog: &Value, claims: &Value) {
    let powerbi = PowerBiContents::of_catalog(catalog);
    let (contents, own_datasets) = (powerbi.contents.clone(), powerbi.own_datasets.clone());
    let oracle = Oracle { catalog: catalog.clone(), possible: contents.clone(), certain: contents, own_datasets };
    let body = json!({ "bindings": [{ "report": "r", "dataset": "d" }] });
    let event = events::post(Kind::HttpLambda, "token", claims, &body);
    let (answer, issued) = gateway::block_on(async {
        let environment = Environment::open(&catalog.to_string(), powerbi, &[]).await.expect("it was taken");
        let answer = environment.send("token", &event).await;
        let issued = answer.token().and_then(|token| environment.issued(token));
        (answer, issued)
    });
    let asked = RequestEvent::new(&event);
    let found = faults(&oracle, &asked, answer.code(), &answer.body, issued.as_ref());
    assert!(found.is_empty(), "{found:#?}");
    if let Some(issued) = issued {
        assert!(!issued.body.to_string().contains(UNNAMED), "another claim's value");
    }
    if let (Some(caller), "claim-missing") = (asked.caller(), answer.code())
        && let Filled::Missing(name) = fill(template, &caller)
    {
        let detail = answer.body["detail"].as_str().unwrap_or_default();
        assert!(detail.contains(&format!("`{name}`")) || name.len() > SURELY_GOOD, "{name:?} is not named: {detail}");
    }
}

fn catalog_of(identity: &Value) -> Value {
    let (workspace, item) = ("00000001-0000-4000-8000-000000000000", "00000002-0000-4000-8000-000000000000");
    json!({
        "reports": { "r": { "name": "R", "workspaceId": workspace, "reportId": item } },
        "datasets": { "d": { "name": "D", "workspaceId": workspace, "datasetId": item, "identity": identity } },
        "tenants": { "t": { "grants": [{ "reports": ["r"], "datasets": ["d"] }] } },
    })
}

/// The claims of the input, with those of a caller of the tenant, and one that the template does not name.
fn claims_of(template: &str, claims: &str) -> Value {
    let given = claims.lines().filter_map(|line| line.split_once('='));
    let mut claims: Map<String, Value> = given.map(|(name, value)| (name.to_owned(), value.into())).collect();
    claims.entry("sub").or_insert_with(|| "s".into());
    claims.insert("tenant".to_owned(), "t".into());
    let named = |piece: &Piece| matches!(piece, Piece::Claim(name) if name == "unnamed");
    if !pieces(template).is_some_and(|pieces| pieces.iter().any(named)) {
        claims.insert("unnamed".to_owned(), UNNAMED.into());
    }
    Value::Object(claims)
}

/// Whether a template is certainly valid: it is short, has common characters, and its claims have common names.
fn is_certainly_valid(pieces: &[Piece]) -> bool {
    pieces.len() <= SURELY_GOOD
        && pieces.iter().all(|piece| match piece {
            Piece::Literal(character) => character.is_ascii_alphanumeric() || "{}-_.@".contains(*character),
            Piece::Claim(name) => name.bytes().all(|byte| byte.is_ascii_alphanumeric()),
        })
}

fn write(pieces: &[Piece]) -> String {
    let write = |piece: &Piece| match piece {
        Piece::Literal('{') => "{{".to_owned(),
        Piece::Literal(character) => character.to_string(),
        Piece::Claim(name) => format!("{{{name}}}"),
    };
    pieces.iter().map(write).collect()
}
