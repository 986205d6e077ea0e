//! Refusals of STS and Entra, each with its cause and remedy in the log.

use std::collections::BTreeMap;
use std::time::Duration;

use acceptance::log_lines::LogLines;
use acceptance::test_app::TestApp;
use devstack::{Fault, FederatedCredential};
use serde_json::json;
use tracing::Level;

use super::{FEDERATED, ask, ask_afresh, open, open_with_short_access_tokens, refusal_of_entra, refusal_of_sts};

#[tokio::test]
async fn every_refusal_of_sts_is_explained() {
    let log = LogLines::at(Level::INFO);
    for (status, code, remedy) in [
        (403, "OutboundWebIdentityFederationDisabledException", "enable-outbound-web-identity-federation"),
        (403, "OutboundWebIdentityFederationDisabled", "enable-outbound-web-identity-federation"),
        (403, "AccessDenied", "allow the function's role sts:GetWebIdentityToken"),
        (400, "JWTPayloadSizeExceededException", "remove tags from the role"),
        (403, "SessionDurationEscalationException", "would expire before the token"),
        (403, "ExpiredToken", "have expired or are not valid"),
        (403, "InvalidClientTokenId", "have expired or are not valid"),
        (403, "SignatureDoesNotMatch", "check the clock, AWS_REGION"),
        (400, "InvalidAction", "check AWS_REGION and AWS_ENDPOINT_URL_STS"),
        (400, "NewerThanThis", "STS gives no identity token"),
    ] {
        let app = open().await;
        app.stack.sts().fail("*", refusal_of_sts(status, code), None);
        let answer = ask(&app).await;
        answer.assert_problem(503, "credentials-unavailable");
        assert_eq!(app.upstream_calls(), ["GetWebIdentityToken"], "{code}");
        let line = log.take_requests().remove(0);
        assert_eq!(line["upstream_code"], code);
        let cause = line["cause"].as_str().unwrap();
        assert!(cause.starts_with("STS: ") && cause.contains(remedy), "{code}: {cause}");
        assert!(!answer.body.to_string().contains(code), "{:#}", answer.body);
    }
}

#[tokio::test]
async fn disabled_federation_and_expired_credentials_have_different_causes() {
    let log = LogLines::at(Level::INFO);
    let app = open().await;
    app.stack.enable_outbound_federation(false);
    ask(&app).await.assert_problem(503, "credentials-unavailable");
    app.stack.enable_outbound_federation(true);
    app.stack.expire_aws_credentials();
    ask(&app).await.assert_problem(503, "credentials-unavailable");
    let lines = log.take_requests();
    assert_eq!(lines[0]["upstream_code"], "OutboundWebIdentityFederationDisabledException");
    assert_eq!(lines[1]["upstream_code"], "ExpiredToken");
    for line in lines {
        assert_eq!(line["upstream_request_id"].as_str().map(str::len), Some(36), "for a case with AWS: {line:#}");
        assert!(line["upstream"].as_str().unwrap().starts_with("GetWebIdentityToken 403 "), "{line:#}");
    }
}

/// STS throttles with a 400, and only the code says so.
#[tokio::test]
async fn a_throttled_call_of_sts_is_repeated() {
    let app = open().await;
    app.stack.sts().fail("*", refusal_of_sts(400, "Throttling"), Some(2));
    let _ = ask(&app).await.ok();
    assert_eq!(app.stack.sts().requests().len(), 3);
}

#[tokio::test]
async fn an_answer_without_a_usable_token_is_none() {
    let answer = |token: &str, end: &str| {
        let xml = format!("<a><WebIdentityToken>{token}</WebIdentityToken><Expiration>{end}</Expiration></a>");
        Fault::Status { status: 200, headers: BTreeMap::new(), body: xml }
    };
    let end = "2026-11-24T03:05:00Z";
    for fault in [
        answer("a.b.c&client_id=other", end),
        answer("", end),
        answer("a.b.c", "soon"),
        // The token has expired already.
        answer("a.b.c", "2026-11-24T03:00:00Z"),
        Fault::json(200, &json!({ "WebIdentityToken": "a.b.c" })),
    ] {
        let app = open().await;
        app.stack.sts().fail("*", fault.clone(), None);
        ask(&app).await.assert_problem(503, "credentials-unavailable");
        assert_eq!(app.upstream_calls(), ["GetWebIdentityToken"], "{fault:?}");
    }
}

/// Refusals that the stand-in makes itself, without an injected fault.
#[tokio::test]
async fn a_federated_credential_that_does_not_match_is_explained() {
    let log = LogLines::at(Level::INFO);
    let app = open().await;
    let good = app.stack.federated_credential();
    let of = |issuer: &str, subject: &str, audience: &str| FederatedCredential {
        issuer: issuer.to_owned(),
        subject: subject.to_owned(),
        audience: audience.to_owned(),
    };
    let FederatedCredential { issuer, subject, audience } = &good;
    let in_another_case = subject.replace("Functions", "functions");
    for (credentials, code, remedy) in [
        (vec![], "AADSTS70025", "add one for the ARN of the function's role"),
        (vec![of(&format!("{issuer}/"), subject, audience)], "AADSTS700211", "without a slash at the end"),
        (vec![of(issuer, subject, "api://AzureADTokenExchangeUSGov")], "AADSTS700212", "has this audience"),
        (vec![of(issuer, &in_another_case, audience)], "AADSTS700213", "in the same upper and lower case"),
    ] {
        app.stack.replace_federated_credentials(credentials);
        ask(&app).await.assert_problem(502, "upstream-refused");
        let line = log.take_requests().remove(0);
        assert_eq!(line["upstream_code"], code, "{line:#}");
        assert!(line["cause"].as_str().unwrap().contains(remedy), "{line:#}");
    }
    assert_eq!(app.stack.sts().requests().len(), 1, "a new token would have been refused too");
    app.stack.replace_federated_credentials(vec![good]);
    let _ = ask(&app).await.ok();
}

#[tokio::test]
async fn every_refusal_of_entra_is_explained_for_federated_credentials() {
    let log = LogLines::at(Level::INFO);
    for (error, number, remedy) in [
        ("invalid_client", 70_021, "a new one takes minutes"),
        ("invalid_request", 700_212, "has this audience"),
        ("invalid_client", 7_002_131, "in the same upper and lower case"),
        ("invalid_client", 700_223, "forbids federated credentials"),
        ("invalid_client", 700_238, "forbids federated credentials"),
        ("invalid_client", 700_024, "the token of STS is not within its validity period"),
        ("invalid_client", 50_013, "cannot verify the token of STS"),
        ("invalid_request", 501_661, "cannot read the keys of the issuer"),
        ("invalid_request", 5_002_738, "signed with RS256"),
        ("unauthorized_client", 700_016, "DYNABIND_ENTRA_CLIENT_ID"),
        ("invalid_request", 90_002, "DYNABIND_ENTRA_TENANT_ID"),
        // A refusal that has nothing to do with the credential.
        ("invalid_resource", 500_011, "Power BI is not known in this tenant"),
    ] {
        let app = open().await;
        app.stack.entra().fail("*", refusal_of_entra(error, number), None);
        ask(&app).await.assert_problem(502, "upstream-refused");
        let line = log.take_requests().remove(0);
        assert_eq!(line["upstream_code"], format!("AADSTS{number}"));
        let cause = line["cause"].as_str().unwrap();
        assert!(cause.contains(remedy), "{number}: {cause}");
        assert!(!cause.contains("Secrets Manager") && !cause.contains("clientId"), "{number}: {cause}");
    }
}

/// Refusals of the user's token and of the function's own token have the same number, but different errors.
#[tokio::test]
async fn a_users_invalid_token_and_an_invalid_token_of_sts_have_different_causes() {
    let log = LogLines::at(Level::INFO);
    let app = TestApp::with_variables(&[FEDERATED, ("DYNABIND_SCENARIO", "organization")]).await;
    app.stack.entra().fail("*", refusal_of_entra("invalid_grant", 50_013), Some(1));
    ask(&app).await.assert_problem(401, "unauthenticated");
    assert!(log.take_requests()[0]["cause"].as_str().unwrap().contains("the caller's token"));
    app.stack.entra().fail("*", refusal_of_entra("invalid_client", 50_013), Some(1));
    ask(&app).await.assert_problem(502, "upstream-refused");
    assert!(log.take_requests()[0]["cause"].as_str().unwrap().contains("the token of STS"));
}

/// A new federated credential takes minutes to reach all of Entra.
#[tokio::test]
async fn a_refusal_of_a_credential_that_still_propagates_is_repeated() {
    let app = open().await;
    app.stack.entra().fail("*", refusal_of_entra("invalid_client", 70_021), Some(2));
    let _ = ask(&app).await.ok();
    assert_eq!(app.stack.entra().requests().len(), 3);
    // With a secret, nothing propagates, and the call is not repeated.
    let app = TestApp::open().await;
    app.stack.entra().fail("*", refusal_of_entra("invalid_client", 70_021), Some(1));
    ask(&app).await.assert_problem(502, "upstream-refused");
}

#[tokio::test]
async fn a_refused_token_that_is_not_new_is_replaced_once() {
    let app = open_with_short_access_tokens().await;
    let _ = ask(&app).await.ok();
    let _ = app.upstream_calls();
    app.clock.advance(Duration::from_secs(61));
    app.stack.entra().fail("*", refusal_of_entra("invalid_client", 700_024), Some(1));
    let _ = ask_afresh(&app, 20).await.ok();
    assert_eq!(app.upstream_calls(), ["EntraToken", "GetWebIdentityToken", "EntraToken", "POST GenerateToken"]);

    let app = open().await;
    app.stack.entra().fail("*", refusal_of_entra("invalid_client", 700_024), None);
    ask(&app).await.assert_problem(502, "upstream-refused");
    ask(&app).await.assert_problem(502, "upstream-refused");
    assert_eq!(
        app.upstream_calls(),
        ["GetWebIdentityToken", "EntraToken", "EntraToken"],
        "the token is new, so it is not replaced again"
    );
}
