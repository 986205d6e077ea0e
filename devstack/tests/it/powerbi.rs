//! Power BI's REST API: the calls that only read.

use devstack::Service::PowerBi;
use devstack::fake_tenant::{FakeTenant, ids};
use devstack::{Stack, StackOptions};
use serde_json::{Value, json};

use crate::client::{bearer, get, powerbi, powerbi_url, send, stack};

#[tokio::test]
async fn a_report_is_described_as_the_service_describes_it() {
    let stack = stack().await;
    let path = format!("groups/{}/reports/{}", ids::REPORTS_WORKSPACE, ids::SALES_REPORT);
    let reply = powerbi(&stack, &path).await;
    assert_eq!(reply.status, 200, "{}", reply.text);
    assert!(!reply.header("requestid").is_empty());
    let report = reply.json();
    assert_eq!(report["id"], ids::SALES_REPORT);
    assert_eq!(report["reportType"], "PowerBIReport");
    assert_eq!(report["datasetId"], ids::TEMPLATE_DATASET);
    assert_eq!(report["datasetWorkspaceId"], ids::REPORTS_WORKSPACE);
    let url = report["embedUrl"].as_str().unwrap();
    let start = format!(
        "https://app.powerbi.com/reportEmbed?reportId={}&groupId={}&w=2&config=ey",
        ids::SALES_REPORT,
        ids::REPORTS_WORKSPACE,
    );
    assert!(url.starts_with(&start), "{url}");
}

#[tokio::test]
async fn a_paginated_report_names_no_dataset() {
    let stack = stack().await;
    let path = format!("groups/{}/reports/{}", ids::REPORTS_WORKSPACE, ids::INVOICE_REPORT);
    let report = powerbi(&stack, &path).await.json();
    assert_eq!(report["reportType"], "PaginatedReport");
    assert!(report.get("datasetId").is_none());
    assert!(report["embedUrl"].as_str().unwrap().contains("/rdlEmbed?"));
}

#[tokio::test]
async fn a_dataset_says_whether_it_needs_an_identity() {
    let stack = stack().await;
    let table =
        [(ids::CONTOSO_PLAN, false, false), (ids::CONTOSO_SALES, true, false), (ids::CONTOSO_REGIONS, true, true)];
    for (id, required, roles) in table {
        let path = format!("groups/{}/datasets/{id}", ids::CONTOSO_WORKSPACE);
        let dataset = powerbi(&stack, &path).await.json();
        assert_eq!(dataset["isEffectiveIdentityRequired"], required, "{id}");
        assert_eq!(dataset["isEffectiveIdentityRolesRequired"], roles, "{id}");
        assert!(dataset["createReportEmbedURL"].as_str().unwrap().starts_with("https://"));
    }
}

#[tokio::test]
async fn ids_are_guids_in_any_case() {
    let stack = stack().await;
    let upper =
        format!("groups/{}/datasets/{}", ids::CONTOSO_WORKSPACE.to_uppercase(), ids::CONTOSO_SALES.to_uppercase());
    assert_eq!(powerbi(&stack, &upper).await.json()["id"], ids::CONTOSO_SALES);
    let reply = powerbi(&stack, "groups/contoso/datasets").await;
    assert_eq!(reply.cause(), (400, "InvalidRequest"));
}

#[tokio::test]
async fn only_workspaces_that_the_caller_can_see_are_listed() {
    let stack = stack().await;
    let names = async |query: &str| -> Vec<String> {
        let list = powerbi(&stack, &format!("groups{query}")).await.json();
        let names = list["value"].as_array().unwrap().iter();
        names.map(|group| group["name"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(
        names("").await,
        ["Shared reports", "Contoso", "Fabrikam", "Sandbox", "Reading room", "Contoso finance", "Paused"]
    );
    assert_eq!(names("?$filter=isOnDedicatedCapacity%20eq%20false").await, ["Sandbox"]);
    assert_eq!(names("?$filter=contains(name,'o')&$top=1&$skip=1").await, ["Contoso"]);
    let either = format!("?$filter=id%20eq%20'{}'%20or%20name%20eq%20'Fabrikam'", ids::SANDBOX_WORKSPACE);
    assert_eq!(names(&either).await, ["Fabrikam", "Sandbox"]);
    assert_eq!(powerbi(&stack, "groups?$filter=x%20lt%201").await.status, 400);
}

#[tokio::test]
async fn missing_items_and_closed_workspaces_have_different_refusals() {
    let stack = stack().await;
    let (contoso, closed) = (ids::CONTOSO_WORKSPACE, ids::CLOSED_WORKSPACE);
    let table = [
        (format!("groups/{}", ids::CLIENT), 404, "PowerBIFolderNotFound"),
        (format!("groups/{closed}/reports"), 401, "GroupNotAccessible"),
        (format!("groups/{closed}/datasets/{}", ids::CLOSED_DATASET), 401, "GroupNotAccessible"),
        (format!("groups/{contoso}/datasets/{}", ids::MISSING_DATASET), 404, "PowerBIEntityNotFound"),
        (format!("groups/{contoso}/datasets/{}", ids::FABRIKAM_SALES), 404, "PowerBIEntityNotFound"),
        (format!("groups/{contoso}/reports/{}", ids::MISSING_REPORT), 404, "PowerBIEntityNotFound"),
        (format!("reports/{}", ids::SALES_REPORT), 403, "Forbidden"),
    ];
    for (path, status, info) in table {
        let reply = powerbi(&stack, &path).await;
        assert_eq!(reply.cause(), (status, info), "{path}");
        assert_eq!(reply.text.is_empty(), info == "GroupNotAccessible", "{path}: {}", reply.text);
    }
    assert_eq!(powerbi(&stack, "nothing").await.status, 404);
}

/// As recorded on the live API: Mitsubishi-Fuso/mcp-server-for-powerbi `tests/test_token_rejection.py`@9db04a5.
#[tokio::test]
async fn a_token_that_is_not_accepted_is_refused_as_the_service_refuses_it() {
    let stack = stack().await;
    let url = powerbi_url(&stack, "groups");
    // The token has the form of a JWT, but Entra has not issued it.
    let unknown = format!("Bearer {}", stack.token_for("ana@contoso"));
    for (authorization, info) in [
        (None, ""),
        (Some("Bearer x.y.z"), "InvalidToken"),
        (Some("Bearer"), "InvalidToken"),
        (Some("Basic eDp5"), "InvalidToken"),
        (Some(unknown.as_str()), "TokenExpired"),
    ] {
        let headers: Vec<_> = authorization.map(|value| ("authorization", value)).into_iter().collect();
        let reply = get(&url, &headers).await;
        assert_eq!(reply.cause(), (403, info), "{authorization:?}");
        assert_eq!(reply.headers.contains_key("x-powerbi-error-info"), !info.is_empty());
        assert!(reply.text.is_empty() && !reply.header("requestid").is_empty());
    }
    assert_eq!(send("HEAD", stack.upstream_url(PowerBi), &[], "").await.status, 200);
}

#[tokio::test]
async fn power_bi_can_require_more_claims_of_a_user() {
    let stack = stack().await;
    let mut claims = stack.claims_of("ana@contoso");
    claims["email"] = json!("cleo@contoso.example");
    let token = crate::entra::on_behalf_of(&stack, &stack.sign(&claims), ("", "")).await.json();
    let bearer = format!("Bearer {}", token["access_token"].as_str().unwrap());
    let reply = get(&powerbi_url(&stack, "groups"), &[("authorization", &bearer)]).await;
    assert_eq!(reply.cause(), (401, ""));
    let challenge = reply.header("www-authenticate");
    assert!(challenge.contains("error=\"insufficient_claims\", claims=\"ey"), "{challenge}");
}

#[tokio::test]
async fn answers_name_the_home_cluster() {
    let stack = stack().await;
    let reply = powerbi(&stack, "groups").await;
    assert_eq!(reply.header("request-redirected"), "true");
    assert!(reply.header("home-cluster-uri").starts_with("https://wabi-"));
    let anonymous = get(&powerbi_url(&stack, "groups"), &[]).await;
    assert!(!anonymous.headers.contains_key("home-cluster-uri"), "the tenant is not known yet");
}

#[tokio::test]
async fn only_the_list_of_capacities_shows_a_paused_capacity() {
    let stack = stack().await;
    let group = powerbi(&stack, &format!("groups/{}", ids::PAUSED_WORKSPACE)).await.json();
    assert_eq!(group["isOnDedicatedCapacity"], true, "it says that the workspace is assigned to a capacity");
    let capacities = powerbi(&stack, "capacities").await.json();
    let states: Vec<_> = capacities["value"].as_array().unwrap().iter().map(|c| (&c["id"], &c["state"])).collect();
    assert!(states.contains(&(&group["capacityId"], &json!("Suspended"))), "{capacities:#}");
    assert!(states.contains(&(&json!(ids::CAPACITY), &json!("Active"))));
}

#[tokio::test]
async fn a_profile_sees_its_own_workspaces_only() {
    let stack = stack().await;
    let token = bearer(&stack).await;
    let as_profile = async |path: &str, profiles: &[&str]| {
        let mut headers = vec![("authorization", token.as_str())];
        headers.extend(profiles.iter().map(|&id| ("x-powerbi-profile-id", id)));
        get(&powerbi_url(&stack, path), &headers).await
    };
    let groups = as_profile("groups", &[ids::FABRIKAM_PROFILE]).await.json();
    let names: Vec<&Value> = groups["value"].as_array().unwrap().iter().map(|g| &g["name"]).collect();
    assert_eq!(names, [&json!("Shared reports"), &json!("Fabrikam")]);
    let contoso = format!("groups/{}/datasets", ids::CONTOSO_WORKSPACE);
    assert_eq!(as_profile(&contoso, &[ids::FABRIKAM_PROFILE]).await.cause(), (401, "GroupNotAccessible"));
    assert_eq!(as_profile("groups", &[ids::CLIENT]).await.status, 401);
    let twice = [ids::FABRIKAM_PROFILE, ids::FABRIKAM_PROFILE];
    assert_eq!(as_profile("groups", &twice).await.status, 401);
}

/// learn.microsoft.com/rest/api/power-bi/profiles: only a service principal reads its profiles.
#[tokio::test]
async fn profiles_are_read_by_their_service_principal() {
    let stack = stack().await;
    let list = powerbi(&stack, "profiles").await.json();
    let fabrikam = json!({ "id": ids::FABRIKAM_PROFILE, "displayName": "Fabrikam" });
    assert_eq!(list["value"], json!([fabrikam]), "{list:#}");
    let named = |name: &str| format!("profiles?$filter=displayName%20eq%20'{name}'");
    for (path, count) in [(named("Fabrikam"), 1), (named("Nobody"), 0), ("profiles?$skip=1".to_owned(), 0)] {
        let list = powerbi(&stack, &path).await.json();
        assert_eq!(list["value"].as_array().unwrap().len(), count, "{path}");
    }
    assert_eq!(powerbi(&stack, "profiles?$filter=id%20eq%20'x'").await.status, 400, "only the name is a condition");
    let one = powerbi(&stack, &format!("profiles/{}", ids::FABRIKAM_PROFILE)).await.json();
    assert_eq!((&one["id"], &one["displayName"]), (&fabrikam["id"], &fabrikam["displayName"]));
    assert_eq!(powerbi(&stack, &format!("profiles/{}", ids::CLIENT)).await.status, 404);
    let headers = [("authorization", &*bearer(&stack).await), ("x-powerbi-profile-id", ids::FABRIKAM_PROFILE)];
    assert_eq!(get(&powerbi_url(&stack, "profiles"), &headers).await.status, 401, "a profile manages no profiles");
    let ana = user_bearer(&stack).await;
    assert_eq!(get(&powerbi_url(&stack, "profiles"), &[("authorization", &ana)]).await.status, 403);
}

#[tokio::test]
async fn a_tenant_setting_excludes_service_principals() {
    let fake_tenant = FakeTenant { admits_service_principals: false, ..FakeTenant::demo() };
    let stack = Stack::start(StackOptions { fake_tenant, ..StackOptions::default() }).await.unwrap();
    let reply = powerbi(&stack, "groups").await;
    assert_eq!(reply.cause(), (401, "ServicePrincipalIsNotAllowedByTenantAdminSwitch"));
    let ana = user_bearer(&stack).await;
    assert_eq!(get(&powerbi_url(&stack, "groups"), &[("authorization", &ana)]).await.status, 200);
}

/// `Bearer` and Ana's access token for Power BI.
async fn user_bearer(stack: &Stack) -> String {
    let token = crate::entra::on_behalf_of(stack, &stack.token_for("ana@contoso"), ("", "")).await.json();
    format!("Bearer {}", token["access_token"].as_str().unwrap())
}
