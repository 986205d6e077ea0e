//! What each upstream failure becomes: status, code, headers, attempts.

use std::collections::BTreeMap;

use acceptance::front_door::{Answer, FrontDoor, view};
use devstack::Fault;
use serde_json::json;

const GENERATE: &str = "POST /v1.0/myorg/GenerateToken";
const REPORT: &str = "GET /v1.0/myorg/groups/*";

fn status(status: u16) -> Fault {
    Fault::Status { status, headers: BTreeMap::new(), body: String::new() }
}

fn power_bi(status: u16, code: &str) -> Fault {
    Fault::json(status, &json!({ "error": { "code": code, "message": "told by Power BI" } }))
}

fn entra(status: u16, error: &str, number: u64) -> Fault {
    let body = json!({ "error": error, "error_description": format!("AADSTS{number}: told by Entra"),
                       "error_codes": [number], "trace_id": "8d3b4f3a-0000-0000-0000-000000000001" });
    Fault::json(status, &body)
}

/// The answer of a cold `/config` with one upstream in trouble, and how often
/// that upstream was asked.
async fn answer_to(upstream: &str, route: &str, fault: &Fault) -> (Answer, usize) {
    let door = FrontDoor::open().await;
    let target = match upstream {
        "secrets" => door.stack.secrets(),
        "entra" => door.stack.entra(),
        _ => door.stack.powerbi(),
    };
    target.fail(route, fault.clone(), None);
    let answer = door.config("carl@contoso", view("sales", "contoso-plan")).await;
    let part = route.split(' ').next_back().unwrap_or_default().trim_end_matches('*').to_owned();
    let attempts = target.requests().iter().filter(|call| call.path.contains(&part)).count();
    let text = answer.body.to_string();
    assert!(!text.contains("told by"), "nothing of an upstream's body reaches the client: {text}");
    target.clear_faults();
    door.clock.advance(std::time::Duration::from_secs(31));
    assert_eq!(door.config("carl@contoso", view("sales", "contoso-plan")).await.status, 200, "usable after {fault:?}");
    (answer, attempts)
}

type Row = (&'static str, &'static str, Fault, (u16, &'static str), usize);

async fn check(rows: Vec<Row>) {
    for (upstream, route, fault, expected, attempts) in rows {
        let (answer, asked) = answer_to(upstream, route, &fault).await;
        assert_eq!((answer.status, answer.code()), expected, "{upstream} {fault:?}: {:#}", answer.body);
        assert_eq!(asked, attempts, "{upstream} {fault:?}");
    }
}

#[tokio::test]
async fn each_failure_of_generate_token_has_its_problem_and_its_attempts() {
    check(vec![
        ("powerbi", GENERATE, status(500), (502, "upstream-failed"), 3),
        ("powerbi", GENERATE, status(503), (502, "upstream-failed"), 3),
        ("powerbi", GENERATE, Fault::HtmlBadGateway, (502, "upstream-failed"), 3),
        ("powerbi", GENERATE, Fault::ResetBeforeAnswer, (502, "upstream-failed"), 3),
        ("powerbi", GENERATE, Fault::ResetMidBody, (502, "upstream-failed"), 3),
        ("powerbi", GENERATE, Fault::TruncatedJson, (502, "upstream-failed"), 1),
        ("powerbi", GENERATE, Fault::HugeBody { bytes: 10_000_000 }, (502, "upstream-failed"), 1),
        ("powerbi", GENERATE, Fault::json(200, &json!({ "value": [] })), (502, "upstream-failed"), 1),
        (
            "powerbi",
            GENERATE,
            Fault::json(200, &json!({ "token": "t", "tokenId": "i", "expiration": "soon" })),
            (502, "upstream-failed"),
            1,
        ),
        (
            "powerbi",
            GENERATE,
            Fault::Redirect { location: "http://127.0.0.1:9/steal".into() },
            (502, "upstream-failed"),
            1,
        ),
        ("powerbi", GENERATE, status(429), (503, "upstream-throttled"), 3),
        ("powerbi", GENERATE, Fault::throttled(120), (503, "upstream-throttled"), 1),
        ("powerbi", GENERATE, power_bi(400, "InvalidRequest"), (502, "upstream-rejected"), 1),
        ("powerbi", GENERATE, power_bi(404, "PowerBIEntityNotFound"), (502, "upstream-rejected"), 1),
        ("powerbi", GENERATE, power_bi(403, "Forbidden"), (502, "upstream-refused"), 1),
    ])
    .await;
}

#[tokio::test]
async fn refused_access_tokens_and_failed_look_ups_have_theirs() {
    check(vec![
        // The access token is dropped, and Power BI asked once more.
        ("powerbi", GENERATE, power_bi(403, "TokenExpired"), (502, "upstream-refused"), 2),
        (
            "powerbi",
            GENERATE,
            Fault::empty(403, ("x-powerbi-error-info", "InvalidToken")),
            (502, "upstream-refused"),
            2,
        ),
        ("powerbi", GENERATE, status(401), (502, "upstream-refused"), 2),
        ("powerbi", REPORT, power_bi(404, "PowerBIEntityNotFound"), (502, "upstream-rejected"), 1),
        ("powerbi", REPORT, status(500), (502, "upstream-failed"), 3),
        (
            "powerbi",
            REPORT,
            Fault::json(200, &json!({ "embedUrl": "http://app.powerbi.com/x" })),
            (502, "upstream-failed"),
            1,
        ),
    ])
    .await;
}

#[tokio::test]
async fn failures_of_entra_and_secrets_manager_have_theirs() {
    check(vec![
        ("entra", "*", status(503), (502, "upstream-failed"), 3),
        ("entra", "*", Fault::throttled(120), (503, "upstream-throttled"), 1),
        ("entra", "*", Fault::TruncatedJson, (502, "upstream-failed"), 1),
        ("entra", "*", entra(401, "invalid_client", 7_000_215), (502, "upstream-refused"), 1),
        ("entra", "*", entra(400, "unauthorized_client", 700_016), (502, "upstream-refused"), 1),
        ("secrets", "*", status(500), (503, "credentials-unavailable"), 3),
        ("secrets", "*", Fault::ResetBeforeAnswer, (503, "credentials-unavailable"), 3),
        ("secrets", "*", Fault::TruncatedJson, (503, "credentials-unavailable"), 1),
        (
            "secrets",
            "*",
            Fault::json(400, &json!({ "__type": "AccessDeniedException" })),
            (503, "credentials-unavailable"),
            1,
        ),
        (
            "secrets",
            "*",
            Fault::json(400, &json!({ "__type": "ThrottlingException" })),
            (503, "credentials-unavailable"),
            3,
        ),
    ])
    .await;
}

#[tokio::test]
async fn retry_after_is_passed_on_where_it_does_not_fit() {
    let (answer, _) = answer_to("powerbi", GENERATE, &Fault::throttled(77)).await;
    assert_eq!(answer.header("retry-after"), "77");
    let (answer, _) = answer_to("powerbi", GENERATE, &status(429)).await;
    assert_eq!(answer.header("retry-after"), "5");
    let headers = BTreeMap::from([("retry-after".to_owned(), "600".to_owned())]);
    let busy = Fault::Status { status: 503, headers, body: String::new() };
    let (answer, _) = answer_to("powerbi", GENERATE, &busy).await;
    answer.assert_problem(503, "upstream-throttled");
    assert_eq!(answer.header("retry-after"), "600");
}

#[tokio::test]
async fn what_passes_is_not_seen() {
    for (route, fault) in [
        (GENERATE, Fault::throttled(1)),
        (GENERATE, status(500)),
        (GENERATE, Fault::ResetBeforeAnswer),
        (GENERATE, status(401)),
        (GENERATE, power_bi(403, "TokenExpired")),
        (REPORT, status(502)),
        (REPORT, status(401)),
    ] {
        let door = FrontDoor::open().await;
        door.stack.powerbi().fail(route, fault.clone(), Some(1));
        let answer = door.config("carl@contoso", view("sales", "contoso-plan")).await;
        assert_eq!(answer.status, 200, "{route} {fault:?}: {:#}", answer.body);
    }
}

#[tokio::test]
async fn revoked_access_tokens_cost_no_request() {
    let door = FrontDoor::open().await;
    let _ = door.config("carl@contoso", view("sales", "contoso-plan")).await.ok();
    door.stack.revoke_access_tokens();
    door.stack.log().clear();
    let _ = door.config("carl@contoso", view("sales", "contoso-sales")).await.ok();
    assert_eq!(door.upstream_calls(), ["POST GenerateToken", "EntraToken", "POST GenerateToken"]);
}

#[tokio::test]
async fn a_rotation_costs_no_request() {
    let door = FrontDoor::open().await;
    let _ = door.config("carl@contoso", view("sales", "contoso-plan")).await.ok();
    // The old secret stops working at once, and so do the tokens made with it.
    door.stack.rotate_secret();
    door.stack.revoke_access_tokens();
    door.stack.log().clear();
    let _ = door.config("carl@contoso", view("sales", "contoso-sales")).await.ok();
    assert_eq!(
        door.upstream_calls(),
        ["POST GenerateToken", "EntraToken", "GetSecretValue", "EntraToken", "POST GenerateToken"]
    );
}

#[tokio::test]
async fn a_wrong_secret_is_read_again_at_most_every_thirty_seconds() {
    let door = FrontDoor::open().await;
    door.stack.replace_client_secret("what Secrets Manager does not know");
    let ask = async || {
        door.token("carl@contoso", view("sales", "contoso-plan")).await.assert_problem(502, "upstream-refused");
        door.upstream_calls()
    };
    assert_eq!(ask().await, ["GetSecretValue", "EntraToken", "GetSecretValue"]);
    assert_eq!(ask().await, ["EntraToken"]);
    door.clock.advance(std::time::Duration::from_secs(31));
    assert_eq!(ask().await, ["EntraToken", "GetSecretValue"]);
}

#[tokio::test]
async fn a_malformed_secret_is_told_from_an_unreadable_one_in_the_log_alone() {
    for text in [
        "",
        "not json",
        "{}",
        r#"{"tenantId":"t","clientId":"c"}"#,
        r#"{"tenantId":"../x","clientId":"c","clientSecret":"s"}"#,
    ] {
        let door = FrontDoor::open().await;
        door.stack.store_secret(text);
        let answer = door.token("carl@contoso", view("sales", "contoso-plan")).await;
        answer.assert_problem(503, "credentials-unavailable");
        assert_eq!(door.upstream_calls(), ["GetSecretValue"]);
    }
}

#[tokio::test]
async fn an_upstream_that_hangs_is_given_up_in_time() {
    for (upstream, route) in [("powerbi", GENERATE), ("entra", "*"), ("secrets", "*")] {
        let door = FrontDoor::with_variables(&[("DYNABIND_UPSTREAM_TIMEOUT_MS", "150")]).await;
        let target = match upstream {
            "secrets" => door.stack.secrets(),
            "entra" => door.stack.entra(),
            _ => door.stack.powerbi(),
        };
        target.fail(route, Fault::Hang, None);
        let answer = door.config("carl@contoso", view("sales", "contoso-plan")).await;
        let expected = if upstream == "secrets" { (503, "credentials-unavailable") } else { (504, "upstream-timeout") };
        assert_eq!((answer.status, answer.code()), expected, "{upstream}");
        target.clear_faults();
        assert_eq!(
            door.config("carl@contoso", view("sales", "contoso-plan")).await.status,
            200,
            "usable after {upstream}"
        );
    }
}

#[tokio::test]
async fn connections_that_died_in_a_freeze_cost_no_request() {
    let door = FrontDoor::open().await;
    let _ = door.config("carl@contoso", view("sales", "contoso-plan")).await.ok();
    for upstream in door.stack.all() {
        upstream.reset_connections();
    }
    door.stack.revoke_access_tokens();
    let _ = door.config("carl@contoso", view("sales", "contoso-sales")).await.ok();
}

#[tokio::test]
async fn a_clock_that_jumps_does_no_harm() {
    let door = FrontDoor::open().await;
    let day = std::time::Duration::from_hours(24);
    for jump in [0, 1, 2, 3] {
        match jump {
            1 => door.clock.advance(day),
            2 => door.clock.set_back(2 * day),
            3 => door.clock.advance(2 * day),
            _ => {}
        }
        for dataset in ["contoso-plan", "contoso-sales"] {
            let answer = door.config("carl@contoso", view("sales", dataset)).await;
            assert_eq!(answer.status, 200, "jump {jump}: {:#}", answer.body);
        }
        assert_eq!(door.datasets("carl@contoso", "").await.status, 200, "jump {jump}");
    }
}

#[tokio::test]
async fn power_bis_request_id_is_passed_on() {
    let headers = BTreeMap::from([("RequestId".to_owned(), "5f6c0c3e-aaaa-bbbb-cccc-000000000001".to_owned())]);
    let fault = Fault::Status { status: 400, headers, body: String::new() };
    let (answer, _) = answer_to("powerbi", GENERATE, &fault).await;
    assert_eq!(answer.body["upstreamRequestId"], "5f6c0c3e-aaaa-bbbb-cccc-000000000001");
}

#[tokio::test]
async fn a_redirect_is_never_followed() {
    let door = FrontDoor::open().await;
    let elsewhere = format!("{}/v1.0/myorg/stolen", door.stack.upstream_url(devstack::Service::PowerBi));
    door.stack.powerbi().fail(GENERATE, Fault::Redirect { location: elsewhere }, None);
    let _ = door.config("carl@contoso", view("sales", "contoso-plan")).await;
    assert!(door.stack.powerbi().calls().iter().all(|call| !call.path.contains("stolen")));
}
