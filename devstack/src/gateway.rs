//! The API Gateway emulator: an HTTP API in front of the functions.

mod authorizer;
pub(crate) mod control;
mod cors;
pub(crate) mod event;
pub(crate) mod functions;
mod reply;
mod routes;
mod watched;

use std::sync::Arc;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{Request, State};
use axum::response::Response;
use http::{HeaderMap, HeaderValue, Method, StatusCode};
use http_body_util::{BodyExt, Limited};
use uuid::Uuid;

use self::authorizer::Rejection;
pub(crate) use self::authorizer::{Authorizer, VerifiedToken};
use self::event::EventParts;
use self::functions::Functions;
use self::reply::message;
use crate::files::Files;
use crate::template::{Cors, Route, Template};
use crate::time_source::TimeSource;

/// The maximum size of a request line with its headers.
const MAX_HEADERS: usize = 10_240;

/// The maximum size of a body: Lambda's limit for an event, which is lower than the gateway's 10 MB.
const MAX_BODY: usize = 6 * 1024 * 1024;

/// One HTTP API.
pub(crate) struct Gateway {
    pub(crate) routes: Vec<Route>,
    pub(crate) cors: Option<Cors>,
    pub(crate) authorizer: Option<Authorizer>,
    pub(crate) functions: Functions,
    pub(crate) time: TimeSource,
    /// The demo page.
    pub(crate) page: Page,
}

/// The built demo page, or a text instead of it.
pub(crate) struct Page {
    pub(crate) files: Files,
    pub(crate) content_security_policy: String,
    /// The answer to `GET /` if no page was built.
    pub(crate) instead: String,
}

impl Gateway {
    pub(crate) fn new(
        template: &Template,
        authorizer: Option<Authorizer>,
        functions: Functions,
        time: TimeSource,
        page: Page,
    ) -> Self {
        let (routes, cors) = (template.routes.clone(), template.cors.clone());
        Self { routes, cors, authorizer, functions, time, page }
    }

    /// Handles every request that no other router of the port handles.
    pub(crate) fn fallback(self: Arc<Self>, router: Router) -> Router {
        router.fallback_service(Router::new().fallback(dispatch).with_state(self))
    }

    async fn answer(&self, request: Request) -> Response {
        let (parts, body) = request.into_parts();
        if header_bytes(&parts.method, &parts.uri, &parts.headers) > MAX_HEADERS {
            return message(StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE, "Request Header Fields Too Large");
        }
        if let Some(preflight) = self.cors.as_ref().and_then(|cors| cors.preflight(&parts)) {
            return preflight;
        }
        let Some((route, parameters)) = routes::find(&self.routes, &parts) else {
            return self.not_routed(&parts.method, parts.uri.path()).await;
        };
        let Some(body) = read(body).await else {
            return message(StatusCode::PAYLOAD_TOO_LARGE, "Request Entity Too Large");
        };
        let grant = match self.authorized(route, &parts.headers) {
            Ok(grant) => grant,
            Err(denial) => return denial.response(),
        };
        let request_id = Uuid::new_v4().to_string();
        let event = event::build(&EventParts {
            method: parts.method.as_str(),
            uri: &parts.uri,
            headers: &parts.headers,
            body: &body,
            route,
            parameters: &parameters,
            grant: grant.as_ref(),
            now: self.time.now(),
            request_id: &request_id,
        });
        let mut response = self.functions.invoke(&route.function, event, &request_id).await;
        if let Ok(id) = HeaderValue::from_str(&request_id) {
            response.headers_mut().insert("apigw-requestid", id);
        }
        response
    }

    fn authorized(&self, route: &Route, headers: &HeaderMap) -> Result<Option<VerifiedToken>, Rejection> {
        match &self.authorizer {
            Some(authorizer) if route.authorized => authorizer.check(headers, self.time.unix()).map(Some),
            _ => Ok(None),
        }
    }

    async fn not_routed(&self, method: &Method, path: &str) -> Response {
        let not_found = || message(StatusCode::NOT_FOUND, "Not Found");
        if method != Method::GET && method != Method::HEAD {
            return not_found();
        }
        let policy = HeaderValue::from_str(&self.page.content_security_policy);
        match (self.page.files.get(path).await, policy) {
            (Some(mut file), Ok(policy)) => {
                file.headers_mut().insert("content-security-policy", policy);
                file.headers_mut().insert("referrer-policy", HeaderValue::from_static("no-referrer"));
                file
            }
            _ if path == "/" => {
                let mut response = Response::new(Body::from(self.page.instead.clone()));
                let plain = HeaderValue::from_static("text/plain; charset=utf-8");
                response.headers_mut().insert("content-type", plain);
                response
            }
            _ => not_found(),
        }
    }
}

async fn dispatch(State(gateway): State<Arc<Gateway>>, request: Request) -> Response {
    let origin = request.headers().get("origin").cloned();
    let mut response = gateway.answer(request).await;
    if let Some(cors) = &gateway.cors {
        cors.apply(origin.as_ref(), response.headers_mut());
    }
    response
}

/// The size that the gateway compares with its limit.
fn header_bytes(method: &Method, uri: &http::Uri, headers: &HeaderMap) -> usize {
    let path = uri.path_and_query().map_or(1, |path| path.as_str().len());
    let line = method.as_str().len() + path + " HTTP/1.1\r\n".len() + 1;
    let headers = headers.iter().map(|(name, value)| name.as_str().len() + value.len() + 4);
    line + headers.sum::<usize>()
}

async fn read(body: Body) -> Option<Bytes> {
    Some(Limited::new(body, MAX_BODY).collect().await.ok()?.to_bytes())
}
