//! The baseline of the benchmarks: a function written in the usual way.
//!
//! At its start, it builds its clients with the system's root certificates. It answers every event with a constant, which is
//! as long as the answer of `token`.

use aws_smithy_http_client::Builder;
use aws_smithy_http_client::tls::Provider;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use lambda_http::{Body, Error, Request, Response, run, service_fn};
use serde_json::json;

/// The clients of such a handler.
struct Clients {
    _secrets: aws_sdk_secretsmanager::Client,
    _web: reqwest::Client,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let clients = &clients().await?;
    run(service_fn(async |request| answer(clients, &request))).await
}

async fn clients() -> Result<Clients, Error> {
    // An installed provider is also fine.
    drop(rustls::crypto::ring::default_provider().install_default());
    let https = Builder::new().tls_provider(Provider::Rustls(CryptoMode::Ring)).build_https();
    let config = aws_config::defaults(aws_config::BehaviorVersion::latest()).http_client(https).load().await;
    let secrets = aws_sdk_secretsmanager::Client::new(&config);
    #[expect(clippy::disallowed_methods, reason = "the baseline builds its clients in the usual way")]
    let web = reqwest::Client::builder().build()?;
    Ok(Clients { _secrets: secrets, _web: web })
}

fn answer(_: &Clients, _: &Request) -> Result<Response<Body>, Error> {
    let body = json!({
        "tokenType": "Embed",
        "token": "H4sI".repeat(375),
        "tokenId": "00000000-0000-4000-8000-000000000000",
        "expiration": "2026-11-24T04:00:00Z",
        "refreshAfter": "2026-11-24T03:50:00Z",
    });
    let response = Response::builder().header("content-type", "application/json").header("cache-control", "no-store");
    Ok(response.body(Body::from(body.to_string()))?)
}
