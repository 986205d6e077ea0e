//! Fakes of Secrets Manager, STS, DynamoDB, Entra and Power BI with constant answers and counters.
//!
//! They are separate from `devstack`, because its checks would take processor time from the measured functions.

mod greeting;
mod tables;

use std::collections::BTreeMap;
use std::io;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, LazyLock, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderValue, Method, Request, Response, header};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use serde_json::json;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

pub use greeting::Greeting;
pub use tables::{CATALOG_TABLE, TOKEN_TABLE, Tables};

use crate::Error;

/// One of the upstreams.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Service {
    /// AWS Secrets Manager.
    SecretsManager,
    /// Amazon DynamoDB.
    DynamoDb,
    /// AWS Security Token Service.
    Sts,
    /// Microsoft Entra.
    Entra,
    /// The Power BI REST API.
    PowerBi,
}

impl Service {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::SecretsManager, Self::Sts, Self::DynamoDb, Self::Entra, Self::PowerBi];
}

/// The counts of the upstreams.
#[derive(Clone, Debug, Default)]
pub struct Counts {
    /// Connections by service.
    pub connections: BTreeMap<Service, usize>,
    /// Calls by operation.
    pub calls: BTreeMap<&'static str, usize>,
}

impl Counts {
    /// The number of calls to services other than DynamoDB.
    #[must_use]
    pub fn calls_beside_dynamodb(&self) -> usize {
        let is_dynamodb = |name: &str| ["GetItem", "BatchGetItem", "PutItem"].contains(&name);
        self.calls.iter().filter(|(name, _)| !is_dynamodb(name)).map(|(_, count)| count).sum()
    }

    /// The number of calls.
    #[must_use]
    pub fn all_calls(&self) -> usize {
        self.calls.values().sum()
    }
}

/// The common part of the upstreams.
#[derive(Clone, Debug)]
pub struct FakeServices {
    counts: Arc<Mutex<Counts>>,
    delay: Duration,
    dynamodb_delay: Duration,
    tables: Arc<Tables>,
    greeting: Greeting,
}

impl FakeServices {
    /// Fakes that take `delay` for each answer, except DynamoDB, which has these tables and its own delay.
    #[must_use]
    pub fn new(delay: Duration, dynamodb_delay: Duration, tables: Tables, greeting: Greeting) -> Self {
        Self { counts: Arc::default(), delay, dynamodb_delay, tables: Arc::new(tables), greeting }
    }

    /// The counts since the last call of this method, or since the start.
    #[must_use]
    pub fn take_counts(&self) -> Counts {
        std::mem::take(&mut *self.counts.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Starts serving one of the services.
    ///
    /// # Errors
    /// When there is no free port.
    pub async fn serve(&self, service: Service, tls: Option<TlsAcceptor>) -> Result<SocketAddr, Error> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let upstreams = self.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                upstreams.note(|counts| *counts.connections.entry(service).or_default() += 1);
                let (upstreams, tls) = (upstreams.clone(), tls.clone());
                tokio::spawn(async move {
                    // A function may close a connection at any time.
                    drop(stream.set_nodelay(true));
                    match tls {
                        Some(tls) => {
                            if let Ok(stream) = tls.accept(stream).await {
                                upstreams.converse(service, stream).await;
                            }
                        }
                        None => upstreams.converse(service, stream).await,
                    }
                });
            }
        });
        Ok(address)
    }

    async fn converse<S: AsyncRead + AsyncWrite + Unpin>(&self, service: Service, stream: S) {
        let used = AtomicBool::new(false);
        let answer = service_fn(async |request| {
            used.store(true, Ordering::Relaxed);
            self.answer(service, request).await
        });
        let serving = http1::Builder::new().serve_connection(TokioIo::new(stream), answer);
        match self.greeting {
            Greeting::ClosesUnused(after) => tokio::select! {
                _ = serving => {}
                () = unused(&used, after) => {}
            },
            _ => drop(serving.await),
        }
    }

    async fn answer(&self, service: Service, request: Request<Incoming>) -> io::Result<Response<Full<Bytes>>> {
        let host = request.headers().get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
        let (method, origin) = (request.method().clone(), format!("https://{host}"));
        let (path, headers) = (request.uri().path().to_owned(), request.headers().clone());
        // Read to the end, so that the connection can be used again.
        let sent = request.into_body().collect().await.map(http_body_util::Collected::to_bytes).unwrap_or_default();
        let (name, body) = if service == Service::DynamoDb && method == Method::POST {
            let target = headers.get("x-amz-target").and_then(|target| target.to_str().ok());
            self.tables.answer(target.unwrap_or_default(), &sent)
        } else {
            reply(service, &method, &path, &origin)
        };
        self.note(|counts| *counts.calls.entry(name).or_default() += 1);
        if method == Method::HEAD {
            return self.greet().await;
        }
        let delay = if service == Service::DynamoDb { self.dynamodb_delay } else { self.delay };
        if !delay.is_zero() {
            // A thread's sleep is exact; a timer of the event loop has a resolution of a millisecond.
            drop(tokio::task::spawn_blocking(move || std::thread::sleep(delay)).await);
        }
        let mut response = Response::new(Full::new(body));
        response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        Ok(response)
    }

    /// The answer to `HEAD /`.
    async fn greet(&self) -> io::Result<Response<Full<Bytes>>> {
        let mut response = Response::new(Full::default());
        match self.greeting {
            Greeting::Answers | Greeting::ClosesUnused(_) => {}
            Greeting::AnswersAfter(delay) => tokio::time::sleep(delay).await,
            Greeting::Refuses(status) => *response.status_mut() = status,
            Greeting::Closes => return Err(io::ErrorKind::ConnectionAborted.into()),
        }
        if response.status().is_redirection() {
            response.headers_mut().insert(header::LOCATION, HeaderValue::from_static("https://www.example.com/"));
        }
        Ok(response)
    }

    fn note(&self, change: impl FnOnce(&mut Counts)) {
        change(&mut self.counts.lock().unwrap_or_else(PoisonError::into_inner));
    }
}

/// Returns once a connection has been open for `after` without a request.
async fn unused(used: &AtomicBool, after: Duration) {
    tokio::time::sleep(after).await;
    if used.load(Ordering::Relaxed) {
        std::future::pending::<()>().await;
    }
}

/// The name and the body of an answer.
fn reply(service: Service, method: &Method, path: &str, origin: &str) -> (&'static str, Bytes) {
    if method == Method::HEAD {
        return ("Head", Bytes::new());
    }
    if path.ends_with("/openid-configuration") {
        return ("Discovery", bytes_of(&discovery(origin)));
    }
    let (name, body) = match service {
        Service::SecretsManager => ("GetSecretValue", &SECRET),
        Service::Sts => ("GetWebIdentityToken", &IDENTITY_TOKEN),
        Service::Entra => ("EntraToken", &ACCESS_TOKEN),
        Service::PowerBi if path.ends_with("/GenerateToken") => ("GenerateToken", &EMBED_TOKEN),
        Service::PowerBi if path.contains("/reports/") => ("GetReport", &REPORT),
        Service::PowerBi if path.ends_with("/datasets") => ("GetDatasets", &DATASETS),
        Service::PowerBi | Service::DynamoDb => ("GetGroup", &GROUP),
    };
    (name, (*body).clone())
}

/// The workspace of everything in the catalogs.
pub const WORKSPACE: &str = "a92e5a38-46eb-4fbf-b3c7-b35e0ba4b47f";

/// The body of an answer, which is made once.
type Body = LazyLock<Bytes>;

static SECRET: Body = LazyLock::new(|| {
    let text = json!({"tenantId": WORKSPACE, "clientId": WORKSPACE, "clientSecret": "not-a-secret"}).to_string();
    bytes_of(&json!({
        "ARN": "arn:aws:secretsmanager:eu-west-1:123456789012:secret:bench-Zx81Qd",
        "Name": "bench",
        "VersionId": WORKSPACE,
        "SecretString": text,
        "VersionStages": ["AWSCURRENT"],
        "CreatedDate": 1_795_492_800,
    }))
});

/// A token as long as AWS's own, which have 600 to 1,000 bytes.
static IDENTITY_TOKEN: Body = LazyLock::new(|| {
    let token = ["eyJ0".repeat(20), "eyJ0".repeat(120), "eyJ0".repeat(85)].join(".");
    Bytes::from(format!(
        "<GetWebIdentityTokenResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\">\
         <GetWebIdentityTokenResult><WebIdentityToken>{token}</WebIdentityToken>\
         <Expiration>2099-01-01T00:00:00Z</Expiration></GetWebIdentityTokenResult></GetWebIdentityTokenResponse>"
    ))
});

static ACCESS_TOKEN: Body = LazyLock::new(|| {
    bytes_of(&json!({"token_type": "Bearer", "expires_in": 86_399, "access_token": "eyJ0".repeat(375)}))
});

/// The token lives longer than a run. Its lifetime is within the limit for tokens, because the store refuses longer ones.
static EMBED_TOKEN: Body = LazyLock::new(|| {
    let expiration = OffsetDateTime::now_utc() + Duration::from_hours(2);
    let expiration = expiration.format(&Rfc3339).unwrap_or_default();
    bytes_of(&json!({"token": "H4sI".repeat(375), "tokenId": WORKSPACE, "expiration": expiration}))
});

/// The metadata that MSAL reads before its first token. Dynabind's client does not need it.
fn discovery(origin: &str) -> serde_json::Value {
    json!({
        "issuer": format!("{origin}/{WORKSPACE}/v2.0"),
        "authorization_endpoint": format!("{origin}/{WORKSPACE}/oauth2/v2.0/authorize"),
        "token_endpoint": format!("{origin}/{WORKSPACE}/oauth2/v2.0/token"),
        "jwks_uri": format!("{origin}/{WORKSPACE}/discovery/v2.0/keys"),
    })
}

static REPORT: Body = LazyLock::new(|| {
    let embed_url = format!("https://app.powerbi.com/reportEmbed?reportId={WORKSPACE}&groupId={WORKSPACE}");
    bytes_of(&json!({"id": WORKSPACE, "name": "Sales", "datasetId": WORKSPACE, "embedUrl": embed_url}))
});

static DATASETS: Body = LazyLock::new(|| bytes_of(&json!({"value": []})));

static GROUP: Body = LazyLock::new(|| bytes_of(&json!({"id": WORKSPACE, "isOnDedicatedCapacity": true})));

fn bytes_of(json: &serde_json::Value) -> Bytes {
    Bytes::from(json.to_string())
}
