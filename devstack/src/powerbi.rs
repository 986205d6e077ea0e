//! The stand-in for the Power BI REST API.

mod answer;
mod api;
mod caller;
mod generate_token;
mod identities;
mod odata;
mod refusal;
mod request;

use std::sync::Arc;

use axum::extract::{Path, RawQuery, State};
use axum::middleware::{self, Next};
use axum::response::Response;
use axum::routing::{get, post};
use axum::{Router, body::Bytes, extract::Request};
use http::header::AUTHORIZATION;
use http::{HeaderMap, HeaderValue, StatusCode};
use uuid::Uuid;

use self::answer::{Answer, json_answer};
use self::refusal::Refusal;
use crate::fake_tenant::same_id;

pub(crate) use self::api::PowerBi;

/// The value of `home-cluster-uri`.
const HOME_CLUSTER: &str = "https://wabi-stand-in-redirect.analysis.windows.net/";

impl PowerBi {
    pub(crate) fn routes(self: Arc<Self>) -> Router {
        let api = Router::new()
            .route("/capacities", get(capacities))
            .route("/profiles", get(profiles))
            .route("/profiles/{profile}", get(profile))
            .route("/groups", get(groups))
            .route("/groups/{workspace}", get(group))
            .route("/groups/{workspace}/users", get(users))
            .route("/groups/{workspace}/reports", get(reports))
            .route("/groups/{workspace}/reports/{report}", get(report))
            .route("/groups/{workspace}/datasets", get(datasets))
            .route("/groups/{workspace}/datasets/{dataset}", get(dataset))
            .route("/groups/{workspace}/datasets/{dataset}/datasources", get(datasources))
            .route("/reports/{*rest}", get(without_group))
            .route("/datasets/{*rest}", get(without_group))
            .route("/GenerateToken", post(generate_token))
            .layer(middleware::from_fn(with_home_cluster));
        Router::new()
            .route("/", get(StatusCode::OK))
            .nest("/v1.0/myorg", api)
            .fallback(async || StatusCode::NOT_FOUND)
            .method_not_allowed_fallback(async || StatusCode::METHOD_NOT_ALLOWED)
            .with_state(self)
    }
}

/// Adds the tenant's home cluster to answers, as the front end does for requests with a token.
async fn with_home_cluster(request: Request, next: Next) -> Response {
    let forwarded = request.headers().contains_key(AUTHORIZATION);
    let mut response = next.run(request).await;
    if forwarded {
        let headers = response.headers_mut();
        headers.insert("request-redirected", HeaderValue::from_static("true"));
        headers.insert("home-cluster-uri", HeaderValue::from_static(HOME_CLUSTER));
    }
    response
}

/// Adds the request id to every answer, including faults.
pub(crate) async fn with_request_id(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    if let Ok(id) = HeaderValue::from_str(&Uuid::new_v4().to_string()) {
        response.headers_mut().entry("requestid").or_insert(id);
    }
    response
}

/// Adds [`with_request_id`] to routes.
pub(crate) fn tagged(routes: Router) -> Router {
    routes.layer(middleware::from_fn(with_request_id))
}

type Api = State<Arc<PowerBi>>;

async fn capacities(State(api): Api, headers: HeaderMap) -> Answer {
    api.caller(&headers)?;
    let listed: Vec<_> = api.fake_tenant.capacities.iter().map(answer::capacity).collect();
    Ok(json_answer(&answer::list("capacities", &listed)))
}

async fn profiles(State(api): Api, headers: HeaderMap, RawQuery(query): RawQuery) -> Answer {
    api.manager_of_profiles(&headers)?;
    let page = odata::Page::<odata::ProfileFilter>::parse(query.as_deref().unwrap_or_default())?;
    let listed: Vec<_> = page.of(api.fake_tenant.profiles.iter()).map(answer::profile).collect();
    Ok(json_answer(&answer::list("profiles", &listed)))
}

async fn profile(State(api): Api, headers: HeaderMap, Path(profile): Path<String>) -> Answer {
    api.manager_of_profiles(&headers)?;
    let profile = api.fake_tenant.profile(request::guid(&profile)?).ok_or_else(Refusal::entity_not_found)?;
    Ok(json_answer(&answer::single("profiles", answer::profile(profile))))
}

async fn groups(State(api): Api, headers: HeaderMap, RawQuery(query): RawQuery) -> Answer {
    let caller = api.caller(&headers)?;
    let visible = api.fake_tenant.workspaces.iter().filter(|workspace| caller.role_in(workspace).is_some());
    let page = odata::Page::<odata::WorkspaceFilter>::parse(query.as_deref().unwrap_or_default())?;
    let listed: Vec<_> = page.of(visible).map(answer::workspace).collect();
    Ok(json_answer(&answer::counted("groups", &listed)))
}

async fn group(State(api): Api, headers: HeaderMap, Path(workspace): Path<String>) -> Answer {
    let workspace = api.entered(&headers, &workspace)?;
    Ok(json_answer(&answer::single("groups", answer::workspace(workspace))))
}

async fn users(State(api): Api, headers: HeaderMap, Path(workspace): Path<String>) -> Answer {
    let workspace = api.entered(&headers, &workspace)?;
    let listed: Vec<_> = workspace.members.iter().map(|member| answer::user(&api, member)).collect();
    Ok(json_answer(&answer::list("users", &listed)))
}

async fn reports(State(api): Api, headers: HeaderMap, Path(workspace): Path<String>) -> Answer {
    let workspace = api.entered(&headers, &workspace)?;
    let listed = api.fake_tenant.reports.iter().filter(|report| same_id(&report.workspace, &workspace.id));
    let listed: Vec<_> = listed.map(|report| answer::report(&api, report)).collect();
    Ok(json_answer(&answer::list("reports", &listed)))
}

async fn report(State(api): Api, headers: HeaderMap, Path((workspace, report)): Path<(String, String)>) -> Answer {
    let workspace = api.entered(&headers, &workspace)?;
    let report = api.report_in(workspace, &report)?;
    Ok(json_answer(&answer::single("reports", answer::report(&api, report))))
}

async fn datasets(State(api): Api, headers: HeaderMap, Path(workspace): Path<String>) -> Answer {
    let workspace = api.entered(&headers, &workspace)?;
    let listed = api.fake_tenant.datasets.iter().filter(|d| same_id(&d.workspace, &workspace.id));
    let listed: Vec<_> = listed.map(|dataset| answer::dataset(&api, dataset)).collect();
    Ok(json_answer(&answer::list("datasets", &listed)))
}

async fn dataset(State(api): Api, headers: HeaderMap, Path((workspace, dataset)): Path<(String, String)>) -> Answer {
    let workspace = api.entered(&headers, &workspace)?;
    let dataset = api.dataset_in(workspace, &dataset)?;
    Ok(json_answer(&answer::single("datasets", answer::dataset(&api, dataset))))
}

async fn datasources(
    State(api): Api,
    headers: HeaderMap,
    Path((workspace, dataset)): Path<(String, String)>,
) -> Answer {
    let workspace = api.entered(&headers, &workspace)?;
    api.dataset_in(workspace, &dataset)?;
    Ok(json_answer(&answer::list("datasources", &[])))
}

/// A service principal has no "My workspace".
async fn without_group(State(api): Api, headers: HeaderMap) -> Answer {
    api.caller(&headers)?;
    Err(Refusal::not_for_applications())
}

async fn generate_token(State(api): Api, headers: HeaderMap, body: Bytes) -> Answer {
    let caller = api.caller(&headers)?;
    let token = generate_token::generate(&api, &caller, &headers, &body)?;
    Ok(json_answer(&token))
}
