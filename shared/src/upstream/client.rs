//! The one HTTP client of a function.

use std::path::Path;
use std::sync::{Arc, LazyLock};
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use reqwest::redirect::Policy;
use rustls::{ClientConfig, RootCertStore};
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject;
use secrecy::zeroize::Zeroizing;
use tokio::time::Instant;

use super::preconnect::{self, Limits};
use super::reply::{Reply, SendError};
use super::retry::{RetryBudget, RetryPolicy};
use crate::request::{Outcome, RequestContext, Upstream, UpstreamCall};
use crate::validation::{ValidationError, ValidationErrors};

/// Below the idle limits of Microsoft's and AWS's front ends, so that a pooled
/// connection is rarely one that the peer has closed.
const POOL_IDLE: Duration = Duration::from_secs(30);

const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);

/// The longest body that is read. The longest expected body is the list of a workspace's datasets.
const MAX_BODY: usize = 4 * 1024 * 1024;

/// The most memory that is reserved because of a body's `Content-Length`. More is reserved only when more data arrives.
const MAX_ROOM: usize = 64 * 1024;

/// An HTTP client with our root certificates and with limits of time and size. It follows no redirect, so a bearer
/// token reaches only the host to which it is sent.
#[derive(Clone, Debug)]
pub struct Http {
    client: reqwest::Client,
    opener: Arc<Opener>,
    attempt_timeout: Duration,
}

/// A client that opens connections for another one, and sends nothing over them.
///
/// It is built at its first use, because the start of a function does not need it. A cold request builds it while the
/// secret is being read.
type Opener = LazyLock<Option<reqwest::Client>, Box<dyn FnOnce() -> Option<reqwest::Client> + Send>>;

impl Http {
    /// Builds the client.
    ///
    /// # Errors
    /// What is wrong with the file of trusted roots.
    pub fn new(roots: Option<&Path>, attempt_timeout: Duration) -> Result<Self, ValidationErrors> {
        let fault =
            |place: &str, detail: String| ValidationErrors(vec![ValidationError { place: place.to_owned(), detail }]);
        let roots = trusted_roots(roots).map_err(|detail| fault("SSL_CERT_FILE", detail))?;
        let tls = tls_config(roots).map_err(|error| fault("TLS", error.to_string()))?;
        let (using, opening) = preconnect::layers(Limits { connect: CONNECT_TIMEOUT, idle: POOL_IDLE });
        let client = builder(tls.clone()).connector_layer(using).build();
        let client = client.map_err(|error| fault("TLS", error.to_string()))?;
        // Without a pool, each of its requests opens a connection.
        let opener = move || builder(tls).connector_layer(opening).pool_max_idle_per_host(0).build().ok();
        Ok(Self { client, opener: Arc::new(LazyLock::new(Box::new(opener))), attempt_timeout })
    }

    /// Begins a request.
    pub fn request(&self, method: http::Method, url: reqwest::Url) -> reqwest::RequestBuilder {
        self.client.request(method, url)
    }

    /// Opens connections to a host ahead of their use, without waiting for them.
    ///
    /// Nothing is sent over them before a request uses them.
    pub fn preconnect(&self, url: &reqwest::Url, connections: usize) {
        let (opener, url) = (Arc::clone(&self.opener), url.clone());
        tokio::spawn(async move {
            let Some(opener) = opener.as_ref().as_ref() else { return };
            for _ in 0..connections {
                // The connector opens a connection to the request's address, and fails the request.
                drop(preconnect::to(&url, opener.head(url.clone()).send()).await);
            }
        });
    }

    /// The retry policy of one upstream call.
    #[must_use]
    pub fn attempt<'c>(
        &self,
        context: &'c RequestContext,
        upstream: Upstream,
        retry_budget: RetryBudget,
        now: SystemTime,
    ) -> RetryPolicy<'c> {
        RetryPolicy { context, upstream, retry_budget, attempt_timeout: self.attempt_timeout, now }
    }

    /// Sends one attempt, which takes at most `limit`, and reads its whole answer.
    pub(crate) async fn send(
        &self,
        context: &RequestContext,
        upstream: Upstream,
        route: &'static str,
        limit: Duration,
        request: reqwest::RequestBuilder,
    ) -> Result<Reply, SendError> {
        let started = Instant::now();
        let result = tokio::time::timeout(limit, exchange(request)).await.unwrap_or(Err(SendError::Timeout));
        let outcome = match &result {
            Ok(reply) => Outcome::Answered(reply.status.as_u16()),
            Err(fault) => Outcome::from(*fault),
        };
        context.note(UpstreamCall::since(started, upstream, route, outcome));
        result
    }

    /// Sends a request that another library has built, such as the AWS SDK. The caller sets the time limit.
    pub(crate) async fn execute(&self, request: http::Request<Vec<u8>>) -> Result<Reply, SendError> {
        let request = reqwest::Request::try_from(request).map_err(|error| fault_of(&error))?;
        exchange(reqwest::RequestBuilder::from_parts(self.client.clone(), request)).await
    }
}

/// The settings that both clients share.
fn builder(tls: ClientConfig) -> reqwest::ClientBuilder {
    #[expect(clippy::disallowed_methods, reason = "the one place that builds clients")]
    reqwest::Client::builder()
        .tls_backend_preconfigured(tls)
        .user_agent(concat!("dynabind/", env!("CARGO_PKG_VERSION")))
        .redirect(Policy::none())
        .retry(reqwest::retry::never())
        .no_proxy()
        .pool_idle_timeout(POOL_IDLE)
        .connect_timeout(CONNECT_TIMEOUT)
        .tcp_nodelay(true)
}

async fn exchange(request: reqwest::RequestBuilder) -> Result<Reply, SendError> {
    let (client, request) = request.build_split();
    let request = request.map_err(|error| fault_of(&error))?;
    let url = request.url().clone();
    let sent = preconnect::to(&url, client.execute(request)).await;
    let mut response = sent.map_err(|error| fault_of(&error))?;
    let (status, headers) = (response.status(), std::mem::take(response.headers_mut()));
    let expected = response.content_length().and_then(|length| usize::try_from(length).ok()).unwrap_or_default();
    let mut body = Zeroizing::new(Vec::with_capacity(expected.min(MAX_ROOM)));
    while let Some(chunk) = response.chunk().await.map_err(|error| fault_of(&error))? {
        if body.len() + chunk.len() > MAX_BODY {
            return Err(SendError::TooLarge);
        }
        append(&mut body, &chunk);
    }
    Ok(Reply { status, headers, body: Bytes::from_owner(body) })
}

/// Appends a chunk. A `Vec` that grows would leave the token or the secret in its old memory, so the old memory is
/// wiped.
fn append(body: &mut Zeroizing<Vec<u8>>, chunk: &[u8]) {
    let needed = body.len() + chunk.len();
    if needed > body.capacity() {
        let mut larger = Zeroizing::new(Vec::with_capacity(needed.max(2 * body.capacity())));
        larger.extend_from_slice(body);
        *body = larger;
    }
    body.extend_from_slice(chunk);
}

fn fault_of(error: &reqwest::Error) -> SendError {
    if error.is_timeout() { SendError::Timeout } else { SendError::Connection }
}

/// The compiled-in roots, or only those of the given file.
///
/// Loading a system's store costs 2 ms of a cold start; Mozilla's list, as
/// compiled in by `webpki-roots`, needs no parsing at all.
fn trusted_roots(file: Option<&Path>) -> Result<RootCertStore, String> {
    let Some(file) = file else {
        return Ok(RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.into() });
    };
    let shown = file.display();
    let unreadable = |error| format!("{shown} cannot be read as PEM certificates ({error})");
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_file_iter(file).map_err(unreadable)? {
        roots
            .add(certificate.map_err(unreadable)?)
            .map_err(|error| format!("{shown} contains an invalid certificate: {error}"))?;
    }
    if roots.is_empty() {
        return Err(format!("{shown} contains no certificate; set the variable to a PEM file, or leave it unset"));
    }
    Ok(roots)
}

fn tls_config(roots: RootCertStore) -> Result<ClientConfig, rustls::Error> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions()?;
    Ok(builder.with_root_certificates(roots).with_no_client_auth())
}
