//! Cross-origin requests, which the gateway handles.

use axum::body::Body;
use axum::response::Response;
use http::header::{
    ACCESS_CONTROL_ALLOW_CREDENTIALS, ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS,
    ACCESS_CONTROL_ALLOW_ORIGIN, ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE, ACCESS_CONTROL_REQUEST_METHOD,
    ORIGIN,
};
use http::request::Parts;
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};

use crate::template::Cors;

impl Cors {
    /// The answer to a preflight request; `None` for any other request.
    ///
    /// A page of another origin also gets a 204, but without headers that permit its request.
    pub(super) fn preflight(&self, parts: &Parts) -> Option<Response> {
        let headers = &parts.headers;
        let asks = parts.method == Method::OPTIONS && headers.contains_key(ACCESS_CONTROL_REQUEST_METHOD);
        let origin = headers.get(ORIGIN).filter(|_| asks)?;
        let mut response = Response::new(Body::empty());
        *response.status_mut() = StatusCode::NO_CONTENT;
        if self.allows(origin) {
            let headers = response.headers_mut();
            put(headers, ACCESS_CONTROL_ALLOW_METHODS, &self.allow_methods.join(","));
            put(headers, ACCESS_CONTROL_ALLOW_HEADERS, &self.allow_headers.join(","));
            if let Some(seconds) = self.max_age {
                put(headers, ACCESS_CONTROL_MAX_AGE, &seconds.to_string());
            }
        }
        Some(response)
    }

    /// Replaces a function's headers by those of the gateway.
    pub(super) fn apply(&self, origin: Option<&HeaderValue>, headers: &mut HeaderMap) {
        let ours = [ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_MAX_AGE];
        let foreign: Vec<_> = headers
            .keys()
            .filter(|name| name.as_str().starts_with("access-control-") && !ours.contains(name))
            .cloned()
            .collect();
        for name in foreign {
            headers.remove(name);
        }
        let Some(origin) = origin.filter(|origin| self.allows(origin)) else {
            return;
        };
        let any = self.allow_origins.iter().any(|allowed| allowed == "*");
        let answer = if any { HeaderValue::from_static("*") } else { origin.clone() };
        headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, answer);
        if !self.expose_headers.is_empty() {
            put(headers, ACCESS_CONTROL_EXPOSE_HEADERS, &self.expose_headers.join(","));
        }
        if self.allow_credentials {
            put(headers, ACCESS_CONTROL_ALLOW_CREDENTIALS, "true");
        }
    }

    fn allows(&self, origin: &HeaderValue) -> bool {
        self.allow_origins.iter().any(|allowed| allowed == "*" || allowed.as_bytes() == origin.as_bytes())
    }
}

fn put(headers: &mut HeaderMap, name: HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        headers.insert(name, value);
    }
}
