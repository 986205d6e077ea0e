//! What is cached, for how long, and what happens when it expires.

use std::time::Duration;

use acceptance::test_app::{TestApp, view};
use devstack::Fault;
use serde_json::json;

const MADE: [&str; 1] = ["POST GenerateToken"];
const KEPT: [&str; 0] = [];

fn minutes(minutes: u64) -> Duration {
    Duration::from_mins(minutes)
}

async fn warm(app: &TestApp) -> String {
    let answer = app.token("carl@contoso", view("sales", "contoso-plan")).await.ok();
    app.stack.log().clear();
    answer["tokenId"].as_str().unwrap().to_owned()
}

async fn ask(app: &TestApp) -> String {
    app.token("carl@contoso", view("sales", "contoso-plan")).await.ok()["tokenId"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn an_embed_token_is_cached_until_its_renewal() {
    let app = TestApp::open().await;
    let first = warm(&app).await;
    // The lifetime of the token is 59 minutes and 59 seconds. The token is renewed when 15 minutes are left.
    app.clock.advance(minutes(44));
    assert_eq!(ask(&app).await, first);
    assert_eq!(app.upstream_calls(), KEPT);
    app.clock.advance(minutes(1));
    assert_ne!(ask(&app).await, first);
}

#[tokio::test]
async fn a_short_token_is_renewed_at_half_of_its_lifetime() {
    let app = TestApp::open().await;
    let body = json!({ "bindings": [{ "report": "sales", "dataset": "contoso-plan" }], "lifetimeMinutes": 10 });
    let ask = async || app.token("carl@contoso", body.clone()).await.ok()["tokenId"].clone();
    let first = ask().await;
    app.clock.advance(Duration::from_secs(299));
    assert_eq!(ask().await, first);
    app.clock.advance(Duration::from_secs(2));
    assert_ne!(ask().await, first);
}

#[tokio::test]
async fn callers_share_a_token_only_if_their_token_requests_are_equal() {
    let app = TestApp::open().await;
    let plan = async |user: &str| app.token(user, view("sales", "contoso-plan")).await.ok()["tokenId"].clone();
    let sales = async |user: &str| app.token(user, view("sales", "contoso-sales")).await.ok()["tokenId"].clone();
    // Without an identity, Ana's token and Carl's are equal.
    assert_eq!(plan("ana@contoso").await, plan("carl@contoso").await);
    // With this dataset, each caller has an identity.
    assert_ne!(sales("ana@contoso").await, sales("carl@contoso").await);
    let edit = json!({ "bindings": [{ "report": "sales", "dataset": "contoso-plan", "mode": "edit" }] });
    assert_ne!(app.token("ana@contoso", edit).await.ok()["tokenId"], plan("ana@contoso").await);
}

#[tokio::test]
async fn the_access_token_is_renewed_early_enough_for_every_embed_token() {
    let app = TestApp::open().await;
    warm(&app).await;
    // The access token is used for half of its hour.
    app.clock.advance(minutes(29));
    let _ = app.token("carl@contoso", view("sales", "contoso-sales")).await.ok();
    assert_eq!(app.upstream_calls(), ["GetSecretValue", "EntraToken"].map(|_| "POST GenerateToken")[..1]);
    app.clock.advance(minutes(2));
    let answer = app.token("ana@contoso", view("sales", "contoso-sales")).await.ok();
    assert_eq!(app.upstream_calls(), ["GetSecretValue", "EntraToken", "POST GenerateToken"]);
    assert_eq!(answer["expiration"], "2026-11-24T04:30:59Z", "a whole hour from the renewal");
}

#[tokio::test]
async fn a_failed_renewal_does_not_fail_the_request() {
    let app = TestApp::open().await;
    warm(&app).await;
    app.clock.advance(minutes(31));
    app.stack.entra().fail("*", Fault::HtmlBadGateway, None);
    let answer = app.token("ana@contoso", view("sales", "contoso-sales")).await.ok();
    assert_eq!(answer["expiration"], "2026-11-24T03:59:59Z", "made with the access token that is still valid");
    assert_eq!(app.upstream_calls(), ["GetSecretValue", "EntraToken", "POST GenerateToken"], "one attempt is enough");

    // After the token has expired, there is no old value to use.
    app.clock.advance(minutes(29));
    app.token("ana@contoso", view("ops", "contoso-sales")).await.assert_problem(502, "upstream-failed");
}

#[tokio::test]
async fn an_outage_shorter_than_a_tokens_lifetime_fails_no_request() {
    for (route, outage) in [
        ("*", Fault::HtmlBadGateway),
        ("*", Fault::ResetBeforeAnswer),
        ("*", Fault::throttled(120)),
        ("*", Fault::TruncatedJson),
    ] {
        let app = TestApp::open().await;
        let first = warm(&app).await;
        app.clock.advance(minutes(50));
        app.stack.powerbi().fail(route, outage.clone(), None);
        assert_eq!(ask(&app).await, first, "{outage:?}");
        app.clock.advance(minutes(9));
        let answer = app.token("carl@contoso", view("sales", "contoso-plan")).await;
        assert!(answer.status >= 500, "a token with less than a minute left is not returned ({outage:?})");
    }
}

#[tokio::test]
async fn a_config_survives_an_outage() {
    let app = TestApp::open().await;
    let body = view("sales", "contoso-plan");
    let first = app.config("carl@contoso", body.clone()).await.ok();
    app.clock.advance(minutes(50));
    app.stack.powerbi().fail("*", Fault::HtmlBadGateway, None);
    assert_eq!(app.config("carl@contoso", body).await.ok()["configs"], first["configs"]);
}

#[tokio::test]
async fn a_refusal_is_not_treated_as_an_outage() {
    let app = TestApp::open().await;
    warm(&app).await;
    app.clock.advance(minutes(50));
    let forbidden = Fault::json(403, &json!({ "error": { "code": "Forbidden" } }));
    app.stack.powerbi().fail("*", forbidden, None);
    let answer = app.token("carl@contoso", view("sales", "contoso-plan")).await;
    answer.assert_problem(502, "upstream-refused");
}

#[tokio::test]
async fn failures_are_not_cached() {
    let app = TestApp::open().await;
    let rejected = Fault::json(400, &json!({ "error": { "code": "InvalidRequest" } }));
    app.stack.powerbi().fail("POST *", rejected, Some(1));
    app.token("carl@contoso", view("sales", "contoso-plan")).await.assert_problem(502, "upstream-rejected");
    let _ = app.token("carl@contoso", view("sales", "contoso-plan")).await.ok();
}

#[tokio::test]
async fn metadata_is_cached_for_ten_minutes() {
    let app = TestApp::open().await;
    let config = async |dataset: &str| app.config("carl@contoso", view("sales", dataset)).await.ok();
    config("contoso-plan").await;
    app.clock.advance(Duration::from_secs(599));
    app.stack.log().clear();
    config("contoso-sales").await;
    assert_eq!(app.upstream_calls(), MADE);
    app.clock.advance(Duration::from_secs(1));
    config("contoso-sales").await;
    assert_eq!(app.upstream_calls().len(), 1, "only the report");
}

/// A page can vary the subset of its bindings, their modes, and the lifetime to cause new tokens. The order of the bindings
/// and an explicit default cause none. (Each function is an environment with its own budget.)
#[tokio::test]
async fn no_variation_of_a_request_avoids_the_budget() {
    let app = TestApp::with_variables(&[("DYNABIND_FRESH_TOKENS_PER_MINUTE", "20")]).await;
    let all = [
        json!({ "report": "sales", "dataset": "contoso-sales", "mode": "view" }),
        json!({ "report": "sales", "dataset": "contoso-plan" }),
        json!({ "report": "ops", "dataset": "contoso-sales" }),
        json!({ "report": "sales", "dataset": "contoso-plan", "mode": "edit" }),
    ];
    let subset = |mask: usize| (0..4).filter(move |bit| mask & (1 << bit) != 0).map(|bit| all[bit].clone());
    let mut refused = 0;
    for lifetime in 40..43 {
        for mask in 1..16 {
            let body = json!({ "bindings": subset(mask).collect::<Vec<_>>(), "lifetimeMinutes": lifetime });
            let answer = app.config("ana@contoso", body).await;
            assert!(answer.status == 200 || answer.code() == "too-many-requests", "{}", answer.body);
            refused += usize::from(answer.status != 200);
        }
    }
    let made = app.upstream_calls().iter().filter(|call| call.ends_with("GenerateToken")).count();
    // There are eleven different tokens for each lifetime, because `edit` of a dataset covers its `view`.
    assert_eq!((made, refused), (20, 3 * 11 - 20));
    let reversed: Vec<_> = subset(0b0111).collect::<Vec<_>>().into_iter().rev().collect();
    let _ = app.config("ana@contoso", json!({ "bindings": reversed, "lifetimeMinutes": 40 })).await.ok();
}

/// If they did not count, callers could make any number of failing or parallel requests.
#[tokio::test]
async fn failed_and_parallel_requests_count_against_the_budget() {
    let app = TestApp::with_variables(&[("DYNABIND_FRESH_TOKENS_PER_MINUTE", "3")]).await;
    app.stack.powerbi().fail("POST *", Fault::json(400, &json!({})), Some(3));
    for _ in 0..3 {
        app.token("ana@contoso", view("sales", "contoso-plan")).await.assert_problem(502, "upstream-rejected");
    }
    app.token("ana@contoso", view("sales", "contoso-plan")).await.assert_problem(429, "too-many-requests");

    let asks = (20..60).map(|minutes| {
        let body =
            json!({ "bindings": [{ "report": "sales", "dataset": "contoso-plan" }], "lifetimeMinutes": minutes });
        app.token("carl@contoso", body)
    });
    app.stack.log().clear();
    let answers = futures_util::future::join_all(asks).await;
    assert_eq!(answers.iter().filter(|answer| answer.status == 200).count(), 3);
    assert_eq!(app.token_requests().len(), 3);
}

#[tokio::test]
async fn only_new_tokens_count_against_the_budget() {
    let app = TestApp::with_variables(&[("DYNABIND_FRESH_TOKENS_PER_MINUTE", "3")]).await;
    let ask = async |user: &str, lifetime: u64| {
        let body =
            json!({ "bindings": [{ "report": "sales", "dataset": "contoso-plan" }], "lifetimeMinutes": lifetime });
        app.token(user, body).await
    };
    for lifetime in 40..43 {
        let _ = ask("carl@contoso", lifetime).await.ok();
    }
    app.clock.advance(Duration::from_secs(10));
    app.stack.log().clear();
    let refused = ask("carl@contoso", 43).await;
    refused.assert_problem(429, "too-many-requests");
    assert_eq!(refused.header("retry-after"), "50");
    assert_eq!(app.upstream_calls(), KEPT);
    let _ = ask("carl@contoso", 42).await.ok();
    let _ = ask("ana@contoso", 43).await.ok();
    app.clock.advance(Duration::from_secs(50));
    let _ = ask("carl@contoso", 44).await.ok();
}
