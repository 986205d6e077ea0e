//! Oversized input is refused with a problem of the contract, or has no effect.

use std::fmt::Write as _;

use acceptance::test_app::{TestApp, view};
use serde_json::{Value, json};

/// `POST /token` as Carl, with his claims or headers changed.
fn event(app: &TestApp, place: &str, value: Value) -> Value {
    let mut event = app.stack.event("POST", "/token", Some("carl@contoso"), Some(&view("sales", "contoso-sales")));
    let (parent, name) = place.rsplit_once('/').unwrap();
    event.pointer_mut(parent).unwrap()[name] = value;
    event
}

const CLAIMS: &str = "/requestContext/authorizer/jwt/claims";

#[tokio::test]
async fn a_claim_of_a_megabyte_is_refused_where_it_decides_something() {
    let app = TestApp::open().await;
    let huge = json!("x".repeat(1_000_000));
    for (claim, status, code) in [
        ("sub", 401, "unauthenticated"),
        ("tenant", 403, "not-entitled"),
        ("email", 403, "claim-missing"),
        // The claim decides nothing, because no group is needed for this grant.
        ("groups", 200, ""),
        ("nickname", 200, ""),
    ] {
        let answer = app.send(event(&app, &format!("{CLAIMS}/{claim}"), huge.clone())).await;
        assert_eq!((answer.status, answer.code()), (status, code), "{claim}");
    }
}

#[tokio::test]
async fn ten_thousand_claims_or_groups_change_nothing() {
    let app = TestApp::open().await;
    let mut many = event(&app, "/headers/x", json!("y"));
    for number in 0..10_000 {
        many.pointer_mut(CLAIMS).unwrap()[format!("claim-{number}")] = json!("value");
    }
    let _ = app.send(many).await.ok();

    let mut groups: Vec<_> = (0..10_000).map(|number| format!("group-{number}")).collect();
    groups.push("analysts".to_owned());
    let mut of_many = event(&app, &format!("{CLAIMS}/groups"), json!(format!("[{}]", groups.join(" "))));
    of_many["body"] = json!(view("ops", "contoso-plan").to_string());
    let _ = app.send(of_many).await.ok();
}

#[tokio::test]
async fn a_huge_body_is_refused_as_text_and_as_base64() {
    let app = TestApp::open().await;
    for (body, base64) in [(" ".repeat(6_000_000), false), ("ICAg".repeat(1_500_000), true)] {
        let mut event = event(&app, "/isBase64Encoded", json!(base64));
        event["body"] = json!(body);
        app.send(event).await.assert_problem(413, "payload-too-large");
    }
    assert_eq!(app.upstream_calls(), [""; 0]);
}

#[tokio::test]
async fn a_long_query_makes_a_short_answer() {
    let app = TestApp::open().await;
    let of_one = format!("?report={}", "r".repeat(8000));
    app.datasets("carl@contoso", &of_one).await.assert_problem(400, "invalid-request");
    let of_many = (0..2000).fold("?a~/b=1".to_owned(), |mut query, number| {
        write!(query, "&{number}=").unwrap();
        query
    });
    let answer = app.datasets("carl@contoso", &of_many).await;
    answer.assert_problem(400, "invalid-request");
    assert_eq!(answer.pointers().len(), 50);
    let escaped = app.datasets("carl@contoso", "?a~/b=1").await;
    assert_eq!(escaped.pointers(), ["/a~0~1b"]);
}

#[tokio::test]
async fn an_oversized_bearer_token_is_ignored() {
    let app = TestApp::with_variables(&[("DYNABIND_SCENARIO", "organization")]).await;
    for (length, code) in [(16 * 1024 + 1, "unauthenticated"), (100_000, "unauthenticated")] {
        let answer =
            app.send(event(&app, "/headers/authorization", json!(format!("Bearer {}", "t".repeat(length))))).await;
        answer.assert_problem(401, code);
        assert!(answer.body["detail"].as_str().unwrap().contains("16 KiB"), "{}", answer.body);
    }
    assert_eq!(app.upstream_calls(), [""; 0]);
    // In the customers scenario the token is not used, so its size does not matter.
    let app = TestApp::open().await;
    let long = format!("Bearer {}", "t".repeat(100_000));
    let _ = app.send(event(&app, "/headers/authorization", json!(long))).await.ok();
}
