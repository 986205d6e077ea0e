//! The stand-in for Entra refuses the same requests as Entra.

use devstack::Service::Entra;
use devstack::Stack;
use devstack::fake_tenant::ids;
use serde_json::json;

use crate::client::{Reply, bearer, client_secret, post_form, powerbi, send, stack, token_url};

const SCOPE: &str = "https://analysis.windows.net/powerbi/api/.default";
const FORM: [(&str, &str); 1] = [("content-type", "application/x-www-form-urlencoded")];

/// A valid form with one parameter changed; an empty value removes it.
pub(crate) async fn with(stack: &Stack, changed: (&str, &str)) -> Reply {
    let secret = client_secret(stack);
    let good = [
        ("grant_type", "client_credentials"),
        ("client_id", ids::CLIENT),
        ("client_secret", &secret),
        ("scope", SCOPE),
    ];
    let form: Vec<_> = good
        .into_iter()
        .map(|(name, value)| if name == changed.0 { changed } else { (name, value) })
        .filter(|(_, value)| !value.is_empty())
        .collect();
    post_form(stack, &form).await
}

fn error(reply: &Reply) -> (u16, String, u64) {
    let body = reply.json();
    let code = body["error_codes"][0].as_u64().unwrap();
    let text = body["error_description"].as_str().unwrap();
    assert!(text.starts_with(&format!("AADSTS{code}: ")), "{text}");
    assert!(text.contains("Trace ID: ") && text.contains("Correlation ID: "), "{text}");
    for name in ["timestamp", "trace_id", "correlation_id"] {
        assert!(body[name].is_string(), "{name}");
    }
    (reply.status, body["error"].as_str().unwrap().to_owned(), code)
}

#[tokio::test]
async fn a_good_request_gets_a_token() {
    let stack = stack().await;
    let reply = with(&stack, ("", "")).await;
    assert_eq!(reply.status, 200, "{}", reply.text);
    let body = reply.json();
    assert_eq!(body["token_type"], "Bearer");
    assert_eq!((&body["expires_in"], &body["ext_expires_in"]), (&json!(3599), &json!(3599)));
    assert_eq!(body["access_token"].as_str().unwrap().split('.').count(), 3);
    assert!(body.get("refresh_token").is_none());
}

#[tokio::test]
async fn each_bad_parameter_has_its_own_refusal() {
    let stack = stack().await;
    let table = [
        (("client_id", "00000000-0000-0000-0000-000000000000"), 400, "unauthorized_client", 700_016),
        (("client_secret", "wrong"), 401, "invalid_client", 7_000_215),
        (("client_secret", ""), 401, "invalid_client", 7_000_218),
        (("client_id", ""), 400, "invalid_request", 900_144),
        (("grant_type", ""), 400, "invalid_request", 900_144),
        (("scope", ""), 400, "invalid_request", 900_144),
        (("grant_type", "password"), 400, "unsupported_grant_type", 70_003),
        (("scope", "https://analysis.windows.net/powerbi/api"), 400, "invalid_scope", 70_011),
        (("scope", "https://graph.microsoft.com/.default"), 400, "invalid_resource", 500_011),
        (("scope", "https://analysis.usgovcloudapi.net/powerbi/api/.default"), 400, "invalid_resource", 500_011),
    ];
    for (changed, status, name, code) in table {
        let reply = with(&stack, changed).await;
        assert_eq!(error(&reply), (status, name.to_owned(), code), "{changed:?}");
    }
}

#[tokio::test]
async fn a_tenant_must_be_named() {
    let stack = stack().await;
    for (tenant, code) in [("common", 900_382), ("organizations", 900_382), (ids::CLIENT, 90_002)] {
        let url = format!("{}/{tenant}/oauth2/v2.0/token", stack.upstream_url(Entra));
        let reply = send("POST", &url, &FORM, "grant_type=client_credentials").await;
        assert_eq!(error(&reply), (400, "invalid_request".to_owned(), code), "{tenant}");
    }
}

#[tokio::test]
async fn only_a_form_that_is_posted_is_read() {
    let stack = stack().await;
    let url = token_url(&stack);
    let json = [("content-type", "application/json")];
    let reply = send("POST", &url, &json, r#"{"grant_type":"client_credentials"}"#).await;
    assert_eq!(error(&reply), (400, "invalid_request".to_owned(), 900_144));
    let twice = "grant_type=client_credentials&grant_type=client_credentials";
    assert_eq!(error(&send("POST", &url, &FORM, twice).await).2, 900_144);
    assert_eq!(send("GET", &url, &[], "").await.status, 405);
    assert_eq!(send("POST", &format!("{url}/x"), &FORM, "").await.status, 404);
    assert_eq!(send("HEAD", stack.upstream_url(Entra), &[], "").await.status, 200);
}

#[tokio::test]
async fn a_replaced_secret_is_refused_and_the_stored_one_works() {
    let stack = stack().await;
    let old = client_secret(&stack);
    stack.rotate_secret();
    let reply = with(&stack, ("client_secret", &old)).await;
    assert_eq!(error(&reply).2, 7_000_215);
    assert_eq!(with(&stack, ("", "")).await.status, 200);
}

/// The on-behalf-of form for a caller's token.
pub(crate) async fn on_behalf_of(stack: &Stack, assertion: &str, changed: (&str, &str)) -> Reply {
    let secret = client_secret(stack);
    let good = [
        ("grant_type", "urn:ietf:params:oauth:grant-type:jwt-bearer"),
        ("client_id", ids::CLIENT),
        ("client_secret", &secret),
        ("scope", SCOPE),
        ("assertion", assertion),
        ("requested_token_use", "on_behalf_of"),
    ];
    let form: Vec<_> = good
        .into_iter()
        .map(|(name, value)| if name == changed.0 { changed } else { (name, value) })
        .filter(|(_, value)| !value.is_empty())
        .collect();
    post_form(stack, &form).await
}

#[tokio::test]
async fn the_app_can_act_on_behalf_of_a_user() {
    let stack = stack().await;
    let reply = on_behalf_of(&stack, &stack.token_for("ana@contoso"), ("", "")).await;
    assert_eq!(reply.status, 200, "{}", reply.text);
    let bearer = format!("Bearer {}", reply.json()["access_token"].as_str().unwrap());
    let url = crate::client::powerbi_url(&stack, "groups");
    let groups = crate::client::get(&url, &[("authorization", &bearer)]).await.json();
    let names: Vec<_> = groups["value"].as_array().unwrap().iter().map(|g| &g["name"]).collect();
    assert_eq!(names, ["Shared reports", "Contoso"]);
}

#[tokio::test]
async fn acting_on_behalf_of_a_user_needs_a_token_for_this_app() {
    let stack = stack().await;
    let good = stack.token_for("ana@contoso");
    let mut other = stack.claims_of("ana@contoso");
    other["aud"] = json!("other");
    let other_audience = stack.sign(&other);
    let reply = on_behalf_of(&stack, &other_audience, ("", "")).await;
    assert_eq!(error(&reply), (400, "invalid_grant".to_owned(), 500_131));
    for assertion in ["x", &good[..good.len() - 4]] {
        let reply = on_behalf_of(&stack, assertion, ("", "")).await;
        assert_eq!(error(&reply), (400, "invalid_grant".to_owned(), 50_013), "{assertion}");
    }
    let mut expired = stack.claims_of("ana@contoso");
    expired["exp"] = json!(1);
    let reply = on_behalf_of(&stack, &stack.sign(&expired), ("", "")).await;
    assert_eq!(error(&reply).2, 500_133);
    let reply = on_behalf_of(&stack, &good, ("requested_token_use", "")).await;
    assert_eq!(error(&reply).2, 900_144);
}

#[tokio::test]
async fn a_user_whom_a_policy_blocks_gets_the_published_refusal() {
    let stack = stack().await;
    for (person, name, code, suberror, has_claims) in [
        ("mia", "interaction_required", 50_076, None, true),
        ("erik", "interaction_required", 50_079, None, true),
        ("cora", "invalid_grant", 65_001, Some("consent_required"), false),
        ("paul", "invalid_grant", 53_003, Some("message_only"), false),
    ] {
        let mut claims = stack.claims_of("ana@contoso");
        claims["email"] = json!(format!("{person}@contoso.example"));
        let reply = on_behalf_of(&stack, &stack.sign(&claims), ("", "")).await;
        assert_eq!(error(&reply), (400, name.to_owned(), code), "{person}");
        let body = reply.json();
        assert_eq!(body["suberror"].as_str(), suberror, "{person}");
        let claims = body["claims"].as_str().unwrap_or_default();
        assert_eq!(claims.contains("access_token"), has_claims, "{person}: {claims}");
    }
}

#[tokio::test]
async fn an_expired_secret_and_a_wrong_one_have_different_refusals() {
    let stack = stack().await;
    stack.expire_client_secrets();
    assert_eq!(error(&with(&stack, ("", "")).await), (401, "invalid_client".to_owned(), 7_000_222));
    assert_eq!(error(&with(&stack, ("client_secret", "wrong")).await).2, 7_000_215);
}

#[tokio::test]
async fn a_token_ends_by_expiry_and_by_revocation() {
    let stack = stack().await;
    let token = bearer(&stack).await;
    let url = crate::client::powerbi_url(&stack, "groups");
    let call = || async { crate::client::get(&url, &[("authorization", &token)]).await };
    assert_eq!(call().await.status, 200);
    stack.expire_access_tokens();
    let expired = call().await;
    assert_eq!((expired.cause(), expired.text.as_str()), ((403, "TokenExpired"), ""));
    stack.revoke_access_tokens();
    assert_eq!(call().await.cause(), (403, "TokenExpired"));
    assert_eq!(powerbi(&stack, "groups").await.status, 200);
}
