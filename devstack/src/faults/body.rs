//! Faulty bodies.

use std::convert::Infallible;
use std::time::Duration;

use axum::body::{Body, to_bytes};
use axum::response::Response;
use bytes::Bytes;
use futures_util::{StreamExt, stream};
use http::HeaderValue;
use http::header::{CONTENT_LENGTH, CONTENT_TYPE};

use crate::server::Connection;

/// The unit in which a huge body is sent.
const CHUNK: usize = 64 * 1024;

/// The correct body, one byte at a time.
pub(super) async fn dripping(good: Response, interval: Duration) -> Response {
    let (response, bytes) = taken_apart(good).await;
    let length = bytes.len();
    let drops = stream::unfold(bytes, move |mut rest| async move {
        if rest.is_empty() {
            return None;
        }
        tokio::time::sleep(interval).await;
        let first = rest.split_to(1);
        Some((Ok::<_, Infallible>(first), rest))
    });
    with_body(response, length as u64, Body::from_stream(drops))
}

/// The first half of the correct body, then a reset.
pub(super) async fn breaking_off(good: Response, connection: Connection) -> Response {
    let (response, bytes) = taken_apart(good).await;
    let length = bytes.len() as u64;
    let first = bytes.slice(..bytes.len() / 2);
    let halves = stream::once(async move { Ok::<_, Infallible>(first) }).chain(stream::once(async move {
        // The first half must leave this process before the reset discards it.
        tokio::time::sleep(Duration::from_millis(20)).await;
        match connection.reset().await {}
    }));
    with_body(response, length, Body::from_stream(halves))
}

/// Well-formed JSON of a given size.
pub(super) fn huge(bytes: u64) -> Response {
    let chunk = Bytes::from(vec![b' '; CHUNK]);
    let chunks = bytes.div_ceil(CHUNK as u64);
    let blank = stream::iter(0..chunks).map(move |_| Ok::<_, Infallible>(chunk.clone()));
    let last = stream::once(async { Ok(Bytes::from_static(b"{}")) });
    let mut response = Response::new(Body::from_stream(blank.chain(last)));
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}

/// The first half of the correct body, as a complete response.
pub(super) async fn truncated(good: Response) -> Response {
    let (mut response, bytes) = taken_apart(good).await;
    *response.body_mut() = Body::from(bytes.slice(..bytes.len() / 2));
    response
}

fn with_body(mut response: Response, length: u64, body: Body) -> Response {
    response.headers_mut().insert(CONTENT_LENGTH, HeaderValue::from(length));
    *response.body_mut() = body;
    response
}

/// Takes the body out of a good answer, so that it can be damaged.
async fn taken_apart(mut response: Response) -> (Response, Bytes) {
    let body = std::mem::take(response.body_mut());
    let bytes = to_bytes(body, usize::MAX).await.unwrap_or_default();
    response.headers_mut().remove(CONTENT_LENGTH);
    (response, bytes)
}
